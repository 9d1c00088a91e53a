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
    for (const use of ["follow", "ignore", "auto"] as const) tellDecoding(config, use);
    tellDecoding({ ...config, generation: { ...config.generation!, doSample: false } }, "auto");
    tellDecoding({ ...config, generation: undefined }, "auto");
  } finally {
    console.error = error;
  }
  assertEquals(said.length, 1);
  assert(said[0].includes(text) && said[0].includes("--generation-config follow"));
});
