import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import {
  photographReading,
  photographReadingResults,
  readPhotographReading,
} from "../../../lab/studies/photograph_reading.ts";

await useBackend("auto");

const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) };
const question = (asked: number) => ({
  sample: {
    ...{ id: `q${asked}`, domain: "example", question: "Which?", answer: "b", evidence: [] },
    images: [image],
  },
  begun: "It is",
  candidates: [" a", " b", " c"],
  asked,
});

Deno.test("of the candidates exactly one is the likeliest, whatever is right", async () => {
  using model = await fromPretrained("tests/golden/llava", { dtype: "float32" });
  const folder = await Deno.makeTempDir();
  const samples = [0, 1, 2].map((asked) => ({
    id: `${asked}`,
    kind: "one image",
    draw: () => question(asked),
  }));
  const given = {
    model,
    samples,
    views: ["seen", "blind"] as const,
    name: "golden",
    data: "three",
  };
  const [result] = await photographReading(given, { folder });
  assertEquals([result.samples, Object.keys(result.choice)], [3, ["seen", "blind"]]);
  assertAlmostEquals(result.chance, 1 / 3);
  assertAlmostEquals(result.choice.seen![0], 1 / 3);
  assertAlmostEquals(result.choice.blind![0], 1 / 3);
  assert(result.free.seen![0] <= result.choice.seen![0]);
  assertEquals(await readPhotographReading(folder), [result]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("shares are counted by kind, with Wilson's intervals", () => {
  const row = (kind: string, seen: number) => ({
    ...{ id: "", kind, chance: 0.125 },
    choice: { seen },
    free: { seen: 0 },
  });
  const results = photographReadingResults([row("x", 1), row("y", 0), row("x", 0)]);
  assertEquals(results.map(({ kind, samples }) => [kind, samples]), [["x", 2], ["y", 1]]);
  const [share, low, high] = results[0].choice.seen!;
  assertEquals(share, 0.5);
  // Wilson's interval of one of two
  assertAlmostEquals(low, 0.0945, 1e-3);
  assertAlmostEquals(high, 0.9055, 1e-3);
});
