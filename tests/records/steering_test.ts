/** What docs/results.md says of steering is what the records say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readSteeredHeads } from "../../lib/experiments/steer_heads.ts";
import { repository } from "../suites/program.ts";

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const ends = (range: readonly number[]) => range.map((end) => (100 * end).toFixed(0)).join(", ");

Deno.test("docs/results.md: answers that follow steered heads, and controls, as recorded", async () => {
  const results = Deno.readTextFileSync(join(repository, "docs/results.md")).replace(/\s+/g, " ");
  const [said] = /- Steering moves answers.*?`data\/results\/\*\/steer`\)/.exec(results) ?? [""];
  assert(said !== "");
  for (const name of ["mini", "mini-natural"]) {
    const rows = await readSteeredHeads(join(repository, "data/results", name, "steer"));
    const at = (condition: string) =>
      rows.find((row) => row.condition === condition && row.bias === 32)!;
    const core = at("core");
    assert(said.includes(`${percent(core.followed)} [${ends(core.followedCi95)}]`), name);
    assert(said.includes(`of ${core.samples} samples`));
    for (const control of ["random", "layer-matched"]) {
      const { followed, followedCi95: [, high], draws } = at(control);
      assertEquals(followed, 0, `${name}, ${control}`);
      assert(said.includes(`at most ${percent(high)}, ${draws} draws`));
    }
  }
});

Deno.test("docs/results.md: SmolLM2's answers as its heads are steered, as recorded", async () => {
  const results = Deno.readTextFileSync(join(repository, "docs/results.md")).replace(/\s+/g, " ");
  const [said] = /In SmolLM2, led to another.*?notebook 11\)/.exec(results) ?? [""];
  const rows = await readSteeredHeads(join(repository, "data/results/smol/steer"));
  const found = ["core", "random", "layer-matched"].map((condition) =>
    rows.find((row) => row.condition === condition && row.bias === 16)!
  );
  assert(said.includes("a bias of 16") && said.includes(`of ${found[0].samples} texts`));
  assertEquals(
    [...said.matchAll(/\d+% \[\d+, \d+\]/g)].map(([text]) => text),
    found.map(({ followed, followedCi95 }) => `${percent(followed)} [${ends(followedCi95)}]`),
  );
});
