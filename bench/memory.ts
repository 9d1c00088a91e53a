/**
 * Peak memory of a prefill by length: it grows linearly.
 *
 *     deno run -A bench/memory.ts [--tokens 1024,4096,8192] [--dtype float32,bfloat16]
 *         [--layers 12] [--out out/bench_memory.json]
 *
 * Each length runs in a process of its own. What is shown is the peak above what the process holds
 * with its weights loaded, and for comparison the scores that plain attention would hold in one layer.
 * @module
 */
import { nativeKernels } from "../lib/backend/native.ts";
import { useBackend } from "../lib/backend/select.ts";
import { benchConfig, prefill, readDecoder, writeCheckpoint } from "./random_decoder.ts";
import { manifest, options, peakMegabytes, table, writeRecord } from "./report.ts";

/** What one prefill takes. */
interface Use {
  readonly dtype: "float32" | "bfloat16";
  readonly tokens: number;
  /** Peak memory of the process before and after the prefill, in MB. */
  readonly before: number;
  readonly after: number;
}

const settings = options(Deno.args, {
  tokens: "1024,4096,8192",
  dtype: "float32,bfloat16",
  layers: "12",
  out: "out/bench_memory.json",
  only: "",
  checkpoint: "",
});
const config = benchConfig(Number(settings.layers));

/** Prefills once in this process. */
async function prefillOnce(
  dtype: "float32" | "bfloat16",
  tokens: number,
  checkpoint: string,
): Promise<Use> {
  await useBackend("tensorflow");
  const decoder = await readDecoder(nativeKernels({ dtype }), config, checkpoint);
  prefill(decoder, 16); // code that is compiled once
  const before = peakMegabytes();
  prefill(decoder, tokens);
  return { dtype, tokens, before, after: peakMegabytes() };
}

if (settings.only) {
  const dtype = settings.only === "float32" ? "float32" : "bfloat16";
  console.log(
    JSON.stringify(await prefillOnce(dtype, Number(settings.tokens), settings.checkpoint)),
  );
} else {
  const checkpoint = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeCheckpoint(config, checkpoint);
    const uses: Use[] = [];
    for (const dtype of settings.dtype.split(",")) {
      for (const tokens of settings.tokens.split(",")) {
        const program = import.meta.filename!;
        const { stdout } = await new Deno.Command(Deno.execPath(), {
          args: [
            ...["run", "-A", program, "--layers", settings.layers, "--only", dtype],
            ...["--tokens", tokens, "--checkpoint", checkpoint],
          ],
          stderr: "inherit",
        }).output();
        uses.push(JSON.parse(new TextDecoder().decode(stdout).trim()));
      }
    }
    const rows = uses.map((use) => {
      const bytes = use.dtype === "float32" ? 4 : 2;
      return {
        ...use,
        megabytes: use.after - use.before,
        kilobytesPerToken: (use.after - use.before) / use.tokens * 1e3,
        plainScoresMegabytes: config.numAttentionHeads * use.tokens ** 2 * bytes / 1e6,
      };
    });
    console.log(table(
      ["dtype", "tokens", "MB", "KB / token", "scores of one layer, MB"],
      rows.map((row) => [
        row.dtype,
        String(row.tokens),
        row.megabytes.toFixed(0),
        row.kilobytesPerToken.toFixed(0),
        row.plainScoresMegabytes.toFixed(0),
      ]),
    ));
    writeRecord(settings.out, {
      what: "peak memory of a prefill above that of the loaded model",
      settings: { ...settings, only: undefined, checkpoint: undefined },
      config,
      machine: manifest(await useBackend("tensorflow")),
      rows,
    });
  } finally {
    await Deno.remove(checkpoint);
  }
}
