import { assertEquals } from "@std/assert";
import { wordReadingResults } from "../../../lab/studies/word_reading.ts";

Deno.test("words read right are counted by kind and in all", () => {
  const results = wordReadingResults([
    { kind: "plain", right: 63, cells: 64, wrong: [["map", "cap"]] },
    { kind: "plain", right: 64, cells: 64, wrong: [] },
    { kind: "pictures", right: 32, cells: 64, wrong: [] },
  ]);
  const value = (kind: string) => results.find((result) => result.kind === kind)!;
  assertEquals([value("plain").value, value("plain").cells], [127 / 128, 128]);
  assertEquals(value("pictures").value, 0.5);
  assertEquals(value("all").value, 159 / 192);
  assertEquals(value("all").ci95[0] < 159 / 192, true);
});
