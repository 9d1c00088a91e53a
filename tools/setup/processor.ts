/**
 * Our operations compiled for another processor than this machine's, beside the same TensorFlow.
 * @module
 */
import { join } from "node:path";
import { findCompilers, operationArguments } from "./compiler.ts";
import { exists, lastLine, repository, run, SetupError } from "./command.ts";

const native = join(repository, ".native");

/**
 * Makes a folder for `CORELENS_NATIVE`: links to what the set-up made, and our operations compiled for
 * a processor.
 *
 * @param march the processor in the compiler's words, for example `x86-64`
 * @param softwareTiles whether matrix registers are imitated (`soft_tiles.h`), to test what needs them
 * @throws {SetupError} without a set-up or a compiler that can
 */
export async function buildForProcessor(
  march: string,
  folder: string,
  softwareTiles = false,
): Promise<void> {
  if (!await exists(join(native, "tfjs_binding.node"))) {
    throw new SetupError("Cannot compile the operations: `deno task setup` makes what they need");
  }
  const [compiler] = await findCompilers();
  if (!compiler) {
    throw new SetupError("Cannot compile the operations: no C++ compiler is installed");
  }
  await Deno.mkdir(folder, { recursive: true });
  for (const name of ["tensorflow", "tfjs_binding.node", "libcorelens_quiet.so"]) {
    const target = join(folder, name);
    if (!await exists(target) && await exists(join(native, name))) {
      await Deno.symlink(await Deno.realPath(join(native, name)), target);
    }
  }
  const { os, arch } = Deno.build;
  const args = operationArguments(os, arch, join(native, "include"), folder, march);
  if (softwareTiles) args.push("-O1", "-DCORELENS_SOFTWARE_TILES"); // slow in any case
  const { ok, stderr } = await run(compiler.program, [...compiler.args, ...args]);
  if (!ok) throw new SetupError(`Cannot compile the operations for ${march}: ${lastLine(stderr)}`);
}
