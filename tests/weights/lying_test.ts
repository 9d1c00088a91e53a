/** Where weights lie in their files: what is read there is what the sources read themselves. */
import { assert, assertEquals } from "@std/assert";
import type { FileBytes } from "../../lib/nn/kernels.ts";
import { joinedExperts } from "../../lib/weights/joined_experts.ts";
import { openWeights } from "../../lib/weights/weights.ts";

/** The bytes of some ranges, one after the other. */
async function bytesAt({ file, ranges }: FileBytes): Promise<Uint8Array> {
  const content = await Deno.readFile(file.path);
  assertEquals(content.length, file.size);
  const pieces = ranges.map(([offset, length]) => content.subarray(offset, offset + length));
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

const gguf = "tests/golden/gguf", pairs = "tests/golden/gguf_multimodal";
/** Checkpoints, with how many of their weights lie as numbers, and as blocks, at least. */
const checkpoints: readonly (readonly [path: string, numbers: number, blocks: number])[] = [
  ["tests/golden/qwen3_vl_bf16", 50, 0],
  ["tests/golden/qwen3_vl_moe", 30, 0],
  [`${gguf}/tiny-llama.gguf`, 3, 8],
  [`${gguf}/tiny-qwen2.gguf`, 3, 8],
  [`${gguf}/tiny-gemma3.gguf`, 20, 0],
  ...["qwen3_vl", "llava", "internvl"].map((name) => [`${pairs}/${name}`, 20, 4] as const),
  ...["qwen3_vl_moe", "qwen2_5_vl"].map((name) => [`${pairs}/${name}`, 50, 0] as const),
  ["tests/golden/packed/fp8", 10, 0],
];

for (const [path, numbers, blocks] of checkpoints) {
  Deno.test(`${path}: weights lie where they are said to lie`, async () => {
    using source = joinedExperts(await openWeights(path));
    const counts = { numbers: 0, blocks: 0 };
    for (const name of source.names()) {
      const plain = source.lying!(name, "numbers");
      if (plain) {
        counts.numbers++;
        assertEquals(await bytesAt(plain), (await source.readWeight(name)).bytes, name);
      }
      const packed = source.lying!(name, "blocks");
      if (packed) {
        counts.blocks++;
        assertEquals(await bytesAt(packed), (await source.readPacked!(name))!.bytes, name);
      }
    }
    assert(counts.numbers >= numbers && counts.blocks >= blocks, JSON.stringify(counts));
  });
}
