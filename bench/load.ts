/**
 * Loading a checkpoint of 1 GB of bfloat16 weights into the native kernels: speed, against reading the
 * file, and peak memory.
 *
 *     deno run -A bench/load.ts [--layers 40] [--rounds 3] [--out out/bench_load.json]
 *
 * Each load runs in a process of its own, after the file was read there twice, again and again into the
 * same 4 MB: from the system's cache the second time, whose seconds count. The weights become plain
 * numbers in bfloat16 or float32, or stay in two bytes for float32 arithmetic (`two bytes`).
 * @module
 */
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { median } from "../lib/stats/summary.ts";
import { benchConfig, prefill, readDecoder, writeCheckpoint } from "./random_decoder.ts";
import { manifest, options, peakMegabytes, table, writeRecord } from "./report.ts";

const ways = ["bfloat16", "float32", "two bytes"] as const;
/** What the weights become. */
type Way = typeof ways[number];

/** What one load gives. */
interface Load {
  readonly dtype: Way;
  readonly seconds: number;
  /** To read the file. */
  readonly readSeconds: number;
  /** Peak memory of the process before and after, in MB. */
  readonly before: number;
  readonly after: number;
}

const settings = options(Deno.args, {
  layers: "40",
  rounds: "3",
  out: "out/bench_load.json",
  only: "",
  checkpoint: "",
});
const config = benchConfig(Number(settings.layers));

/** Seconds to read a file. */
function readFile(path: string): number {
  const start = performance.now(), buffer = new Uint8Array(1 << 22);
  using file = Deno.openSync(path);
  while (file.readSync(buffer) !== null);
  return (performance.now() - start) / 1e3;
}

/** Loads once in this process. */
async function loadOnce(dtype: Way, checkpoint: string): Promise<Load> {
  readFile(checkpoint);
  const readSeconds = readFile(checkpoint);
  await useBackend("tensorflow");
  const kernels = nativeKernels({ dtype: dtype === "bfloat16" ? dtype : "float32" });
  kernels.dispose(kernels.zeros([1]));
  const before = peakMegabytes();
  const start = performance.now();
  const decoder = await readDecoder(kernels, config, checkpoint, dtype === "two bytes");
  const seconds = (performance.now() - start) / 1e3;
  const after = peakMegabytes();
  if (!prefill(decoder, 8).last.every(Number.isFinite)) {
    throw new Error("the weights are not right");
  }
  return { dtype, seconds, readSeconds, before, after };
}

if (settings.only) {
  console.log(JSON.stringify(await loadOnce(settings.only as Way, settings.checkpoint)));
} else {
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeCheckpoint(config, checkpoint);
    const megabytes = (await Deno.stat(checkpoint)).size / 1e6;
    const loads: Load[] = [];
    for (let round = 0; round < Number(settings.rounds); round++) {
      for (const dtype of ways) {
        const program = import.meta.filename!;
        const own = ["--layers", settings.layers, "--only", dtype, "--checkpoint", checkpoint];
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", program, ...own],
          stderr: "inherit",
        }).output();
        loads.push(JSON.parse(new TextDecoder().decode(stdout).trim()));
      }
    }
    const rows = ways.map((dtype) => {
      const own = loads.filter((load) => load.dtype === dtype);
      const held = megabytes * (dtype === "float32" ? 2 : 1);
      return {
        dtype,
        overReading: median(own.map(({ seconds, readSeconds }) => seconds / readSeconds)),
        megabytesPerSecond: median(own.map(({ seconds }) => megabytes / seconds)),
        heldMegabytes: held,
        peakOverHeld: median(own.map(({ before, after }) => (after - before) / held)),
        wholeProcessOverHeld: median(own.map(({ after }) => after / held)),
      };
    });
    const cells = rows.map((row) => [
      row.dtype,
      row.megabytesPerSecond.toFixed(0),
      row.overReading.toFixed(2),
      row.heldMegabytes.toFixed(0),
      row.peakOverHeld.toFixed(2),
      row.wholeProcessOverHeld.toFixed(2),
    ]);
    const header = [
      "as",
      "MB/s of file",
      "over reading",
      "weights MB",
      "peak / weights",
      "with the program",
    ];
    console.log(table(header, cells));
    writeRecord(settings.out, {
      what: "loading a bfloat16 checkpoint",
      settings: { ...settings, only: undefined, checkpoint: undefined, megabytes },
      machine: manifest(await useBackend("tensorflow")),
      rows,
      loads,
    });
  } finally {
    await Deno.remove(checkpoint);
  }
}
