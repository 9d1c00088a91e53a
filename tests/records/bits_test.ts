/** What docs/results.md says of fewer bits and of Gemma's layers is what the records say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readBits } from "../../lab/studies/bits_record.ts";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import type { AblationResult } from "../../lib/experiments/ablation_table.ts";
import { repository } from "../suites/program.ts";

const results = Deno.readTextFileSync(join(repository, "docs/results.md")).replace(/\s+/g, " ");
const part = (pattern: RegExp) => {
  const [said] = pattern.exec(results) ?? [""];
  assert(said !== "", `${pattern}`);
  return said;
};
const percent = (share: number) => (100 * share).toFixed(0);

Deno.test("docs/results.md: what mini-natural keeps at fewer bits, as recorded", async () => {
  const said = part(/- Fewer bits:.*?notebook 10\)/);
  const levels = await readBits(join(repository, "data/results/mini-natural/bits"));
  const at = (name: string) => levels.find(({ level }) => level === name)!;
  const { stored, agreement: { spearman: { same }, overlap, samples, top } } = at("mlx-4");
  const numbers = [same.estimate, same.low, same.high].map((value) => value.toFixed(2));
  assert(said.includes(`${stored.attention.bits} bits`));
  assert(said.includes(`${numbers[0]} [${numbers[1]}, ${numbers[2]}], ${samples} images`));
  assertEquals([overlap.same.estimate, top], [1, 5]);
  const least = at("mlx-2"), { value, low, high } = least.right;
  assert(said.includes(`at ${least.stored.attention.bits} bits`));
  assertEquals(Math.round(least.agreement.overlap.same.estimate * top), 3); // "three of the five"
  assert(said.includes(`${percent(value)}% [${percent(low)}, ${percent(high)}]`));
  assert(said.includes(`instead of ${percent(at("source").right.value)}%`));
});

Deno.test("docs/results.md: SmolLM2 at few bits, as recorded", async () => {
  const said = part(/SmolLM2 loses answers before heads.*?notebook 10\)/);
  const levels = await readBits(join(repository, "data/results/smol/bits"));
  const { stored, right, agreement: { top, overlap } } = levels.find(({ level }) =>
    level === "mlx-2"
  )!;
  assert(said.includes(`to ${stored.attention.bits} bits`));
  assert(said.includes(`${percent(right.value)}% [${percent(right.low)}, ${percent(right.high)}]`));
  assert(said.includes(`and ${Math.round(top * overlap.same.estimate)} of its ${top} best heads`));
});

Deno.test("docs/results.md: Gemma 3 without its global heads, as recorded", async () => {
  const said = part(/- Gemma 3 270M .*?notebook 10\)/);
  const rows = await readAblatedHeads(join(repository, "data/results/gemma/ablate-window"));
  const at = (condition: string, set?: string) =>
    rows.find((row) =>
      row.condition === condition && row.set === set && row.metric === "accuracy" &&
      row.domain === "all"
    )!;
  const shown = ({ value, ci95: [low, high] }: AblationResult) =>
    `${percent(value)}% [${percent(low)}, ${percent(high)}]`;
  const best = at("set", "global-4");
  assertEquals([best.value, best.heads.length], [0, 4]); // "none"
  assert(best.heads.every(([layer]) => [5, 11, 17].includes(layer)));
  assert(said.includes(`none of ${best.samples} longer texts`));
  assert(said.includes(`of the others ${shown(at("set", "local-4"))}`));
  assert(said.includes(`random ${percent(best.againstControls!.random.value)}%`));
  assert(said.includes(`it is ${shown(at("none"))}`));
});
