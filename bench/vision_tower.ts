/**
 * Vision towers with random weights against transformers with SDPA: processor time from patches or
 * tiles to features, in turn with the same weights and threads, results compared.
 *
 *     deno run -A bench/vision_tower.ts --python PYTHON [--towers qwen3_vl,clip,siglip,internvit]
 *         [--layers 2] [--patches 64] [--tiles 2] [--dtype float32] [--rounds 3] [--threads 1]
 *         [--out out/bench_vision_tower.json]
 *
 * `qwen3_vl` has Qwen3-VL-2B's shapes on one image of `--patches` squared patches, `qwen2_5_vl` (windows)
 * those of Qwen2.5-VL-3B; `clip` those of CLIP-L at 336 pixels, `siglip` of SigLIP-so400m at 384, `internvit` of InternViT-300M at 448, on so
 * many tiles.
 * @module
 */
import { fileURLToPath } from "node:url";
import { imageTowerRenames } from "../lib/families/image_tower_config.ts";
import { qwen2VlRenames } from "../lib/families/qwen2_vl.ts";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { ImageEncoder } from "../lib/model/image_encoder.ts";
import { VisionEncoder } from "../lib/model/vision_encoder.ts";
import { WeightsMap } from "../lib/model/weights_map.ts";
import type { Tensor } from "../lib/nn/kernels.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { median } from "../lib/stats/summary.ts";
import { openSafetensors } from "../lib/weights/safetensors.ts";
import { PythonPeer } from "./python_peer.ts";
import {
  manifest,
  numbers,
  options,
  processorMs,
  relativeDifference,
  table,
  writeRecord,
} from "./report.ts";
import { patchTower, tileTower, transformersTower } from "./tower_shapes.ts";

const settings = options(Deno.args, {
  python: "",
  towers: "qwen3_vl,clip,siglip,internvit",
  layers: "2",
  patches: "64",
  tiles: "2",
  dtype: "float32",
  rounds: "3",
  threads: "1",
  out: "out/bench_vision_tower.json",
});
const depth = Number(settings.layers), threads = Number(settings.threads);
const backend = await useBackend("tensorflow", { threads });
const dtype = settings.dtype === "bfloat16" ? "bfloat16" : "float32";
const k = nativeKernels({ dtype });
/** Largest difference of the features, relative to the largest: roundings of the element type. */
const bound = { float32: 1e-3, bfloat16: 0.1 }[dtype];

/** Weights of a checkpoint under our names, of a tower of patches or of tiles. */
async function readWeights(path: string, patches: boolean): Promise<WeightsMap> {
  const renames = patches ? qwen2VlRenames : imageTowerRenames;
  using source = await openSafetensors(path);
  const tensors = new Map<string, Tensor>();
  for (const name of source.names()) {
    const { bytes, dtype, shape } = await source.readWeight(name);
    const stored = `encoder.${name.replace(/^vision_model\./, "")}`;
    const own = renames.reduce(
      (text, [from, to]) => text.replace(from, to),
      stored,
    )
      .replace("encoder.", "");
    tensors.set(own, k.weight(bytes, dtype, shape));
  }
  return new WeightsMap(tensors);
}

interface Outcome {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rows: ArrayLike<number>;
}

/** One run of ours. */
async function ours(body: () => Tensor): Promise<Outcome> {
  const start = performance.now(), cpu = processorMs();
  const first = k.scope(() => {
    const out = body(), width = out.shape[out.shape.length - 1];
    return k.slice(k.reshape(out, [-1, width]), [0, 0], [2, -1]);
  });
  const rows = await k.read(first);
  k.dispose(first);
  return { ms: performance.now() - start, cpuMs: processorMs() - cpu, rows };
}

const found: Record<string, unknown>[] = [];
for (const kind of settings.towers.split(",")) {
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  const script = fileURLToPath(new URL("vision_transformers.py", import.meta.url));
  const patch = patchTower(kind, depth), tile = patch ? null : tileTower(kind, depth);
  const config = JSON.stringify(transformersTower(kind, depth));
  await using peer = new PythonPeer(
    settings.python,
    script,
    [kind, config, checkpoint, String(threads), dtype],
  );
  const versions = await peer.line<Record<string, unknown>>();
  const weights = await readWeights(checkpoint, patch !== null);
  await Deno.remove(checkpoint);
  const sizes = numbers(patch ? settings.patches : settings.tiles);
  for (const size of sizes) {
    const shape = tile
      ? [size, 3, tile.imageSize, tile.imageSize]
      : [size * size, 3 * 2 * patch!.patchSize ** 2];
    const grid = tile ? null : [[1, size, size] as const];
    const pixels = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => Math.sin(i * 0.37),
    );
    const body = tile
      ? () => new ImageEncoder(k, tile, weights).encode(pixels)
      : () =>
        new VisionEncoder(k, patch!, weights).encode(k.tensor(pixels, shape), [grid![0]])
          .features;
    const request = { shape, grid };
    const [own, theirs]: Outcome[][] = [[], []];
    const first = [await ours(body), await peer.ask<Outcome>(request)];
    const difference = relativeDifference(first[0].rows, first[1].rows);
    if (!(difference < bound)) throw new Error(`${kind}: features differ by ${difference}`);
    for (let round = 0; round < Number(settings.rounds); round++) {
      own.push(await ours(body));
      theirs.push(await peer.ask<Outcome>(request));
    }
    const times = (list: Outcome[]) => list.map(({ cpuMs }) => cpuMs);
    const { estimate, low, high } = ratioOfMediansInterval(times(own), times(theirs));
    found.push({
      ...{ tower: kind, size, layers: depth, dtype, difference, versions },
      cpuMs: times(own),
      transformersCpuMs: times(theirs),
      ratio: [estimate, low, high],
    });
  }
  weights.dispose(k);
}
console.log(table(
  ["tower", "size", "ours, s", "transformers, s", "ratio", "difference"],
  found.map((row) => [
    String(row.tower),
    String(row.size),
    (median(row.cpuMs as number[]) / 1e3).toFixed(2),
    (median(row.transformersCpuMs as number[]) / 1e3).toFixed(2),
    (row.ratio as number[]).map((x) => x.toFixed(2)).join(" "),
    (row.difference as number).toExponential(1),
  ]),
));
writeRecord(settings.out, {
  what: "processor time of vision towers against transformers with SDPA",
  settings: { ...settings, python: undefined },
  machine: manifest(backend),
  rows: found,
});
