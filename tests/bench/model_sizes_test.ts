import { assert, assertEquals } from "@std/assert";
import { fits, models, textBytes, weightBytes } from "../../bench/model_sizes.ts";

const named = (name: string) => models.find((own) => own.name === name)!;

Deno.test("weights in bfloat16 are as large as the published checkpoints", () => {
  // gigabytes of the safetensors files on the hub
  const published: Readonly<Record<string, number>> = {
    ...{ "Qwen3-VL-2B": 4.26, "Qwen3-VL-4B": 8.88, "Qwen3-VL-8B": 17.53, "Qwen3-VL-32B": 66.7 },
    ...{ "Qwen3-VL-30B-A3B": 62.1, "Qwen2.5-VL-3B": 7.51, "Qwen2.5-VL-7B": 16.58 },
    ...{ "Qwen2.5-VL-72B": 146.8, "InternVL3-8B": 15.89, "InternVL3-14B": 30.2 },
    ...{ "LLaVA-1.5-7B": 14.1, "LLaVA-1.5-13B": 26.7 },
  };
  for (const own of models) {
    const ratio = weightBytes(own, "bfloat16") / 1e9 / published[own.name];
    assert(Math.abs(ratio - 1) < 0.02, `${own.name}: ${ratio}`);
  }
});

Deno.test("quantised language models are as large as the published GGUF files", () => {
  // gigabytes of the Q4_K_M and Q8_0 files of the same language models on the hub
  const published: Readonly<Record<string, readonly [q4: number, q8: number]>> = {
    ...{ "Qwen3-VL-4B": [2.50, 4.28], "Qwen3-VL-8B": [5.03, 8.71] },
    ...{
      "Qwen3-VL-32B": [19.76, 34.8],
      "Qwen2.5-VL-7B": [4.68, 8.10],
      "LLaVA-1.5-7B": [4.08, 7.16],
    },
  };
  for (const [name, sizes] of Object.entries(published)) {
    const found = (["Q4_K_M", "Q8_0"] as const).map((how) => textBytes(named(name), how) / 1e9);
    found.forEach((size, i) => assert(Math.abs(size / sizes[i] - 1) < 0.02, `${name}: ${size}`));
  }
});

Deno.test("a model in fewer bits fits where the one in more does", () => {
  for (const own of models) {
    assert(weightBytes(own, "Q4_K_M") < weightBytes(own, "Q8_0"));
    assert(weightBytes(own, "Q8_0") < weightBytes(own, "bfloat16"));
  }
  const large = named("Qwen3-VL-8B");
  assertEquals([fits(large, "bfloat16", 16e9), fits(large, "Q4_K_M", 16e9)], [false, true]);
});
