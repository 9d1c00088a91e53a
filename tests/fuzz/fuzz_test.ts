import { assert, assertEquals } from "@std/assert";
import { Random } from "../../lib/stats/random.ts";
import { mutateBytes, mutateJson } from "./mutate.ts";
import { readers } from "./readers.ts";
import { fuzz } from "./run.ts";

for (const [name, { cases, mends }] of Object.entries(readers)) {
  Deno.test(`fuzz: ${name}: damaged input is refused in one line, or read`, async () => {
    const { refused, accepted, problems } = await fuzz(name, 1, 0, cases);
    assertEquals(problems, []);
    assertEquals(refused + accepted, cases);
    assert(mends || refused > 0, "nothing was refused: the cases are not damaged");
  });
}

Deno.test("the same seed damages in the same way", () => {
  const value = { a: [1, { b: "x" }], c: null },
    bytes = Uint8Array.from({ length: 99 }, (_, i) => i);
  assertEquals(mutateJson(value, new Random("s")), mutateJson(value, new Random("s")));
  assertEquals(mutateBytes(bytes, new Random("s")), mutateBytes(bytes, new Random("s")));
  assertEquals(value, { a: [1, { b: "x" }], c: null });
});

Deno.test("a reader that fails or does not end is a problem, and the others go on", async () => {
  const { problems } = await fuzz("no such reader", 1, 0, 3);
  assertEquals(problems.length, 1);
});
