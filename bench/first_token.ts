/**
 * An image to the first token: Qwen3-VL with random weights and the 2B's shapes against transformers
 * with SDPA, in turn with the same weights, pixels, threads and element type.
 *
 *     deno run -A bench/first_token.ts --python PYTHON [--vision-layers 24] [--layers 8]
 *         [--photo 2000] [--side 1024] [--question 16] [--vocabulary 151936] [--dtype float32]
 *         [--rounds 2] [--threads 1] [--checkpoint FOLDER] [--out out/bench_first_token.json]
 *
 * A photo of `--photo` squared pixels is resized to `--side` squared (1,024 make 4,096 patches, 1,024
 * visual tokens), and a question of so many tokens follows. What is timed is the processor, from
 * pixels to patches, and the model, from patches and token ids to the logits of the last position,
 * which are compared. Rounds are added to those of an earlier record of the same settings. A
 * checkpoint of 2 GB is written to FOLDER unless it is there; without FOLDER, to a temporary one.
 * @module
 */
import { fileURLToPath } from "node:url";
import { useBackend } from "../lib/backend/select.ts";
import { nativeKernels } from "../lib/backend/native.ts";
import { openCheckpoint } from "../lib/families/checkpoint.ts";
import { loadModel } from "../lib/families/load_weights.ts";
import { readProcessorFiles } from "../lib/inputs/processor_files.ts";
import type { RgbImage } from "../lib/inputs/rgb_image.ts";
import type { TextConfig } from "../lib/model/config.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { PythonPeer } from "./python_peer.ts";
import { benchConfig, transformersConfig } from "./random_decoder.ts";
import {
  manifest,
  options,
  processorMs,
  relativeDifference,
  table,
  writeRecord,
} from "./report.ts";
import { qwenTower, transformersQwenTower } from "./tower_shapes.ts";

const settings = options(Deno.args, {
  python: "",
  "vision-layers": "24",
  layers: "8",
  photo: "2000",
  side: "1024",
  question: "16",
  vocabulary: "151936",
  dtype: "float32",
  rounds: "2",
  threads: "1",
  checkpoint: "",
  out: "out/bench_first_token.json",
});
const dtype = settings.dtype === "bfloat16" ? "bfloat16" : "float32";
const threads = Number(settings.threads), side = Number(settings.side);
/** Largest difference of the logits, relative to the largest: roundings of the element type. */
const bound = { float32: 2e-3, bfloat16: 0.2 }[dtype];
const vocabSize = Number(settings.vocabulary);
const tokens = {
  image: vocabSize - 1,
  video: vocabSize - 2,
  visionStart: vocabSize - 3,
  visionEnd: vocabSize - 4,
};

/** The 2B's decoder with fewer layers. */
const text: TextConfig = {
  ...benchConfig(Number(settings.layers)),
  ...{ hiddenSize: 2048, intermediateSize: 6144, headDim: 128, vocabSize },
  mropeSection: [24, 20, 20],
};
const depth = Number(settings["vision-layers"]);
/** Layers 5, 11 and 17 of 24, or as many of them as there are. */
const stages = [5, 11, 17].filter((layer) => layer < depth);
const config = {
  architectures: ["Qwen3VLForConditionalGeneration"],
  model_type: "qwen3_vl",
  image_token_id: tokens.image,
  video_token_id: tokens.video,
  vision_start_token_id: tokens.visionStart,
  vision_end_token_id: tokens.visionEnd,
  tie_word_embeddings: true,
  text_config: { ...transformersConfig(text), model_type: "qwen3_vl_text", attention_bias: false },
  vision_config: { ...transformersQwenTower(qwenTower(depth, stages)), model_type: "qwen3_vl" },
};
const pixels = { shortest_edge: 32 * 32, longest_edge: side * side };
const processor = {
  ...{ image_processor_type: "Qwen2VLImageProcessorFast", size: pixels },
  ...{ patch_size: 16, temporal_patch_size: 2, merge_size: 2 },
  ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
};

/** Times of one program. */
interface Times {
  /** From pixels to patches, by the clock and of the processor. */
  readonly processorMs: number;
  readonly processorCpuMs: number;
  /** From patches and token ids to logits. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** One run of a program. */
interface Outcome extends Times {
  /** The first of the logits. */
  readonly logits: ArrayLike<number>;
}

/** A photo that is neither flat nor noise; `first_token_transformers.py` makes the same. */
function photoOf(width: number): RgbImage {
  const data = new Uint8Array(3 * width * width);
  for (let y = 0, at = 0; y < width; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[at++] = (x * (c + 1) + y * 2 + (x * y >> 6)) % 256;
    }
  }
  return { width, height: width, data };
}

const question = Number(settings.question);
/** Token ids of a prompt whose image has so many visual tokens. */
const promptOf = (visual: number): number[] => [
  tokens.visionStart,
  ...Array(visual).fill(tokens.image),
  tokens.visionEnd,
  ...Array.from({ length: question }, (_, i) => 100 + 37 * i),
];

