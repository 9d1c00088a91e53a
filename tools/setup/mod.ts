/**
 * Sets up the native backend for a project that uses CoReLens as a package: `deno run -A
 * jsr:@corelens/corelens/setup`. TensorFlow's libraries are downloaded once (274 MB) and the binding
 * is compiled into the user's cache, where every project finds it. Without it everything runs on
 * WASM.
 *
 * @module
 */
import { checkoutFolder } from "../../lib/common/package.ts";
import { say, SetupError } from "./command.ts";
import { layOutInstalled } from "./installed.ts";
import { setUpNative } from "./native.ts";
import { makeVenv } from "./python.ts";

const usage = `Usage: deno run -A jsr:@corelens/corelens/setup [--gpu | --cpu]

Sets up CoReLens's native backend in your cache folder: 274 MB to download, 820 MB on disk.

  --gpu  TensorFlow with CUDA (Linux x86-64; 3.4 GB to download)
  --cpu  TensorFlow for the processor, also where the one with CUDA was set up before
`;

/**
 * Sets up the native backend for an installed package.
 *
 * @param gpu take the TensorFlow with CUDA; undefined keeps the kind that is there, else the CPU one
 * @throws {SetupError} when it cannot be had here
 *
 * @example
 * ```ts ignore
 * import { setUp } from "corelens/setup";
 * await setUp();
 * ```
 */
export async function setUp(gpu?: boolean): Promise<void> {
  if (checkoutFolder() === null) say(`files: ${await layOutInstalled()}`);
  say(`Python environment: ${await makeVenv()}`);
  say(`native backend: ${await setUpNative(gpu)}`);
}

if (import.meta.main && Deno.args[0] === "--verify") { // how the set-up tries what it compiled
  const { verifyNative } = await import("./verify_native.ts");
  console.log(await verifyNative(Deno.args[1]));
} else if (import.meta.main) {
  const [choice, ...more] = Deno.args;
  if (more.length > 0 || ![undefined, "--gpu", "--cpu", "--help"].includes(choice)) {
    say(`Cannot set up with ${Deno.args.join(" ")}\n\n${usage}`);
    Deno.exit(2);
  }
  if (choice === "--help") say(usage);
  else {
    try {
      await setUp(choice === undefined ? undefined : choice === "--gpu");
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      say(`native backend: missing, because ${error.message}. Everything runs on WASM: slower.`);
      Deno.exit(1);
    }
  }
}
