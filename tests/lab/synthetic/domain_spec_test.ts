import { assertEquals } from "@std/assert";
import { Random } from "../../../lib/stats/random.ts";
import {
  keyPhrase,
  type QuestionTemplates,
  wordingFor,
} from "../../../lab/synthetic/domain_spec.ts";
import { type TaskVariety, varietyOf } from "../../../lab/synthetic/options.ts";

const templates: QuestionTemplates = {
  short: "where {k}",
  sentences: ["where is the {k}?", "find the {k}."],
  between: " near the ",
};
const ask = (questionStyle: TaskVariety["questionStyle"], key: string[], seed = 0) => {
  const random = new Random(seed);
  const variety = { ...varietyOf("scene", 0, random), questionStyle };
  const phrase = keyPhrase(templates, key, variety);
  return wordingFor(templates, variety, random).replace("{k}", phrase);
};

Deno.test("questions: the key alone, a question word and the key, a sentence", () => {
  assertEquals(ask("key", ["redstar"]), "redstar");
  assertEquals(ask("short", ["redstar"]), "where redstar");
  assertEquals(ask("sentence", ["redstar"]), "where is the redstar?");
});

Deno.test("questions: two-word keys are joined in sentences", () => {
  assertEquals(ask("key", ["redstar", "bluering"]), "redstar bluering");
  assertEquals(ask("sentence", ["redstar", "bluering"]), "where is the redstar near the bluering?");
});

Deno.test("questions: every sentence is used", () => {
  const asked = new Set(Array.from({ length: 40 }, (_, seed) => ask("varied", ["map"], seed)));
  assertEquals([...asked].sort(), ["find the map.", "where is the map?"]);
});
