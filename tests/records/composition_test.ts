/** The model card's table of seen and unseen pairs says what its record says. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { repository } from "../suites/program.ts";

interface Part {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly asked: number;
}
interface Cell {
  readonly length: number;
  readonly domain: string;
  readonly asked: number;
  readonly seen: Part;
  readonly unseen: Part;
}

Deno.test("the model card's seen and unseen pairs are those of the record", () => {
  const read = (path: string) => Deno.readTextFileSync(join(repository, path));
  const cells: Cell[] = JSON.parse(read("data/results/mini/composition.json")).accuracy;
  const card = read("data/models/README.md");
  const percent = (share: number) => (100 * share).toFixed(0);
  const text = ({ estimate, low, high, asked }: Part) =>
    `${percent(estimate)} [${percent(low)}, ${percent(high)}], n ${asked}`;
  assertEquals(cells.length, 10);
  for (const { length, domain, asked, seen, unseen } of cells) {
    assertEquals(seen.asked + unseen.asked, asked);
    const line = `| ${length} | ${domain} | ${text(seen)} | ${text(unseen)} |`;
    assert(card.includes(line), line);
  }
});
