import { assert } from "@std/assert";

Deno.test("the folder imports nothing of ours but the error type", () => {
  const folder = new URL("../../lib/figures/", import.meta.url);
  const allowed = ["./", "../common/errors.ts", "node:"];
  for (const entry of Deno.readDirSync(folder)) {
    const source = Deno.readTextFileSync(new URL(entry.name, folder));
    for (const [, from] of source.matchAll(/^(?:import|export)[^;]*? from "([^"]+)";/gm)) {
      assert(allowed.some((start) => from.startsWith(start)), `${entry.name} imports ${from}`);
    }
  }
});

Deno.test("mod.ts exports defined values", async () => {
  const folder = new URL("../../lib/figures/", import.meta.url);
  const all = await import(new URL("mod.ts", folder).href);
  assert(Object.keys(all).length > 15);
  for (const [name, value] of Object.entries(all)) assert(value !== undefined, name);
});
