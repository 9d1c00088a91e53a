/** What docs/results.md says of fewer bits and of Gemma's layers is what the records say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readBits } from "../../lab/studies/bits_record.ts";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import { readHybridQuality } from "../../lib/experiments/hybrid_quality.ts";
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

Deno.test("docs/results.md: Gemma 3 with long sight in some layers only, as recorded", async () => {
  const said = part(/The answers need no other long look:.*?draws\)/);
  const rows = await readHybridQuality(join(repository, "data/results/gemma/hybrid-window"));
  const at = (policy: string) => rows.filter((row) => row.policy === policy);
  const shown = (value: number, [low, high]: readonly [number, number]) =>
    `${percent(value)}% [${percent(low)}, ${percent(high)}]`;
  const [core] = at("core"), [bottom] = at("bottom"), random = at("random");
  assertEquals([core.denseValue, core.dense95], [core.sparseValue, core.ci95]);
  assert(
    said.includes(`(${core.samples}, the other heads see ${core.sink} + ${core.window} tokens)`),
  );
  assert(
    said.includes(`it is ${shown(core.sparseValue, core.ci95)} where only the heads of those`),
  );
  assert(said.includes(`${shown(bottom.sparseValue, bottom.ci95)} where only the others' do`));
  assertEquals(random.map(({ sparseValue }) => sparseValue), [0.1, 0.1, 0.1]);
  assert(said.includes(`(${random.length} draws)`));
});

Deno.test("docs/results.md: SmolLM2 on pages at few bits, as recorded", async () => {
  const said = part(/On pages, with a vision tower.*?notebook 10\)/);
  const levels = await readBits(join(repository, "data/results/smol-vision/bits"));
  const at = (name: string) => levels.find(({ level }) => level === name)!;
  const shown = (name: string) => {
    const { value, low, high } = at(name).right;
    return `${percent(value)}% [${percent(low)}, ${percent(high)}]`;
  };
  assertEquals(at("source").right, at("mlx-6").right);
  assert(said.includes(`${shown("source")} of ${at("source").asked} at 16 bits and at 6.5`));
  assert(said.includes(`in ${shown("mlx-4")} at ${at("mlx-4").stored.attention.bits}`));
  const { stored, agreement: { overlap, top } } = at("mlx-3");
  assert(said.includes(`in ${shown("mlx-3")} at ${stored.attention.bits}`));
  assertEquals(overlap.same.estimate, 1);
  assert(said.includes(`all ${top} best heads`));
});
