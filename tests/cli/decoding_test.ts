import { assert, assertEquals } from "@std/assert";
import { settingsText, tellDecoding } from "../../cli/decoding.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
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
