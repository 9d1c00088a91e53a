/**
 * Loading a checkpoint of 1 GB of bfloat16 weights into the native kernels: speed and peak memory.
 *
 *     deno run -A bench/load.ts [--layers 40] [--rounds 3] [--out out/bench_load.json]
 *
 * Each load runs in a process of its own, after the file was read once, so that it lies in the
 * system's cache.
 * @module
 */
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { median } from "../lib/stats/summary.ts";
import { benchConfig, prefill, readDecoder, writeCheckpoint } from "./random_decoder.ts";
import { manifest, options, peakMegabytes, table, writeRecord } from "./report.ts";

/** What one load gives. */
interface Load {
  readonly dtype: "float32" | "bfloat16";
  readonly seconds: number;
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

/** Loads once in this process. */
async function loadOnce(dtype: "float32" | "bfloat16", checkpoint: string): Promise<Load> {
  await useBackend("tensorflow");
  const kernels = nativeKernels({ dtype });
  kernels.dispose(kernels.zeros([1]));
  const before = peakMegabytes();
  const start = performance.now();
  const decoder = await readDecoder(kernels, config, checkpoint);
  const seconds = (performance.now() - start) / 1e3;
  const after = peakMegabytes();
  if (!prefill(decoder, 8).last.every(Number.isFinite)) {
    throw new Error("the weights are not right");
  }
  return { dtype, seconds, before, after };
}

if (settings.only) {
  const dtype = settings.only === "float32" ? "float32" : "bfloat16";
  console.log(JSON.stringify(await loadOnce(dtype, settings.checkpoint)));
} else {
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeCheckpoint(config, checkpoint);
    const megabytes = (await Deno.stat(checkpoint)).size / 1e6;
    const loads: Load[] = [];
    for (let round = 0; round < Number(settings.rounds); round++) {
      for (const dtype of ["bfloat16", "float32"]) {
        const program = new URL(import.meta.url).pathname;
        const own = ["--layers", settings.layers, "--only", dtype, "--checkpoint", checkpoint];
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", program, ...own],
          stderr: "inherit",
        }).output();
        loads.push(JSON.parse(new TextDecoder().decode(stdout).trim()));
      }
    }
    const rows = (["bfloat16", "float32"] as const).map((dtype) => {
      const own = loads.filter((load) => load.dtype === dtype);
      const held = megabytes * (dtype === "float32" ? 2 : 1);
      return {
        dtype,
        megabytesPerSecond: median(own.map(({ seconds }) => megabytes / seconds)),
        heldMegabytes: held,
        peakOverHeld: median(own.map(({ before, after }) => (after - before) / held)),
        wholeProcessOverHeld: median(own.map(({ after }) => after / held)),
      };
    });
    const cells = rows.map((row) => [
      row.dtype,
      row.megabytesPerSecond.toFixed(0),
      row.heldMegabytes.toFixed(0),
      row.peakOverHeld.toFixed(2),
      row.wholeProcessOverHeld.toFixed(2),
    ]);
    const header = ["as", "MB/s of file", "weights MB", "peak / weights", "with the program"];
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
