import { assertEquals } from "@std/assert";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { textColumn } from "../../lib/heads/arrow_columns.ts";

Deno.test("texts come back in order, each repeated, through a file and back", () => {
  const texts = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(texts, fc.integer({ min: 1, max: 4 }), (values, repeats) => {
    const table = new arrow.Table({
      a: textColumn(0, values, repeats),
      b: textColumn(1, values.toReversed(), repeats),
    });
    const read = arrow.tableFromIPC(arrow.tableToIPC(table, "file"));
    const wanted = (of: readonly string[]) => of.flatMap((text) => Array(repeats).fill(text));
    assertEquals([...read.getChild("a")!], wanted(values));
    assertEquals([...read.getChild("b")!], wanted(values.toReversed()));
  }));
});
