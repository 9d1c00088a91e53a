import { assertEquals } from "@std/assert";
import { hash128 } from "../../lib/stats/hash.ts";
import { reference } from "./reference.ts";

Deno.test("the hash equals MurmurHash3_x86_128 of the mmh3 package", () => {
  for (const { text, words } of reference.hashes) assertEquals([...hash128(text)], words, text);
});
