/**
 * Our product of many rows of float32 (Strassen's method) against TensorFlow's, run in turn: single
 * products, and a whole prefill of a random Qwen3-VL text decoder with either.
 *
 *     deno run -A bench/float_product.ts [--rows 256,1024,2048] [--tokens 1024,4096] [--layers 4]
 *         [--rounds 15] [--threads N] [--out out/bench_float_product.json]
 *
 * Times of one thread are processor time, so that other programs on the machine matter less (Linux
 * only); those of several are the clock's. The largest difference of each pair of results is shown,
 * so that a wrong result cannot look fast.
 * @module
 */
import type { Kernels, Tensor } from "../lib/nn/kernels.ts";
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import type { TextDecoder } from "../lib/model/text_decoder.ts";
import { ratioOfMediansInterval } from "../lib/stats/bootstrap_pairs.ts";
import { Random } from "../lib/stats/random.ts";
import { median } from "../lib/stats/summary.ts";
import { benchConfig, prefill, readDecoder, writeCheckpoint } from "./random_decoder.ts";
import {
  manifest,
  numbers,
  options,
  processorMs,
  relativeDifference,
  table,
  writeRecord,
} from "./report.ts";

/** One comparison. */
interface Row {
  readonly what: string;
  /** Milliseconds of each round. */
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  /** Our median time over theirs, with its interval. */
  readonly ratio: readonly [estimate: number, low: number, high: number];
  /** Largest difference of the results, relative to the largest value. */
  readonly difference: number;
}

/** Result of one timed run. */
interface Timed {
  readonly ms: number;
  readonly values: ArrayLike<number>;
}

const settings = options(Deno.args, {
  rows: "256,1024,2048",
  tokens: "1024,4096",
  layers: "4",
  rounds: "15",
  threads: "",
  out: "out/bench_float_product.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
/** Milliseconds so far: of the processor, or by the clock. */
const now = () => threads === 1 ? processorMs() : performance.now();
const rounds = Number(settings.rounds);
const backend = await useBackend("tensorflow", { threads });
const both = [true, false].map((floatProducts) =>
  nativeKernels({ dtype: "float32", floatProducts })
) as [Kernels, Kernels];

/** Runs ours and theirs in turn, the order changing from round to round. */
async function compare(what: string, run: (which: 0 | 1) => Timed | Promise<Timed>): Promise<Row> {
  const times: [number[], number[]] = [[], []];
  const first = [await run(0), await run(1)]; // warm
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 ? [0, 1] as const : [1, 0] as const) {
      times[which].push((await run(which)).ms);
    }
  }
  const { estimate, low, high } = ratioOfMediansInterval(times[0], times[1]);
  const difference = relativeDifference(first[0].values, first[1].values);
  return { what, ours: times[0], theirs: times[1], ratio: [estimate, low, high], difference };
}

/** Columns in and out of the products: the decoder's of `bench/prefill.ts`, and SmolLM2's. */
const shapes = [[1024, 1024], [1024, 3072], [3072, 1024], [576, 576], [576, 1536]];
const rows: Row[] = [];
const random = new Random(0);
const draw = (size: number) => Float32Array.from({ length: size }, () => random.normal());
for (const count of numbers(settings.rows)) {
  for (const [inner, outer] of shapes) {
    const x = both[0].tensor(draw(count * inner), [count, inner]);
    const weight = both[0].tensor(draw(outer * inner), [outer, inner]);
    const product = (which: 0 | 1): Timed => {
      const start = now();
      const y: Tensor = both[which].linear(x, weight);
      const ms = now() - start;
      const values = both[which].readSync(y);
      both[which].dispose(y);
      return { ms, values };
    };
    rows.push(await compare(`${count} x ${inner} x ${outer}`, product));
    both[0].dispose(x, weight);
  }
}
const config = benchConfig(Number(settings.layers));
const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
try {
  await writeCheckpoint(config, checkpoint);
  const decoders: TextDecoder[] = [];
  for (const kernels of both) decoders.push(await readDecoder(kernels, config, checkpoint));
  for (const tokens of numbers(settings.tokens)) {
    const run = async (which: 0 | 1): Promise<Timed> => {
      const { ms, cpuMs, last } = await prefill(decoders[which], tokens);
      return { ms: threads === 1 ? cpuMs : ms, values: last };
    };
    rows.push(await compare(`prefill of ${tokens} tokens`, run));
  }
  decoders.forEach(({ weights }, i) => weights.dispose(both[i]));
} finally {
  await Deno.remove(checkpoint);
}
console.log(table(
  ["what", "ours, ms", "TensorFlow, ms", "ours / TensorFlow", "difference"],
  rows.map(({ what, ours, theirs, ratio: [estimate, low, high], difference }) => [
    what,
    median(ours).toFixed(1),
    median(theirs).toFixed(1),
    `${estimate.toFixed(3)} (${low.toFixed(3)}-${high.toFixed(3)})`,
    difference.toExponential(1),
  ]),
));
writeRecord(settings.out, {
  what:
    "products of many rows in float32, and a prefill: ours against TensorFlow's, milliseconds " +
    (threads === 1 ? "of processor time (one thread)" : "by the clock"),
  settings: { ...settings, threads },
  config,
  machine: manifest(backend),
  rows,
});
