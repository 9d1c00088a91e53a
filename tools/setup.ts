/**
 * Prepares everything that the other tasks need, without touching anything outside the repository:
 * npm packages, a Python environment `.venv` with JupyterLab and the Deno kernel, and the native
 * backend `.native`. What is there already is left alone, so that a second run takes no time.
 *
 * What cannot be had is said in one line, and what runs without it goes on running.
 * @module
 */
import { join } from "node:path";
import { isDiskFull, lastLine, repository, run, say, SetupError } from "./setup/command.ts";
import { checkDisk } from "./setup/disk.ts";
import { fetchModel } from "./setup/fetch.ts";
import { setUpJupyter } from "./setup/jupyter.ts";
import { setUpNative } from "./setup/native.ts";
import { makeVenv } from "./setup/python.ts";

const usage = `Usage: deno task setup [--gpu | --cpu] [--no-smol]

  --gpu      TensorFlow with CUDA for the native backend (Linux x86-64; 3.4 GB to download)
  --cpu      TensorFlow for the processor, also where the one with CUDA was set up before
  --no-smol  without SmolLM2-135M-Instruct, for --model smol and notebook 08 (98 MB to download)
`;

/** One thing to set up. */
interface Step {
  /** What it is called. */
  readonly name: string;
  /** Does it, and says in a few words what it did. */
  readonly run: () => Promise<string>;
  /** What works all the same when it fails; null where nothing does. */
  readonly without: string | null;
}

/** Installs the npm packages of the lock file; their install scripts do not run. */
async function installPackages(): Promise<string> {
  const before = await Deno.stat(join(repository, "node_modules")).then(() => true, () => false);
  if (!before) say("      npm packages: about 90 MB to download, 410 MB in node_modules");
  const { ok, stderr } = await run(Deno.execPath(), ["install", "--quiet", "--frozen"]);
  if (!ok) {
    throw new SetupError(isDiskFull(stderr) ? "no space is left on the disk" : lastLine(stderr));
  }
  return before ? "there already" : "installed";
}

/** Runs the steps one after the other; returns whether the indispensable ones succeeded. */
async function runSteps(steps: readonly Step[]): Promise<boolean> {
  for (const [i, step] of steps.entries()) {
    const start = performance.now();
    const label = `[${i + 1}/${steps.length}] ${step.name}`;
    try {
      const done = await step.run();
      say(`${label}: ${done} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(
        `${label}: missing, because ${error.message}. ${step.without ?? "Nothing runs without."}`,
      );
      if (step.without === null) return false;
    }
  }
  return true;
}

if (import.meta.main) {
  const known = new Set(["--gpu", "--cpu"]);
  // `deno task setup` passes --smol; the tasks that only make sure of the set-up do not
  const choices = Deno.args.filter((arg) => arg !== "--smol" && arg !== "--no-smol");
  const smol = Deno.args.includes("--smol") && !Deno.args.includes("--no-smol");
  if (choices.some((arg) => !known.has(arg)) || choices.length > 1) {
    const help = Deno.args.includes("--help");
    say(help ? usage : `Cannot set up with ${choices.join(" ")}\n\n${usage}`);
    Deno.exit(help ? 0 : 2);
  }
  const space = await checkDisk().catch((error) => error);
  if (space instanceof SetupError) {
    say(`Cannot set up: ${space.message}`);
    Deno.exit(1);
  }
  const gpu = choices[0] === undefined ? undefined : choices[0] === "--gpu";
  const succeeded = await runSteps([
    { name: "npm packages", run: installPackages, without: null },
    {
      name: "Python environment",
      run: makeVenv,
      without: "No native backend and no notebooks; everything else runs on WASM.",
    },
    {
      name: "native backend",
      run: () => setUpNative(gpu),
      without: "Everything runs on WASM: slower, and without bfloat16.",
    },
    {
      name: "JupyterLab",
      run: setUpJupyter,
      without: "No notebooks; the library and the command line run.",
    },
    ...(smol
      ? [{
        name: "SmolLM2-135M-Instruct",
        run: () => fetchModel("smol"),
        without: "No --model smol; notebook 08 shows its records.",
      }]
      : []),
  ]);
  if (!succeeded) Deno.exit(1);
}
