/** The record of mini's circuit: shares from its rows, and what notebook 12 says of it. */
import { join } from "node:path";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { PathRow } from "../../lib/causal/paths/circuit.ts";
import { headIndex, headName } from "../../lib/common/head_id.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { readCircuit } from "../../lab/studies/circuit_samples.ts";
import { repository } from "../suites/program.ts";

const folder = join(repository, "data/results/mini/circuit");
const percent = (share: number) => `${Math.round(100 * share)}%`;

Deno.test("the circuit's shares are the means of its rows, over what the corruption costs", async () => {
  const { edges, heads } = await readCircuit(folder);
  const rows = await readRecordJson(folder, "rows.json") as Record<string, PathRow[]>;
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
  for (const { from, to, input, alone, last } of edges) {
    const own = rows[[input, ...to.map(headName)].join(" ")];
    const loss = sum(own.map(({ clean, corrupted }) => clean - corrupted));
    const share = (part: (row: PathRow) => number) => sum(own.map(part)) / loss;
    const place = typeof from === "string" ? 0 : headIndex(from, 12);
    const found = share((row) => typeof from === "string" ? row.inputs[from] : row.alone[place]);
    assertAlmostEquals(alone.estimate, found, 1e-4);
    if (last) assertAlmostEquals(last.estimate, share((row) => row.last[place]), 1e-4);
    const least = Math.max(Math.abs(alone.estimate), Math.abs(last?.estimate ?? 0));
    assert(least >= 0.01, `${JSON.stringify(from)} carries ${least}`);
  }
  const writers = edges.flatMap(({ from }) => typeof from === "string" ? [] : [headName(from)]);
  assertEquals([...new Set(writers)].sort(), heads.map(headName).sort());
});

Deno.test("notebook 12 and README say what the record holds", async () => {
  const { heads, judgement } = await readCircuit(folder);
  const { faithfulness: own, without, controls, samples } = judgement;
  const text = JSON.parse(await Deno.readTextFile(join(repository, "notebooks/12_circuit.ipynb")))
    .cells
    .map(({ source }: { source: string[] }) => source.join("")).join("\n").replace(/\s+/g, " ");
  const [estimate, low, high] = [own.estimate, own.low, own.high].map(percent);
  const said = [
    `${samples} new samples the ${heads.length} heads of the circuit do ${estimate} [${low}, ${high}]`,
    `are missed by ${Math.floor(100 * (1 - Math.max(...controls.map((c) => c.without))))} to ${
      Math.round(100 * (1 - Math.min(...controls.map((c) => c.without))))
    }%`,
  ];
  for (const claim of said) assert(text.includes(claim), claim);
  const results = (await Deno.readTextFile(join(repository, "docs/results.md"))).replace(
    /\s+/g,
    " ",
  );
  const interval = `${estimate} [${parseInt(low)}, ${parseInt(high)}]`;
  const claim = `${heads.length} of \`mini\`'s 96 heads do ${interval} of what it does`;
  assert(
    results.includes(claim) && results.includes(`on ${samples} samples that did not find them`),
  );
  assert(Math.abs(without.estimate) < 0.005 && without.high < 0.01, "nothing is left without them");
  assert(controls.every(({ faithfulness }) => Math.abs(faithfulness) < 0.005));
});