const backend = await useBackend("tensorflow", { threads });
const folder = settings.checkpoint || await Deno.makeTempDir();
await Deno.mkdir(folder, { recursive: true });
await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
await Deno.writeTextFile(`${folder}/preprocessor_config.json`, JSON.stringify(processor));

await using peer = new PythonPeer(
  settings.python,
  fileURLToPath(new URL("first_token_transformers.py", import.meta.url)),
  [folder, String(threads), dtype],
);
const versions = await peer.line<Record<string, unknown>>();
const kernels = nativeKernels({ dtype });
const checkpoint = await openCheckpoint(folder);
const recipe = checkpoint.family.readInputs(await readProcessorFiles(folder), checkpoint.config);
const model = await loadModel(kernels, checkpoint.family, checkpoint.config, checkpoint.source);
checkpoint.source.close();
if (!settings.checkpoint) await Deno.remove(folder, { recursive: true });

async function ours(width: number): Promise<Outcome> {
  const photo = photoOf(width);
  const start = performance.now(), cpu = processorMs();
  const { tensors: media, layouts } = recipe.images!.prepare([photo]);
  const processorTimes = {
    processorMs: performance.now() - start,
    processorCpuMs: processorMs() - cpu,
  };
  const [piece] = layouts[0];
  if (typeof piece === "string") throw new Error("the image has no grid");
  const ids = promptOf(piece.grid.rows * piece.grid.columns);
  const placed = recipe.positions(ids.length, [{ ...piece.grid, start: 1 }], media);
  const inputs = { inputIds: Int32Array.from(ids), ...placed, media };
  const modelStart = performance.now(), modelCpu = processorMs();
  const { logits } = await model.forward(inputs);
  return {
    ...processorTimes,
    ms: performance.now() - modelStart,
    cpuMs: processorMs() - modelCpu,
    logits: logits!.data.subarray(0, 1000),
  };
}
const theirs = (width: number): Promise<Outcome> =>
  peer.ask<Outcome>({ width, question: promptOf(0).slice(2), ...tokens });

// warms both up, with an image of 64 tokens that is not resized
const first = [await ours(256), await theirs(256)];
const difference = relativeDifference(first[0].logits, first[1].logits);
if (!(difference < bound)) throw new Error(`logits of a small image differ by ${difference}`);

/** What makes rounds comparable. */
const same = JSON.stringify({ ...settings, python: "", rounds: "", checkpoint: "", out: "" });
const runs: { own: Times[]; transformers: Times[] } = { own: [], transformers: [] };
try {
  const earlier = JSON.parse(await Deno.readTextFile(settings.out));
  if (earlier.same === same) Object.assign(runs, earlier.runs);
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
let whole = 0;
for (let round = 0; round < Number(settings.rounds); round++) {
  const width = Number(settings.photo);
  const { logits, ...own } = await ours(width);
  const { logits: wanted, ...transformers } = await theirs(width);
  whole = relativeDifference(logits, wanted);
  runs.own.push(own);
  runs.transformers.push(transformers);
  console.error(
    `round ${round + 1}: ours ${(own.cpuMs / 1e3).toFixed(1)} s, transformers ${
      (transformers.cpuMs / 1e3).toFixed(1)
    } s of the processor; logits differ by ${whole.toExponential(1)}`,
  );
}

/** What is timed, by name: time by the clock and of the processor of a run. */
const parts: readonly [what: string, clock: (t: Times) => number, cpu: (t: Times) => number][] = [
  ["pixels to first token", (t) => t.processorMs + t.ms, (t) => t.processorCpuMs + t.cpuMs],
  ["patches to first token", (t) => t.ms, (t) => t.cpuMs],
  ["pixels to patches", (t) => t.processorMs, (t) => t.processorCpuMs],
];
const rows = parts.map(([what, clock, cpu]) => {
  const ratio = (time: (t: Times) => number) => {
    const { estimate, low, high } = ratioOfMediansInterval(
      runs.own.map(time),
      runs.transformers.map(time),
    );
    return [estimate, low, high];
  };
  return {
    ...{ what, dtype, threads, visionLayers: depth, layers: text.numHiddenLayers },
    ms: median(runs.own.map(clock)),
    transformersMs: median(runs.transformers.map(clock)),
    cpuMs: median(runs.own.map(cpu)),
    transformersCpuMs: median(runs.transformers.map(cpu)),
    ratio: ratio(clock),
    cpuRatio: ratio(cpu),
    ...{ rounds: runs.own.length, smallDifference: difference, difference: whole },
  };
});
const cells = (ratio: readonly number[]) => ratio.map((x) => x.toFixed(2)).join(" ");
console.log(table(
  ["what", "ours, s", "transformers, s", "ratio", "of processor time"],
  rows.map((row) => [
    row.what,
    (row.ms / 1e3).toFixed(2),
    (row.transformersMs / 1e3).toFixed(2),
    cells(row.ratio),
    cells(row.cpuRatio),
  ]),
));
writeRecord(settings.out, {
  what: "an image to the first token against transformers with SDPA, in milliseconds",
  settings: { ...settings, python: undefined, checkpoint: undefined },
  same,
  machine: manifest(backend),
  peer: versions,
  runs,
  rows,
});
model.dispose();
