/**
 * What the set-up of an installed package needs on disk: the C++ sources, and the two npm packages
 * that the binding is compiled from. In a checkout all of it is there.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { checkoutFolder, packageRoot } from "../../lib/common/package.ts";
import { type CommandOptions, lastLine, repository, run, SetupError } from "./command.ts";

/** Files of the package that the compiler reads, from its root. */
export const compiledFiles: readonly string[] = [
  "quiet.cc",
  ...[
    ...[
      "attention.h",
      "attention_few.h",
      "attention_float.h",
      "attention_pairs.h",
      "blocks.h",
      "buffers.h",
      "bytes.h",
      "calls.h",
      "decoder_layer.h",
      "few_products.h",
      "formats.h",
    ],
    ...[
      "gradient_calls.h",
      "gradients.h",
      "large_pages.h",
      "layer_calls.h",
      "linear.h",
      "linear_few.h",
      "linear_float.h",
      "linear_split.h",
      "ops.cc",
      "pack_float.h",
      "pack_groups.h",
    ],
    ...[
      "packed.h",
      "packed_calls.h",
      "packed_digits.h",
      "packed_few.h",
      "parallel.h",
      "plain_weight.h",
      "pointwise.h",
      "read_file.h",
      "row_attention.h",
      "row_calls.h",
      "scratch.h",
      "sizes.h",
      "soft_tiles.h",
      "strassen.h",
      "tensors.h",
      "tiles.h",
    ],
    ...["transpose.h", "vectors.h"],
  ].map((name) => `ops/${name}`),
].map((name) => `tools/native/${name}`);

/** The npm packages whose sources and headers are compiled, as in `deno.json`. */
export const compiledPackages: Readonly<Record<string, string>> = {
  "@tensorflow/tfjs-node-gpu": "npm:@tensorflow/tfjs-node-gpu@4.22.0",
  "node-api-headers": "npm:node-api-headers@1.9.0",
};

/** How to start a program of this package in a process of its own, as this one was started. */
export function childOptions(): { flags: string[]; options: CommandOptions } {
  if (checkoutFolder() !== null) return { flags: ["--frozen"], options: {} };
  const overHttp = packageRoot.protocol.startsWith("http");
  const map = overHttp ? [`--import-map=${new URL("deno.json", packageRoot)}`] : [];
  return { flags: ["--no-lock", ...map], options: { cwd: Deno.cwd() } };
}

/** Puts one file of the package where the set-up looks for it. */
async function place(name: string): Promise<void> {
  const response = await fetch(new URL(name, packageRoot)).catch((error: Error) => error);
  if (response instanceof Error || !response.ok) {
    if (response instanceof Response) await response.body?.cancel();
    throw new SetupError(`${new URL(name, packageRoot)} cannot be read`);
  }
  const path = join(repository, name);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, new Uint8Array(await response.arrayBuffer()));
}

/**
 * Lays out the cache folder of an installed package, so that the set-up finds in it what it finds in
 * a checkout.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} when a file or package cannot be had
 */
export async function layOutInstalled(): Promise<string> {
  await Deno.mkdir(repository, { recursive: true });
  const config = {
    nodeModulesDir: "auto",
    allowScripts: { allow: [], deny: ["npm:@tensorflow/tfjs-node-gpu", "npm:core-js"] },
    imports: compiledPackages,
  };
  await Deno.writeTextFile(join(repository, "deno.json"), JSON.stringify(config, null, 2) + "\n");
  for (const name of [...compiledFiles, "tools/setup/cuda.txt"]) await place(name);
  const { ok, stderr } = await run(Deno.execPath(), ["install", "--quiet"]);
  if (!ok) throw new SetupError(lastLine(stderr));
  return repository;
}
