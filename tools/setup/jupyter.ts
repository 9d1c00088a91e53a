/**
 * Installs JupyterLab into `.venv`, with a kernel that runs this very Deno.
 * @module
 */
import { join } from "node:path";
import { digest, exists, patiently, readIfThere, repository, say, SetupError } from "./command.ts";
import { pip, pipFailure, venv, venvProgram } from "./python.ts";

const stampFile = join(venv, "corelens-jupyter.txt");
const lock = join(repository, "tools", "setup", "jupyter.lock.txt");

/** What Jupyter reads to start a kernel. */
export interface KernelSpec {
  /** Program and arguments; Jupyter fills in `{connection_file}`. */
  readonly argv: readonly string[];
  /** Name in menus. */
  readonly display_name: string;
  /** Language of the cells. */
  readonly language: string;
}

/** The kernel that runs the given Deno. Deno's kernel has every permission. */
export function kernelSpec(deno: string): KernelSpec {
  return {
    argv: [deno, "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
  };
}

/**
 * Environment that keeps Jupyter's settings, logs and kernels inside `.venv`, so that nothing is
 * written to the user's folder and none of the user's own kernels is touched.
 */
export function jupyterEnvironment(): Record<string, string> {
  const share = join(venv, "share", "jupyter");
  const config = join(venv, "etc", "jupyter");
  return {
    JUPYTER_CONFIG_DIR: config,
    JUPYTER_DATA_DIR: share,
    JUPYTER_RUNTIME_DIR: join(share, "runtime"),
    JUPYTER_NO_CONFIG: "1",
    JUPYTER_PREFER_ENV_PATH: "1",
    JUPYTERLAB_SETTINGS_DIR: join(config, "lab", "user-settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(config, "lab", "workspaces"),
    IPYTHONDIR: join(venv, "etc", "ipython"),
  };
}

/** JupyterLab's settings that differ from its own: it asks nobody whether to fetch news. */
export const labSettings = {
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
};

/** Writes JSON to a file under `.venv/share/jupyter` unless it is there. */
async function writeShared(path: readonly string[], value: unknown): Promise<void> {
  const file = join(venv, "share", "jupyter", ...path);
  const text = JSON.stringify(value, null, 2) + "\n";
  if (await readIfThere(file) === text) return;
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await Deno.writeTextFile(file, text);
}

/** Writes the kernel, anew when the running Deno moved, and JupyterLab's settings. */
async function writeSettings(): Promise<void> {
  await writeShared(["kernels", "deno", "kernel.json"], kernelSpec(Deno.execPath()));
  await writeShared(["lab", "settings", "overrides.json"], labSettings);
}

/**
 * How pip installs: only files whose checksums the lock holds, and no package that would have to be
 * built, which runs its code. There is no second try without them.
 */
export function installArguments(lockFile: string): string[] {
  const checks = ["--require-hashes", "--only-binary=:all:", "--no-deps"];
  return ["install", "--quiet", ...checks, "--requirement", lockFile];
}

/**
 * Installs JupyterLab and the kernel unless they are there.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} when the packages cannot be had
 */
export async function setUpJupyter(): Promise<string> {
  const wanted = await digest(await Deno.readTextFile(lock));
  if (await readIfThere(stampFile) === wanted) {
    await writeSettings();
    return "there already";
  }
  if (!await exists(venvProgram("python"))) throw new SetupError("it needs Python 3.10 or later");
  say("      JupyterLab and plotly's renderer: about 55 MB to download, 310 MB installed in .venv");
  const result = await patiently("installing", pip(installArguments(lock)));
  if (!result.ok) throw new SetupError(pipFailure(result.stderr));
  await writeSettings();
  await Deno.writeTextFile(stampFile, wanted);
  return "installed";
}
