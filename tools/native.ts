/**
 * Work on the native backend beyond what the set-up does: our operations for another processor, to
 * test here what runs there, and their check under sanitizers.
 * @module
 */
import { join } from "node:path";
import { repository, say, SetupError } from "./setup/command.ts";
import { buildForProcessor } from "./setup/processor.ts";
import { sanitize } from "./setup/sanitize.ts";

const usage =
  `Usage: deno task native [--sanitize] [--software-tiles] [--march NAME] [--out DIR] [--calls N]
         [--seed N]

  --march NAME  compiles our operations for another processor than this one, in the compiler's words:
                x86-64 (no AVX), haswell (AVX2), skylake-avx512, cooperlake (bfloat16),
                sapphirerapids (matrix registers), into --out (default out/native-NAME)
  --software-tiles  imitates matrix registers, so that what needs them is tested here; the default
                of --march is then this processor, of --out out/native-software-tiles
  --sanitize    checks our operations under the address and undefined-behaviour sanitizers: the
                shapes of the kernel suite, then --calls (5000) random ones from --seed (1)

To test as on a lesser processor, name that folder and hold TensorFlow back:
  CORELENS_NATIVE=out/native-x86-64 TF_ENABLE_ONEDNN_OPTS=0 deno test -A tests/backend
  TF_ENABLE_ONEDNN_OPTS=1 ONEDNN_MAX_CPU_ISA=AVX2 deno test -A tests/backend
With the last, products in bfloat16 are taken in float32: oneDNN has none below AVX-512.
`;

/** Values of the options by name; flags have the value "". */
function readOptions(args: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const name = args[i];
    if (["--sanitize", "--software-tiles", "--help"].includes(name)) options.set(name, "");
    else if (["--march", "--out", "--calls", "--seed"].includes(name) && i + 1 < args.length) {
      options.set(name, args[++i]);
    } else throw new SetupError(`Cannot read ${name}\n\n${usage}`);
  }
  return options;
}

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const softwareTiles = options.has("--software-tiles");
  const march = options.get("--march") ?? (softwareTiles ? "native" : undefined);
  if (options.has("--sanitize")) {
    const number = (name: string, otherwise: number) => {
      const value = Number(options.get(name) ?? otherwise);
      if (Number.isSafeInteger(value) && value >= 0) return value;
      throw new SetupError(`Cannot use ${name} ${options.get(name)}: wanted a whole number`);
    };
    const calls = number("--calls", 5000), seed = number("--seed", 1);
    const { ok, report } = await sanitize({ march, calls, seed, softwareTiles });
    say(report);
    return ok ? 0 : 1;
  }
  if (march === undefined) {
    say(usage);
    return options.has("--help") ? 0 : 2;
  }
  const name = softwareTiles ? "software-tiles" : march;
  const folder = options.get("--out") ?? join(repository, "out", `native-${name}`);
  await buildForProcessor(march, folder, softwareTiles);
  say(`${folder}: set CORELENS_NATIVE to it`);
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    Deno.exit(2);
  }
}
