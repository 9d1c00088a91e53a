/**
 * Opens JupyterLab of `.venv` at a copy of the first notebook, with the Deno kernel as the default: the
 * copies lie in `my-notebooks`, which git ignores. Settings and logs stay inside `.venv`; more arguments
 * go to JupyterLab.
 * @module
 */
import { join } from "node:path";
import { hasJupyter } from "./run_notebook.ts";
import { exists, repository, say } from "./setup/command.ts";
import { jupyterEnvironment } from "./setup/jupyter.ts";
import { pythonEnvironment, venvProgram } from "./setup/python.ts";
import { copyNotebooks, workingFolder } from "./working_copies.ts";

/** Arguments for Python that start JupyterLab. As the system's administrator it needs leave to run at all. */
export function labArguments(notebook: string, administrator: boolean): string[] {
  return [
    // not the program "jupyter", which names the folder that it was installed in
    ...["-m", "jupyterlab"],
    notebook,
    `--ServerApp.root_dir=${repository}`,
    "--MultiKernelManager.default_kernel_name=deno",
    "--KernelSpecManager.ensure_native_kernel=False",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ...(administrator ? ["--allow-root"] : []),
  ];
}

if (import.meta.main) {
  const python = venvProgram("python");
  if (!await exists(python) || !hasJupyter()) {
    say("Cannot open JupyterLab: it is not installed; the set-up above says why");
    Deno.exit(1);
  }
  const administrator = Deno.build.os !== "windows" && Deno.uid() === 0;
  const { copied, kept } = await copyNotebooks(
    join(repository, "notebooks"),
    join(repository, workingFolder),
  );
  if (copied.length > 0) say(`${workingFolder}: ${copied.length} notebooks copied to work in`);
  if (kept.length > 0) {
    say(
      `${workingFolder}: ${
        kept.join(", ")
      } changed in the repository, but you edited your copy: it stays ` +
        "as it is; delete or rename it to get the new one",
    );
  }
  const notebook = join(workingFolder, "00_start_here.ipynb");
  const child = new Deno.Command(python, {
    args: [...labArguments(notebook, administrator), ...Deno.args],
    cwd: repository,
    env: { ...pythonEnvironment(Deno.env.toObject()), ...jupyterEnvironment() },
    clearEnv: true,
  }).spawn();
  // Control-C reaches JupyterLab too, which asks before it stops: wait for its answer.
  Deno.addSignalListener("SIGINT", () => {});
  Deno.exit((await child.status).code);
}
