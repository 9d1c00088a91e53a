import { assert, assertEquals } from "@std/assert";
import { settingsText, tellDecoding } from "../../cli/decoding.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { goldenDir } from "../suites/golden.ts";

Deno.test("generation_config.json is told in its own words, and what of it is not followed", async () => {
  const { config } = await readModelConfig(goldenDir("qwen3_vl"));
  const text = "do_sample, repetition_penalty 1.05, temperature 0.7, top_k 20, top_p 0.8";
  assertEquals(settingsText(config.generation!), text);
  const said: string[] = [];
  const error = console.error;
  console.error = (line) => void said.push(line);
  try {
    const wishes = { maxNewTokens: 1, seed: 0, generationConfig: "auto" } as const;
    for (const generationConfig of ["follow", "ignore", "auto"] as const) {
      tellDecoding(config, { ...wishes, generationConfig });
    }
    const greedy = { ...config.generation!, doSample: false };
    tellDecoding({ ...config, generation: greedy }, wishes);
    tellDecoding({ ...config, generation: undefined }, wishes);
    tellDecoding(config, { ...wishes, temperature: 0.5 });
  } finally {
    console.error = error;
  }
  assertEquals(said.length, 1);
  assert(said[0].includes(text) && said[0].includes("--generation-config"));
});

Deno.test("follow with temperature 0 is generate(do_sample=False), penalty and all; ignore is without", async () => {
  // tokens of transformers 5.23 on this picture and question, stop tokens left out
  const wanted = {
    follow: [374, 514, 157, 157, 157, 157, 431, 235, 235, 235, 364, 248],
    ignore: [374, 514, 157, 157, 157, 157, 157, 157, 157, 157, 157, 157],
  };
  using model = await fromPretrained(goldenDir("qwen2_5_vl"), { dtype: "float32" });
  for (const generationConfig of ["follow", "ignore"] as const) {
    const { tokenIds } = await model.ask(
      { images: ["data/samples/document/document-01-0.png"], question: "who has the jar?" },
      { generationConfig, temperature: 0, maxNewTokens: 12, stopTokenIds: [] },
    );
    assertEquals([...tokenIds], wanted[generationConfig]);
  }
});
