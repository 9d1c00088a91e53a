import { assert } from "@std/assert";
import { join } from "node:path";
import { hasJupyter } from "../../tools/run_notebook.ts";
import { repository } from "../../tools/setup/command.ts";
import { jupyterEnvironment } from "../../tools/setup/jupyter.ts";
import { venvProgram } from "../../tools/setup/python.ts";

Deno.test({
  name: "Jupyter's Stop button ends a run between two samples, and the kernel lives on",
  ignore: !hasJupyter(),
  fn: async () => {
    const cells = [
      `import { findHeads, fromPretrained, headSamples } from "corelens";
       import { madeSamples } from "corelens/lab";
       const model = await fromPretrained("mini");
       const samples = headSamples(model, madeSamples(40));
       const onProgress = (done: number, total: number) => console.log("scored: " + done + " of " + total);`,
      `await findHeads(model, samples, { onProgress }); console.log("ran to its end");`,
      `samples.length`,
    ];
    const { stdout, stderr } = await new Deno.Command(venvProgram("python"), {
      args: [join(repository, "tests", "tools", "stop_cell.py"), ...cells],
      cwd: join(repository, "notebooks"),
      env: { ...jupyterEnvironment(), NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout);
    assert(said !== "", new TextDecoder().decode(stderr));
    const [, stopped, after] = JSON.parse(said) as string[];
    assert(stopped.includes("Stopped between two samples"), stopped.slice(-600));
    assert(!stopped.includes("ran to its end"));
    assert(after.includes("200"), after);
  },
});
