import { assert, assertEquals } from "@std/assert";
import { operationArguments } from "../../tools/setup/compiler.ts";

Deno.test("our operations are compiled for this processor, beside the binding", () => {
  const linux = operationArguments("linux", "x86_64", "include", "target");
  assert(linux.includes("-march=native") && linux.includes("-Wl,-rpath,$ORIGIN/tensorflow"));
  assertEquals(linux[linux.indexOf("-o") + 1], "target/libcorelens_ops.so");
  const mac = operationArguments("darwin", "aarch64", "include", "target");
  assert(mac.includes("-mcpu=native") && mac.includes("-Wl,-rpath,@loader_path/tensorflow"));
  assert(mac.includes("target/tensorflow/libtensorflow_framework.2.dylib"));
});

Deno.test("the sources of our operations are all included by the file that is compiled", async () => {
  const folder = new URL("../../tools/native/ops/", import.meta.url);
  const included = new Set<string>();
  const follow = async (name: string) => {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, file] of text.matchAll(/^#include "([a-z_]+\.h)"/gm)) {
      if (included.has(file)) continue;
      included.add(file);
      await follow(file);
    }
  };
  await follow("ops.cc");
  const headers = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  assertEquals([...included].sort(), headers.filter((name) => name.endsWith(".h")).sort());
});
