/**
 * Asks models every shipped sample's question, as `corelens ask` does, and writes down what they answer:
 * a record, and a page with a row for each sample.
 *
 *     deno run -A tools/ask_samples.ts mini mini-natural mini-varied
 *       [--out data/results/mini-varied/asked] [--page data/results/mini-varied/asked.md]
 * @module
 */
import { parseArgs } from "node:util";
import { writeTextAtomically } from "../lib/common/files.ts";
import { loadSample, readFolderDataSet } from "../lib/data/folder_data_set.ts";
import { isCorrect } from "../lib/data/metrics.ts";
import {
  type Computed,
  computedBy,
  jsonText,
  makeManifest,
  writeRecord,
} from "../lib/experiments/record.ts";
import { fromPretrained } from "../lib/families/mod.ts";
import { say } from "./setup/command.ts";

/** One model's answer to one sample. */
export interface AskedSample {
  readonly sample: string;
  readonly domain: string;
  readonly question: string;
  /** The right answers; any of them counts. */
  readonly wanted: readonly string[];
  readonly model: string;
  readonly answer: string;
  readonly right: boolean;
}

/** Number of right answers of each model: by domain, and of all. */
export function rightByDomain(
  rows: readonly AskedSample[],
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const models = new Map<string, Map<string, string>>();
  for (const model of new Set(rows.map((row) => row.model))) {
    const own = rows.filter((row) => row.model === model), counts = new Map<string, string>();
    for (const domain of new Set(own.map((row) => row.domain))) {
      const asked = own.filter((row) => row.domain === domain);
      counts.set(domain, `${asked.filter(({ right }) => right).length} of ${asked.length}`);
    }
    counts.set("all", `${own.filter(({ right }) => right).length} of ${own.length}`);
    models.set(model, counts);
  }
  return models;
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

/** The page: counts first, then a row for each sample; wrong answers are struck through. */
export function samplesPage(rows: readonly AskedSample[]): string {
  const counts = rightByDomain(rows), models = [...counts.keys()];
  const columns = [...counts.get(models[0])!.keys()];
  const names = models.map((model) => `\`${model}\``);
  const samples = [...new Set(rows.map(({ sample }) => sample))];
  const said = (sample: string, model: string) => {
    const { answer, right } = rows.find((row) => row.sample === sample && row.model === model)!;
    return right ? answer : `~~${answer || "(nothing)"}~~`;
  };
  return [
    "# What the small models answer on the shipped samples",
    "",
    "`corelens ask` on every sample of `data/samples`, written by `tools/ask_samples.ts`; wrong answers are",
    "struck through.",
    "",
    line(["model", ...columns]),
    line(["---", ...columns.map(() => "---")]),
    ...names.map((name, i) => line([name, ...columns.map((c) => counts.get(models[i])!.get(c)!)])),
    "",
    line(["sample", "question", "answer", ...names]),
    line(["---", "---", "---", ...names.map(() => "---")]),
    ...samples.map((sample) => {
      const { question, wanted } = rows.find((row) => row.sample === sample)!;
      return line([
        sample,
        question,
        wanted.join(" or "),
        ...models.map((model) => said(sample, model)),
      ]);
    }),
    "",
  ].join("\n");
}

if (import.meta.main) {
  const { values, positionals: models } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      out: { type: "string", default: "data/results/mini-varied/asked" },
      page: { type: "string", default: "data/results/mini-varied/asked.md" },
    },
  });
  const rows: AskedSample[] = [];
  const entries = await readFolderDataSet("data/samples");
  let computed: Computed | undefined;
  for (const name of models) {
    using model = await fromPretrained(name);
    computed = computedBy(model.network.kernels);
    for (const entry of entries) {
      const sample = await loadSample(entry);
      const { answer } = await model.ask(sample, { maxNewTokens: 8 });
      rows.push({
        ...{ sample: sample.id, domain: sample.domain, question: sample.question },
        wanted: [sample.answer].flat(),
        ...{ model: name, answer, right: isCorrect(answer, sample) },
      });
    }
    say(`${name}: ${rightByDomain(rows).get(name)!.get("all")} right`);
  }
  const manifest = await makeManifest({
    experiment: "asked_samples",
    model: models.join(", "),
    data: "data/samples",
    samples: entries.length,
    seed: 0,
    options: { maxNewTokens: 8 },
  }, computed!);
  await writeRecord(values.out, manifest, { "results.json": jsonText(rows) });
  await writeTextAtomically(values.page, samplesPage(rows));
}
