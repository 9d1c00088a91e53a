/** What docs/method.md says of attribution patching is what the records say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readAttributionReferee } from "../../lab/studies/attribution_referee.ts";
import { median } from "../../lib/stats/summary.ts";
import { repository } from "../suites/program.ts";

/** An estimate with its interval as tables print it. */
const printed = (
  { estimate, low, high }: { estimate: number; low: number; high: number },
  digits: number,
) => `${estimate.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;

Deno.test("docs/method.md: attribution patching against exact effects, as recorded", async () => {
  const method = Deno.readTextFileSync(join(repository, "docs/method.md"));
  const table = method.split("\n").filter((line) => /^\| (mini|SmolLM2) /.test(line));
  assert(table.length > 0);
  for (const line of table) {
    const [name, ...cells] = line.split("|").slice(1, -1).map((cell) => cell.trim());
    const folder = name === "mini" ? "mini" : "smol";
    const result = await readAttributionReferee(
      join(repository, "data/results", folder, "attribution"),
    );
    const row = (change: string, estimator: string) =>
      result.rows.find((one) => one.change === change && one.estimator === estimator)!;
    const first = row("zero", "first");
    assertEquals(cells, [
      String(result.samples),
      printed(first.ofMeans, 2),
      `${(100 * first.sharedTop).toFixed(0)}%`,
      printed(row("zero", "integrated").ofMeans, 2),
      printed(row("mean", "first").ofMeans, 2),
      printed(result.time.ratio, 1),
    ]);
    assertEquals(result.steps, 5);
    assert(result.time.ratio.estimate < 4);
  }
  const { missed } = await readAttributionReferee(
    join(repository, "data/results/mini/attribution"),
  );
  const ratios = (part: number) => missed.map(({ first, byPart }) => byPart[part] / first);
  const said =
    /effect over slope is ([0-9.]+) for the first quarter and ([0-9.]+) for the whole, at most ([0-9]+\.[0-9])/
      .exec(method.replace(/\s+/g, " "))!.slice(1);
  const [quarter, whole] = [ratios(0), ratios(3)];
  assertEquals(
    said,
    [4 * median(quarter), median(whole), Math.max(...whole)].map((x) => x.toFixed(1)),
  );
  const smol = await readAttributionReferee(
    join(repository, "data/results/smol/attribution"),
  );
  const [steep, turning] = smol.missed, text = method.replace(/\s+/g, " ");
  assertEquals([steep.head, turning.head], ["L24H4", "L15H7"]);
  const [part, all, slope] = [steep.byPart[0], steep.byPart[3], steep.first]
    .map((x) => x.toFixed(2));
  assert(text.includes(`by ${part} nats for the first quarter and by ${all} for the whole`));
  assert(text.includes(`the slope says ${slope};`));
  const signs = `slope ${turning.first.toFixed(2)}, whole ${turning.byPart[3].toFixed(2)}`;
  assert(text.includes(signs) && turning.first < 0 && turning.byPart[3] > 0);
});

Deno.test("docs/method.md: attribution between two prompts against activation patching", async () => {
  const text = Deno.readTextFileSync(join(repository, "docs/method.md")).replace(/\s+/g, " ");
  const { rows: [first, integrated], samples, steps } = await readAttributionReferee(
    join(repository, "data/results/mini/attribution-noise-image"),
  );
  assertEquals([first.estimator, integrated.estimator], ["first", "integrated"]);
  const share = (x: number) => `${(100 * x).toFixed(0)}%`;
  for (
    const said of [
      `the image of each of the ${samples} samples`,
      `single heads by ${printed(first.ofMeans, 2)}, EAP-IG with ${steps} steps by ` +
      printed(integrated.ofMeans, 2),
      `they name ${share(first.sharedTop)} and ${share(integrated.sharedTop)}`,
      `effects are ${integrated.error.toFixed(0)} times as far`,
    ]
  ) assert(text.includes(said), said);
});
