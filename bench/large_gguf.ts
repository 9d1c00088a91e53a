/**
 * A quantised checkpoint of real size on this machine: a pair of GGUF files with random weights and
 * Qwen3-VL's shapes (the language model in `Q4_K_M`, the vision tower in float16), made once in a folder
 * outside of the repository, then loaded and run: a prompt with an image, and some tokens decoded.
 *
 *     deno run -A bench/large_gguf.ts --dir DIR [--size 8b] [--dtype bfloat16] [--tokens 1000]
 *         [--new 32] [--threads 2] [--layers N] [--out out/bench_large_gguf.json]
 *
 * Memory is the process's largest so far, everything included. The files are read once before, so that
 * loading is compared with reading them as they then lie in the system's cache. A record that is there
 * takes the row in, instead of an earlier one of the same size and element type.
 * @module
 */
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { generate } from "../lib/model/generate.ts";
import { writePair } from "./gguf_pair.ts";
import { makePrompt, sizes } from "./large_shapes.ts";
import { manifest, options, peakMegabytes, residentMegabytes, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  dir: "",
  size: "8b",
  dtype: "auto",
  tokens: "1000",
  new: "32",
  threads: "2",
  layers: "",
  out: "out/bench_large_gguf.json",
});
const { dir, size, dtype } = settings;
if (!(size in sizes) || !dir || !["auto", "float32", "bfloat16"].includes(dtype)) {
  throw new Error("Cannot run: wanted --dir, --size 4b or 8b, --dtype auto, float32 or bfloat16");
}

/** Writes the files. */
async function make(): Promise<void> {
  const { text, vision, tied } = sizes[size as keyof typeof sizes];
  const [width, middle, layers, heads, keyValueHeads] = text;
  await writePair(dir, {
    ...{ width, middle, layers: Number(settings.layers || layers), heads, keyValueHeads, tied },
    ...{ headDim: 128, vocabulary: 151936 },
    tower: {
      ...{ width: vision.hidden_size, middle: vision.intermediate_size, depth: vision.depth },
      ...{ heads: 16, deepstack: vision.deepstack, positions: 2304 },
    },
  });
}

const files = ["model.gguf", "mmproj.gguf"].map((name) => `${dir}/${name}`);
/** Seconds to read the files, again and again into the same 4 MB. */
function readFiles(): number {
  const start = performance.now(), buffer = new Uint8Array(1 << 22);
  for (const name of files) {
    using file = Deno.openSync(name);
    while (file.readSync(buffer) !== null);
  }
  return (performance.now() - start) / 1e3;
}

try {
  await Deno.stat(files[1]);
} catch {
  await make();
}
const fileMB = (await Promise.all(files.map((name) => Deno.stat(name))))
  .reduce((sum, own) => sum + own.size, 0) / 1e6;
readFiles();
const readSeconds = readFiles();
const backend = await useBackend("tensorflow", { threads: Number(settings.threads) });
const inputs = await makePrompt(dir, Number(settings.tokens));
let start = 0, beforeMB = NaN;
using model = await fromPretrained(dir, {
  dtype: dtype as "auto" | "float32" | "bfloat16",
  beforeWeights: () => {
    [start, beforeMB] = [performance.now(), residentMegabytes()];
  },
});
const loadSeconds = (performance.now() - start) / 1e3;
const [loadedMB, loadPeakMB] = [residentMegabytes(), peakMegabytes()];
console.error(JSON.stringify({ fileMB, readSeconds, loadSeconds, beforeMB, loadedMB, loadPeakMB }));
const wanted = { maxNewTokens: Number(settings.new), stopTokenIds: [], keepLogits: true };
const marks = [performance.now()];
for await (const { logits } of generate(model.network, inputs, wanted)) {
  marks.push(performance.now());
  if (!logits!.every(Number.isFinite)) throw new Error("Cannot measure: logits are not finite");
}
const prefillSeconds = (marks[1] - marks[0]) / 1e3;
const stepSeconds = (marks.at(-1)! - marks[1]) / 1e3 / (marks.length - 2);
const row = {
  ...{ size, dtype: model.network.kernels.computeDType, layers: model.config.text.numHiddenLayers },
  ...{ tokens: inputs.inputIds.length, newTokens: marks.length - 1, fileMB },
  ...{ beforeMB, loadedMB, loadPeakMB, peakMB: peakMegabytes(), boundMB: 1.15 * fileMB + 1000 },
  ...{ readSeconds, loadSeconds, prefillSeconds, stepSeconds },
  prefillTokensPerSecond: inputs.inputIds.length / prefillSeconds,
  newTokensPerSecond: 1 / stepSeconds,
  machine: manifest(backend),
};
console.log(JSON.stringify(row));
let earlier: (typeof row)[] = [];
try {
  earlier = JSON.parse(Deno.readTextFileSync(settings.out)).rows;
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
writeRecord(settings.out, {
  what:
    "memory of the process in megabytes, largest of all after loading and at the end; seconds to " +
    "read the files and to load them, for the prompt with its image, and for each token after the first",
  rows: [
    ...earlier.filter((other) => other.size !== row.size || other.dtype !== row.dtype),
    row,
  ],
});
