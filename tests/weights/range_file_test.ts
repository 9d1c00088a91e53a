import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { RangeFile } from "../../lib/weights/range_file.ts";

Deno.test("RangeFile: ranges at once are those of the file, shorter at its end", async () => {
  const path = await Deno.makeTempFile();
  const whole = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
  await Deno.writeFile(path, whole);
  using file = await RangeFile.open(path, "shown");
  assertEquals([file.size, file.path], [1000, "shown"]);
  const range = fc.tuple(fc.nat(1100), fc.nat(300));
  await fc.assert(fc.asyncProperty(fc.array(range, { maxLength: 8 }), async (ranges) => {
    const found = await Promise.all(ranges.map(([at, length]) => file.read(at, length)));
    assertEquals(found, ranges.map(([at, length]) => whole.slice(at, at + length)));
  }));
  await Deno.remove(path);
});

Deno.test("RangeFile: no file, and a folder, are errors", async () => {
  await assertRejects(() => RangeFile.open("tests/none"), InputError, "no such file");
  await assertRejects(
    () => RangeFile.open("tests", "shown"),
    InputError,
    "shown: it is not a file",
  );
});
