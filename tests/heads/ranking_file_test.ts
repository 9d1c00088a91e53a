import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkRanking, readRanking } from "../../lib/heads/ranking_file.ts";

const grid = { layers: 2, heads: 2 };
const all = [[1, 1], [0, 0], [1, 0], [0, 1]];

Deno.test("a ranking of all heads is taken in its order", () => {
  const heads = [[1, 1], [0, 0], [1, 0], [0, 1]].map(([layer, head]) => ({ layer, head }));
  assertEquals(checkRanking({ ranking: all }, grid), heads);
  assertEquals(checkRanking({ ranking: all, layers: 2, heads: 2 }, grid), heads);
});

Deno.test("whatever is no ranking of this model's heads is refused with the reason", () => {
  const changed = (at: number, pair: unknown) => ({ ranking: all.with(at, pair as number[]) });
  const cases: [json: unknown, said: string][] = [
    [null, 'wanted "ranking"'],
    [[], 'wanted "ranking"'],
    ["ranking", 'wanted "ranking"'],
    [{}, 'wanted "ranking"'],
    [{ ranking: null }, 'wanted "ranking"'],
    [{ ranking: { 0: [0, 0] } }, 'wanted "ranking"'],
    [changed(1, [0]), 'wanted "ranking"'],
    [changed(1, [0, 0.5]), 'wanted "ranking"'],
    [changed(1, ["0", "0"]), 'wanted "ranking"'],
    [changed(1, null), 'wanted "ranking"'],
    [changed(3, [1, 1]), "names head L1H1 twice"],
    [changed(3, [2, 0]), "names head L2H0, the model has 2 layers with 2 heads"],
    [changed(3, [-1, 0]), "names head L-1H0"],
    [{ ranking: all.slice(1) }, "ranks 3 heads, the model has 4"],
    [{ ranking: [] }, "ranks 0 heads"],
    [{ ranking: all, layers: 4, heads: 1 }, "it is of 4 layers with 1 heads"],
  ];
  for (const [json, said] of cases) {
    const error = assertThrows(() => checkRanking(json, grid, "x.json"), InputError, said);
    assertEquals(error.message.startsWith("Cannot use x.json: "), true);
  }
});

Deno.test("a file or a folder with scores.json is read; what is no JSON is told", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/scores.json`;
  await Deno.writeTextFile(file, JSON.stringify({ ranking: all }));
  assertEquals(await readRanking(folder, grid), await readRanking(file, grid));
  await Deno.writeTextFile(file, "null");
  await assertRejects(() => readRanking(folder, grid), InputError, file);
  await Deno.writeTextFile(file, '{"ranking": [[0,');
  await assertRejects(() => readRanking(folder, grid), InputError, "scores.json");
  await Deno.remove(folder, { recursive: true });
});
