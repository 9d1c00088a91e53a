import { assert, assertEquals } from "@std/assert";
import { packFloats, unpackFloats } from "../../lib/explorer/pack.ts";
import { explorerPage } from "../../lib/explorer/page.ts";
import { packedRows, plannedRows } from "../../lib/explorer/row_budget.ts";
import { room } from "../../lib/explorer/gather.ts";
import { Random } from "../../lib/stats/random.ts";
import { exampleData } from "./example.ts";

/** Numbers that do not compress. */
const noise = (length: number, seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.uniform());
};

Deno.test("rows of 1,152 heads over 4,000 tokens are cut to what a sample may take", async () => {
  const tokens = 4000, queries = 30, characters = Math.floor(room.attention / 40);
  const row = noise(tokens, 1), own = noise(queries * tokens, 2);
  const plan = plannedRows(characters, tokens, 1152, queries);
  const { means, singles, rows } = await packedRows(() => row, () => own, plan, characters);
  assert(rows.length <= characters || means === 1, `${rows.length} of ${characters}`);
  const back = await unpackFloats(rows);
  assertEquals(back.length, (means + singles * queries) * tokens);
  assert(Math.abs(back[7] - row[7]) < 2 ** -11);
});

Deno.test("few tokens leave room for every head's mean", () => {
  const { means, singles } = plannedRows(room.attention / 40, 100, 96, 10);
  assertEquals([means, singles], [96, 24]);
});

Deno.test("a full page of 40 samples and 1,152 heads stays below 12 MB", async () => {
  const data = await exampleData(36, 32);
  const rows = "A".repeat(room.attention / 40), scores = await packFloats(noise(1152, 3));
  const samples = Array.from({ length: 40 }, (_, i) => ({
    ...data.samples[0],
    id: `sample ${i}`,
    rows,
    scores,
    texts: [{ start: 0, pieces: Array(600).fill("token ") }],
  }));
  const images = ["A".repeat(room.images)];
  const maps = Array(5).fill(data.maps[0]);
  assert(explorerPage({ ...data, maps, samples, images }).length < 12_000_000);
});
