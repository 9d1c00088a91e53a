import { assert, assertEquals } from "@std/assert";
import {
  type PairSizes,
  type PairTensor,
  randomBlocks,
  textTensors,
  towerTensors,
  writePair,
} from "../../bench/gguf_pair.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { mean, variance } from "../../lib/stats/summary.ts";
import { dequantize } from "../../lib/weights/gguf_blocks.ts";
import { ggufHeader } from "../../lib/weights/gguf_files.ts";

const golden: PairSizes = {
  ...{ width: 64, middle: 96, layers: 4, heads: 4, keyValueHeads: 2, headDim: 32 },
  ...{ vocabulary: 608, tied: false },
  tower: { width: 24, middle: 52, depth: 4, heads: 2, deepstack: [0, 2, 3], positions: 36 },
};

Deno.test("a pair of the golden one's sizes has the tensors that llama.cpp wrote", async () => {
  const dir = "tests/golden/gguf_multimodal/qwen3_vl";
  const shapes = (tensors: Iterable<readonly [string, readonly number[]]>) =>
    Object.fromEntries([...tensors].map(([name, shape]) => [name, [...shape]]));
  const own = (tensors: readonly PairTensor[]) => shapes(tensors.map((t) => [t.name, t.shape]));
  for (const [file, tensors] of [["model", textTensors], ["mmproj", towerTensors]] as const) {
    const header = await ggufHeader(`${dir}/${file}.gguf`);
    const found = shapes([...header.tensors].map(([name, { shape }]) => [name, shape]));
    assertEquals(own(tensors(golden)), found);
  }
});

Deno.test("random blocks hold weights of the wanted mean and deviation", () => {
  for (const type of ["Q4_K", "Q6_K", "F16", "F32"] as const) {
    const count = type.endsWith("K") ? 200 : 50_000;
    const values = [...dequantize(randomBlocks(type, count), type)];
    const spread = Math.sqrt(variance(values));
    assert(Math.abs(mean(values)) < 1e-3, `${type}: mean ${mean(values)}`);
    assert(Math.abs(spread / 0.02 - 1) < 0.05, `${type}: ${spread}`);
  }
});

Deno.test("a small pair loads, and its logits are finite", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await writePair(dir, {
      ...golden,
      ...{ width: 256, middle: 256, layers: 1, heads: 8, vocabulary: 640 },
      tower: { ...golden.tower, depth: 1, deepstack: [0] },
    });
    await useBackend("auto");
    using model = await fromPretrained(dir);
    const image = { width: 256, height: 256, data: new Uint8Array(3 * 256 * 256).fill(90) };
    const content = [{ type: "image", image }, { type: "text", text: "What is this?" }] as const;
    const inputs = await model.prepare([{ role: "user", content: [...content] }]);
    const { logits } = await model.forward(inputs);
    assert(logits!.data.every(Number.isFinite));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
