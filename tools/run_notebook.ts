/**
 * Executes a notebook in a fresh Deno kernel, through Jupyter in `.venv`.
 *
 * @module
 */
import { join } from "node:path";
import { repository } from "./setup/command.ts";
import { jupyterEnvironment } from "./setup/jupyter.ts";
import { venv } from "./setup/python.ts";
import { type Cell, readCells, withModel } from "./notebooks.ts";

/** How a run went. */
export interface NotebookRun {
  /** Path of the executed notebook. */
  readonly path: string;
  /** Whether every cell ran. */
  readonly ok: boolean;
  /** The error of the cell that failed. */
  readonly error: string;
  /** Seconds that it took. */
  readonly seconds: number;
  /** Its cells with their outputs. */
  readonly cells: readonly Cell[];
}

/** Whether `task setup` could install Jupyter here. */
export function hasJupyter(): boolean {
  try {
    return Deno.statSync(join(venv, "share", "jupyter", "kernels", "deno", "kernel.json")).isFile;
  } catch {
    return false;
  }
}

/** The error in a notebook's outputs, without terminal colours. */
function errorOf(cells: readonly Cell[], stderr: string): string {
  for (const { outputs } of cells) {
    const failed = outputs.find((output) => output["output_type"] === "error");
    if (!failed) continue;
    const text = `${failed["ename"]}: ${failed["evalue"]}\n${
      (failed["traceback"] as string[]).join("\n")
    }`;
    // deno-lint-ignore no-control-regex
    return text.replace(/\x1b\[[0-9;]*m/g, "");
  }
  return stderr.trim().split("\n").slice(-12).join("\n");
}

/**
 * Executes one notebook, in the folder of notebooks.
 *
 * @param path the notebook
 * @param outDir where the executed notebook is written
 * @param model what its `MODEL` becomes; as it is by default
 */
export async function runNotebook(
  path: string,
  outDir: string,
  model?: string,
): Promise<NotebookRun> {
  await Deno.mkdir(outDir, { recursive: true });
  const name = path.split("/").pop()!;
  const out = join(outDir, name);
  const text = await Deno.readTextFile(path);
  const start = performance.now();
  const python = join(venv, Deno.build.os === "windows" ? "Scripts" : "bin", "python");
  const child = new Deno.Command(python, {
    args: [
      ...["-m", "nbconvert", "--stdin", "--to", "notebook", "--execute", "--allow-errors"],
      ...["--ExecutePreprocessor.kernel_name=deno", "--ExecutePreprocessor.timeout=3600"],
      ...["--output-dir", outDir, "--output", name],
    ],
    cwd: join(repository, "notebooks"),
    env: { ...jupyterEnvironment(), NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(model === undefined ? text : withModel(text, model)));
  await stdin.close();
  const { success, stderr } = await output;
  const seconds = (performance.now() - start) / 1000;
  const cells = success ? readCells(out) : [];
  const failed = cells.some(({ outputs }) => outputs.some((o) => o["output_type"] === "error"));
  const ok = success && !failed;
  const error = ok ? "" : errorOf(cells, new TextDecoder().decode(stderr));
  return { path: out, ok, error, seconds, cells };
}
