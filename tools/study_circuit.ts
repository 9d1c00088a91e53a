/**
 * The record of a small model's circuit: which heads write what its retrieval heads read, found from
 * the logits backwards, and judged on other samples. Resumable: what was measured is kept in a journal.
 *
 *     deno run -A tools/study_circuit.ts mini|mini-natural [--samples 4] [--judged 10]
 *     deno run -A tools/study_circuit.ts mini --completeness [--judged 2]    of the recorded circuit
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { circuitSamples, readCircuit } from "../lab/studies/circuit_samples.ts";
import { circuitCompleteness, findCircuit, judgeCircuit, type PathRow } from "../lib/causal/mod.ts";
import { identityOf } from "../lib/experiments/experiment.ts";
import { Journal, type Json } from "../lib/experiments/journal.ts";
import { computedBy, jsonText, makeManifest, writeRecord } from "../lib/experiments/record.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { say } from "./setup/command.ts";

const domains = ["scene", "page", "document", "video"] as const;
/** How the circuit is sought: paths that carry a hundredth and more. */
const search = { least: 0.01, level: 0.95, rounds: 2, draws: 2000, seed: 0 };
/** Seeds: those that chose the heads of `identify` begin at 0. */
const first = { found: 2000, judged: 3000 };

/** How subsets of a circuit are taken from it and from the model. */
const subsets = { subsets: 10, candidates: 5, draws: 2000, seed: 0 };

/** The record of a circuit's completeness, on samples of {@link first}'s `judged`. */
async function recordCompleteness(name: string, model: PretrainedModel, perDomain: number) {
  const results = join("data", "results", name),
    { heads } = await readCircuit(join(results, "circuit"));
  const samples = await circuitSamples(model, perDomain, { domains, first: first.judged });
  const strata = samples.map(({ domain }) => domain);
  const found = await circuitCompleteness(model, samples, heads, { ...subsets, strata });
  const identity = await identityOf({ name: "circuit_completeness" }, {
    ...{ network: model.network, samples, heads },
    ...subsets,
  });
  const manifest = await makeManifest({
    experiment: "circuit_completeness",
    model: name,
    data: `drawn, single words, ${perDomain} of each of ${domains.length} domains, 128 visual ` +
      "tokens; corrupted: another image and question",
    samples: samples.length,
    seed: subsets.seed,
    options: subsets,
    identity,
  }, computedBy(model.network.kernels));
  await writeRecord(join(results, "circuit-completeness"), manifest, {
    "results.json": jsonText(found),
  });
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      samples: { type: "string", default: "3" },
      judged: { type: "string" },
      completeness: { type: "boolean", default: false },
    },
  });
  if (name !== "mini" && name !== "mini-natural") {
    say(`Cannot study ${name}: wanted mini or mini-natural`);
    Deno.exit(2);
  }
  const out = join("data", "results", name, "circuit");
  using model = await fromPretrained(name);
  if (values.completeness) {
    await recordCompleteness(name, model, Number(values.judged ?? 2));
    Deno.exit(0);
  }
  const perDomain = values.judged ?? "10";
  const found = await circuitSamples(model, Number(values.samples), {
    domains,
    first: first.found,
  });
  const identity = await identityOf({ name: "circuit" }, {
    network: model.network,
    samples: found,
    ...search,
  });
  const rows: Record<string, PathRow[]> = {};
  using journal = await Journal.open(join(out, "run.partial"));
  if (JSON.stringify(journal.identity) !== JSON.stringify(identity)) {
    await journal.begin(identity as unknown as Json);
  }
  const circuit = await findCircuit(model, found, {
    ...search,
    strata: found.map(({ domain }) => domain),
    async remembered(receivers, id, measure) {
      const key = `${receivers} | ${id}`, known = journal.entries.get(key)?.value;
      const row = known ? known as unknown as PathRow : await measure();
      if (!known) {
        await journal.add(key, { digest: "", value: row as unknown as Json });
        say(key);
      }
      (rows[receivers] ??= []).push(row);
      return row;
    },
  });
  const judged = await circuitSamples(model, Number(perDomain), {
    domains,
    first: first.judged,
  });
  const judgement = await judgeCircuit(model, judged, circuit.heads, {
    strata: judged.map(({ domain }) => domain),
  });
  const manifest = await makeManifest({
    experiment: "circuit",
    model: name,
    data:
      `drawn, single words, ${values.samples} of each of ${domains.length} domains (judged on ` +
      `${perDomain} others of each), 128 visual tokens; corrupted: another image and question`,
    samples: found.length,
    seed: search.seed,
    options: search,
    identity,
  }, computedBy(model.network.kernels));
  await writeRecord(out, manifest, {
    "results.json": jsonText({ ...circuit, judgement }),
    "rows.json": JSON.stringify(rows, (_, value) =>
      typeof value === "number" ? Number(value.toPrecision(6)) : value) + "\n",
  });
  await journal.remove();
}
