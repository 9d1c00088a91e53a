/**
 * Records of prior heads and of heads that speak for the text: capitals that a text gets wrong. Every
 * head alone on half of the facts that the model knows (`priors/heads`); on the other half the heads
 * that these name, the retrieval heads of the model's `identify` record, and random and layer-matched
 * heads (`priors/sets`). Resumable; needs `deno task smol` or `deno task qwen`.
 *
 *     deno run -A tools/study_priors.ts smol|qwen [--sentences 1] [--draws 20]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { capitals, contradictedFacts } from "../lab/pages/contradicted_facts.ts";
import {
  conflictSamples,
  type ConflictSet,
  knownFacts,
  priorHeads,
} from "../lab/studies/prior_heads.ts";
import { allHeads, headName, parseHead } from "../lib/common/head_id.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { layerMatchedHeads } from "../lib/heads/controls.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { topHeads } from "../lib/heads/select.ts";
import { Random } from "../lib/stats/random.ts";
import { say } from "./setup/command.ts";
import { progress } from "./study_smol.ts";

const studies: Readonly<Record<string, { readonly title: string; readonly identify: string }>> = {
  smol: { title: "SmolLM2-135M-Instruct Q4_1", identify: "identify-owners" },
  qwen: { title: "Qwen2.5-Coder-0.5B-Instruct Q4_K_M", identify: "identify" },
};

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      sentences: { type: "string", default: "1" },
      draws: { type: "string", default: "20" },
    },
  });
  if (!Object.hasOwn(studies, name)) {
    say(`Cannot study ${name}: wanted one of ${Object.keys(studies).join(", ")}`);
    Deno.exit(2);
  }
  const { title, identify } = studies[name], out = join("data", "results", name);
  const sentences = Number(values.sentences), draws = Number(values.draws);
  using model = await fromPretrained(name, { dtype: "float32" });
  const facts = await knownFacts(model, capitals);
  const half = (rest: number) =>
    contradictedFacts(facts.filter((_, i) => i % 2 === rest), { sentences, split: "test" });
  const data = (count: number) =>
    `${count} of ${facts.length} capitals that it knows of ${capitals.length}, contradicted among ` +
    `${sentences} other sentence${sentences === 1 ? "" : "s"}`;
  const [chosenOn, testedOn] = [0, 1].map((rest) => conflictSamples(model, half(rest)));
  const all = allHeads(model.grid);
  const alone = await priorHeads({
    model,
    samples: chosenOn,
    sets: all.map((head) => ({ name: headName(head), heads: [head] })),
    name: title,
    data: data(chosenOn.length),
  }, { folder: join(out, "priors", "heads"), onProgress: progress("heads alone") });
  const changes = new Map(alone.map((row) => [row.name, row.change]));
  const count = Math.max(1, Math.round(0.05 * all.length));
  const ranked = all.map(headName).sort((a, b) => changes.get(a)! - changes.get(b)!);
  const found = await readFoundHeads(join(out, identify));
  const calibrated = scoresBy(found, "calibrated");
  const named: ConflictSet[] = [
    { name: "text heads", heads: ranked.slice(0, count).map(parseHead) },
    { name: "prior heads", heads: ranked.slice(-count).map(parseHead) },
    { name: "retrieval heads", heads: topHeads(meanScores(calibrated), model.grid, { count }) },
  ];
  const taken = new Set(named.flatMap(({ heads }) => heads.map(headName)));
  const rest = all.filter((head) => !taken.has(headName(head)));
  const drawn = Array.from({ length: draws }, (_, i) => i).flatMap((i): ConflictSet[] => [
    {
      name: "random",
      heads: [...new Random(i).fork("random").choice(rest.length, count)].map((at) => rest[at]),
    },
    ...named.map(({ name, heads }) => ({
      name: `layers of ${name}`,
      heads: layerMatchedHeads(heads, model.grid, `0/${i}`),
    })),
  ]);
  const rows = await priorHeads({
    model,
    samples: testedOn,
    sets: [...named, ...drawn],
    name: title,
    data: data(testedOn.length),
  }, { folder: join(out, "priors", "sets"), onProgress: progress("sets") });
  for (const { name, heads, margin, change, changeCi95, followsText } of rows) {
    const range = changeCi95.map((end) => end.toFixed(2)).join(", ");
    say(
      `${name} (${heads}): margin ${margin.toFixed(2)}, change ${
        change.toFixed(2)
      } [${range}], text ${followsText.toFixed(2)}`,
    );
  }
}
