/** What phases leave of the weights that they begin with. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { useBackend } from "../../../lib/backend/select.ts";
import { readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import { loadExported } from "../../../lab/training/imported.ts";
import { ModelParameters } from "../../../lab/training/parameters.ts";
import { shippedConfig, weightSeed } from "../../../lab/training/recipe.ts";
import { readoutsPhase } from "../../../lab/training/run_phases.ts";
import { repository } from "../../suites/program.ts";

await useBackend("auto");

Deno.test("readouts learn to read an exported model, which stays as it is", async () => {
  const folder = await Deno.makeTempDir(), to = join(folder, "readouts.safetensors");
  const from = join(repository, "data/models/mini-natural");
  const stop = new AbortController();
  await readoutsPhase({ from, to, signal: stop.signal, onLine: () => stop.abort() });
  const { tensors } = await readSafetensorsFile(to);
  const model = new ModelParameters(shippedConfig, weightSeed, { readouts: [] });
  await loadExported(from, model);
  for (const [name, variable] of model.variables) {
    assertEquals(tensors.get(`weights/${name}`)!.data, variable.dataSync(), name);
  }
  const drawn = new ModelParameters(shippedConfig, weightSeed, { readouts: ["column"] });
  const before = drawn.get("readout.column").dataSync();
  const after = tensors.get("weights/readout.column")!.data;
  assert(after.some((value, i) => value !== before[i]));
  model.dispose();
  drawn.dispose();
  await Deno.remove(folder, { recursive: true });
});
