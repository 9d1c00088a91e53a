/**
 * The attention of one query, as while decoding, over the keys of a whole cache: processor time with
 * heads that see a sink and a window, and with heads that see everything, by the number of keys.
 *
 *     deno run -A bench/decode_window.ts [--keys 1024,4096,16384] [--sink 64] [--window 256]
 *         [--dtype float32] [--rounds 15] [--threads N] [--out out/bench_decode_window.json]
 * @module
 */
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import type { KeyRange } from "../lib/nn/kernels.ts";
import { manifest, numbers, options, processorMs, table, writeRecord } from "./report.ts";

const settings = options(Deno.args, {
  keys: "1024,4096,16384",
  sink: "64",
  window: "256",
  dtype: "float32",
  rounds: "15",
  threads: "",
  out: "out/bench_decode_window.json",
});
const threads = Number(settings.threads) || navigator.hardwareConcurrency;
const backend = await useBackend("tensorflow", { threads });
const k = nativeKernels({ dtype: settings.dtype as "float32" | "bfloat16" });
const [heads, keyValueHeads, headDim, calls] = [16, 8, 64, 20];
const range = { sink: Number(settings.sink), window: Number(settings.window) };
const windows: KeyRange[] = Array.from({ length: heads }, () => range);

const rows = numbers(settings.keys).map((keys) => {
  const make = (count: number, length: number) =>
    k.tensor(
      Float32Array.from({ length: count * length * headDim }, (_, i) => Math.sin(i)),
      [1, count, length, headDim],
    );
  const query = make(heads, 1), key = make(keyValueHeads, keys);
  const best = [Infinity, Infinity]; // the least disturbed of all rounds
  for (let round = 0; round < Number(settings.rounds); round++) {
    [windows, undefined].forEach((ranges, i) => {
      const start = processorMs();
      for (let call = 0; call < calls; call++) {
        k.scope(() => void k.attention(query, [key], [key], { causal: true, ranges }));
      }
      best[i] = Math.min(best[i], (processorMs() - start) / calls * 1e3);
    });
  }
  k.dispose(query, key);
  return { keys, windowUs: best[0], wholeUs: best[1] };
});
console.log(table(
  ["keys", "window, us", "whole, us"],
  rows.map(({ keys, windowUs, wholeUs }) =>
    [keys, windowUs, wholeUs].map((value) => value.toFixed(0))
  ),
));
writeRecord(settings.out, {
  what: "processor time of the attention of one query, least of all rounds",
  settings,
  machine: manifest(backend),
  rows,
});
