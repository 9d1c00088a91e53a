/**
 * How fast a checkpoint is read and how much memory that takes.
 *
 *     deno run -A bench/read_checkpoint.ts [checkpoint directory]
 *
 * Without a directory it writes 1 GB of bfloat16 weights in 64 tensors to a temporary file first, so
 * that the file is in the system's cache ("warm"). Each tensor's bytes are dropped before the next is
 * read; three passes.
 * @module
 */
import { openSafetensors } from "../lib/weights/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../lib/weights/safetensors_write.ts";

/** 1 GB of bfloat16 words in 64 tensors of 4096 x 2048. */
async function writeSample(folder: string): Promise<void> {
  const words = new Uint8Array(4096 * 2048 * 2).map((_, i) => i * 31);
  const tensor: TensorToWrite = { dtype: "BF16", shape: [4096, 2048], data: words };
  const names = Array.from({ length: 64 }, (_, i) => `model.layers.${i}.weight`);
  await writeSafetensors(
    `${folder}/model.safetensors`,
    Object.fromEntries(names.map((name) => [name, tensor])),
    { format: "pt" },
  );
}

/** Largest memory of this process so far, in MB (Linux; NaN elsewhere). */
function peakMegabytes(): number {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    return Number(status.match(/VmHWM:\s+(\d+)/)?.[1]) / 1e3;
  } catch {
    return NaN;
  }
}

const temporary = Deno.args[0] ? null : await Deno.makeTempDir();
try {
  if (temporary) await writeSample(temporary);
  const before = peakMegabytes();
  for (let pass = 1; pass <= 3; pass++) {
    using weights = await openSafetensors(temporary ?? Deno.args[0]);
    let bytes = 0;
    let largest = 0;
    const start = performance.now();
    for (const name of weights.names()) {
      const { byteLength } = await weights.read(name);
      bytes += byteLength;
      largest = Math.max(largest, byteLength);
    }
    const seconds = (performance.now() - start) / 1e3;
    console.log(
      `pass ${pass}: ${(bytes / 1e6).toFixed(0)} MB in ${weights.names().length} tensors, ` +
        `${(bytes / 1e6 / seconds).toFixed(0)} MB/s; largest tensor ${
          (largest / 1e6).toFixed(0)
        } MB, ` +
        `peak memory ${peakMegabytes().toFixed(0)} MB (${before.toFixed(0)} MB before)`,
    );
  }
} finally {
  if (temporary) await Deno.remove(temporary, { recursive: true });
}
