import { assert, assertEquals } from "@std/assert";
import { labArguments } from "../../tools/lab.ts";

Deno.test("JupyterLab opens the notebook with the Deno kernel as the default", () => {
  const args = labArguments("notebooks/a.ipynb", false);
  assertEquals(args.slice(0, 3), ["-m", "jupyterlab", "notebooks/a.ipynb"]);
  assert(args.includes("--MultiKernelManager.default_kernel_name=deno"));
  assert(!args.includes("--allow-root"));
  assert(labArguments("notebooks/a.ipynb", true).includes("--allow-root"));
});
