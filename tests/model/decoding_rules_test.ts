import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import { readGenerationSettings } from "../../lib/families/generation_config.ts";
import { drawCandidates, ruledScores } from "../../lib/model/decoding_rules.ts";
import { chooseToken, decodingOf, generate } from "../../lib/model/generate.ts";
import { Random } from "../../lib/stats/random.ts";
import { goldenCase, goldenModel } from "../suites/golden.ts";

/** Made by `tools/reference/make_decoding.py`. */
const reference = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/decoding.json", import.meta.url)),
) as {
  readonly stop: readonly number[];
  readonly scores: readonly {
    readonly draws: boolean;
    readonly settings: JsonObject;
    readonly prompt: readonly number[];
    readonly answer: readonly number[];
    readonly logits: readonly number[];
    readonly probabilities: readonly number[];
  }[];
  readonly answers: readonly {
    readonly family: string;
    readonly case: string;
    readonly settings: JsonObject;
    readonly ids: readonly number[];
  }[];
};

const read = (json: JsonObject) =>
  readGenerationSettings(new JsonReader(json, "generation_config.json"));

Deno.test("rules make transformers' probabilities of the same logits", () => {
  for (const { draws, settings, prompt, answer, logits, probabilities } of reference.scores) {
    const why = JSON.stringify({ draws, settings, answer });
    const { rules, unsupported } = read({ ...settings, do_sample: draws });
    assertEquals(unsupported, []);
    const history = {
      ids: [...prompt, ...answer],
      promptLength: prompt.length,
      stop: new Set(reference.stop),
    };
    const scores = ruledScores(Float32Array.from(logits), rules, history);
    const found = new Float64Array(logits.length);
    const kept = drawCandidates(scores, draws ? rules : {});
    for (const { id, probability } of kept) found[id] = probability;
    probabilities.forEach((wanted, id) =>
      assertAlmostEquals(found[id], wanted, 2e-6, `${why}, token ${id}`)
    );
    const best = Math.max(...probabilities);
    const greedy = chooseToken(
      Float32Array.from(logits),
      { rules, draws: false },
      history,
      new Random(0),
    );
    if (!draws) assertAlmostEquals(probabilities[greedy], best, 1e-12, why);
  }
});

Deno.test("greedy answers under a checkpoint's rules are transformers'", async () => {
  for (const family of new Set(reference.answers.map((entry) => entry.family))) {
    const model = await goldenModel(family);
    for (const entry of reference.answers.filter((other) => other.family === family)) {
      const { inputs } = await goldenCase(family, entry.case);
      const config = { ...model.config, generation: read(entry.settings) };
      const ids: number[] = [];
      const ruled = Object.assign(Object.create(model), { config });
      for await (const { id } of generate(ruled, inputs, { maxNewTokens: 12 })) ids.push(id);
      assertEquals(ids, entry.ids, `${family}/${entry.case} ${JSON.stringify(entry.settings)}`);
    }
    model.dispose();
  }
});

Deno.test("what of generation_config.json is followed: its penalties if it is greedy, draws on request", () => {
  const of = (json: JsonObject, options = {}) => decodingOf({ generation: read(json) }, options);
  const penalty = { repetition_penalty: 1.05 };
  const recipe = { ...penalty, do_sample: true, temperature: 0.7, top_p: 0.8 };
  const rules = { repetitionPenalty: 1.05, temperature: 0.7, topK: 50, topP: 0.8 };
  assertEquals(of(penalty), { rules: { repetitionPenalty: 1.05 }, draws: false });
  assertEquals(of(recipe), { rules: {}, draws: false });
  assertEquals(of(recipe, { generationConfig: "follow" }), { rules, draws: true });
  assertEquals(of(recipe, { generationConfig: "follow", temperature: 0, topK: 3 }), {
    rules: { ...rules, temperature: 0, topK: 3 },
    draws: false,
  });
  assertEquals(of(penalty, { generationConfig: "ignore" }), { rules: {}, draws: false });
  assertEquals(of(penalty, { temperature: 2 }).draws, true);
  assertEquals(decodingOf({}, { generationConfig: "follow" }), { rules: {}, draws: false });
  // published values that change nothing
  assertEquals(read({ num_beams: 1, no_repeat_ngram_size: 0, stop_strings: null }), read({}));
});

Deno.test("a setting that would change the tokens and is not supported is told where it is followed", () => {
  const generation = read({ num_beams: 4, guidance_scale: 1.5 });
  assertThrows(() => decodingOf({ generation }, {}), Error, "num_beams 4, guidance_scale 1.5 are");
  assertEquals(decodingOf({ generation }, { generationConfig: "ignore" }).draws, false);
  const draws = read({ do_sample: true, top_h: 0.4 });
  assertEquals(decodingOf({ generation: draws }, {}).draws, false);
  assertThrows(() => decodingOf({ generation: draws }, { generationConfig: "follow" }), Error);
  assertEquals(read({ top_h: 0.4 }).unsupported, []);
  assertThrows(() => read({ repetition_penalty: "1.1" }), Error, "repetition_penalty");
});

Deno.test("rules that leave no token, and logits that are not numbers, are errors", () => {
  const history = { ids: [0], promptLength: 1, stop: new Set<number>() };
  const choose = (logits: number[], suppressTokens: number[] = []) =>
    chooseToken(
      Float32Array.from(logits),
      { rules: { suppressTokens }, draws: false },
      history,
      new Random(0),
    );
  assertEquals(choose([1, 5, 2], [1]), 2);
  assertEquals(choose([1, -Infinity]), 0);
  assertThrows(() => choose([1, 2], [0, 1]), Error, "leave none");
  assertThrows(
    () => choose([1, NaN, 2]),
    Error,
    "token 1 of the answer: the logits are not numbers",
  );
  assert(choose([Infinity, 1]) === 0);
});
