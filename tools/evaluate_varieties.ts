/**
 * Accuracy of a small model on every variety of the tasks by itself, on held-out contexts of layouts of any
 * size: what it knows badly. Questions about names and pairs that training never asked about are counted
 * apart. Resumable; the record goes to `--out` when all varieties are there.
 *
 *     deno run -A tools/evaluate_varieties.ts mini|mini-natural|FOLDER [--contexts 12] [--tokens 48,160]
 *       [--out data/results/mini/varieties]
 * @module
 */
import { parseArgs } from "node:util";
import { computedBy, jsonText, makeManifest, writeRecord } from "../lib/experiments/record.ts";
import { fromPretrained } from "../lib/families/mod.ts";
import { clusteredShare } from "../lib/stats/clusters.ts";
import { mean } from "../lib/stats/summary.ts";
import { Random } from "../lib/stats/random.ts";
import { answerContext } from "../lab/training/evaluate.ts";
import { layoutsBetween } from "../lab/training/stages.ts";
import { taskContext } from "../lab/training/task_contexts.ts";
import { varieties, type Variety } from "../lab/training/varieties.ts";
import type { AnyModel } from "../lib/model/network_of.ts";
import { say } from "./setup/command.ts";

/** Most questions on one context. */
const perContext = 8;

/** One variety's line in the record. */
export interface VarietyAccuracy {
  /** Domain and form. */
  readonly variety: string;
  /** Number of questions, on how many contexts. */
  readonly asked: number;
  readonly contexts: number;
  /** Share of right answers, with an interval that counts the questions of one context together. */
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
  /** A guess among the answers in sight. */
  readonly chance: number;
  /** Right and all questions on compositions that training asked about, and on others. */
  readonly seen: readonly [right: number, asked: number];
  readonly unseen: readonly [right: number, asked: number];
}

/** What is asked for, without domain, and in the plain and the varied form alike. */
export const formOf = (variety: string): string =>
  variety.slice(variety.indexOf(": ") + 2).replace(/, plain$/, "");

/** Right and all questions of each form over all domains, in percent: `97, n 480`. */
export function byForm(rows: readonly VarietyAccuracy[]): Readonly<Record<string, string>> {
  const sums = new Map<string, [right: number, asked: number]>();
  for (const { variety, accuracy, asked } of rows) {
    const own = sums.get(formOf(variety)) ?? [0, 0];
    sums.set(formOf(variety), [own[0] + accuracy * asked, own[1] + asked]);
  }
  return Object.fromEntries(
    [...sums].map((
      [form, [right, asked]],
    ) => [form, `${(100 * right / asked).toFixed(0)}, n ${asked}`]),
  );
}

/** Accuracy on held-out contexts of one variety. */
async function accuracyOn(
  model: AnyModel,
  { name, domain, variety }: Variety,
  contexts: number,
  layouts: ReturnType<typeof layoutsBetween>,
): Promise<VarietyAccuracy> {
  const right: number[] = [], chance: number[] = [], clusters: string[] = [];
  const counts = { seen: [0, 0], unseen: [0, 0] };
  for (let i = 0; i < contexts; i++) {
    const random = new Random(`variety ${name} ${i}`);
    const grids = layouts[random.integer(layouts.length)];
    const context = taskContext(random, {
      ...{
        domain,
        grids,
        difficulty: variety,
        pairs: 8 + random.integer(9),
        questions: perContext,
      },
      ...{ words: 64, split: "test", pixels: true },
    });
    const answers = await answerContext(model, { grids, format: "images" }, context);
    context.task.questions.forEach((question, q) => {
      const own = counts[question.heldOut ? "unseen" : "seen"];
      own[0] += Number(answers[q]);
      own[1]++;
      right.push(Number(answers[q]));
      chance.push(question.chance);
      clusters.push(`${i}`);
    });
  }
  const { estimate, low, high } = clusteredShare(right, clusters);
  return {
    ...{ variety: name, asked: right.length, contexts, accuracy: estimate, low, high },
    chance: mean(chance),
    seen: [counts.seen[0], counts.seen[1]],
    unseen: [counts.unseen[0], counts.unseen[1]],
  };
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      contexts: { type: "string", default: "12" },
      tokens: { type: "string", default: "48,160" },
      out: { type: "string" },
    },
  });
  const [least, most] = values.tokens.split(",").map(Number), contexts = Number(values.contexts);
  const layouts = layoutsBetween(least, most);
  using model = await fromPretrained(name);
  const rows: VarietyAccuracy[] = [];
  for (const variety of varieties) {
    const row = await accuracyOn(model, variety, contexts, layouts);
    rows.push(row);
    const percent = (share: number) => (100 * share).toFixed(0).padStart(3);
    say(
      `${row.variety.padEnd(42)} ${percent(row.accuracy)} [${percent(row.low)}, ${
        percent(row.high)
      }], n ${row.asked}; seen ${row.seen.join(" of ")}, unseen ${row.unseen.join(" of ")}`,
    );
  }
  for (const [form, text] of Object.entries(byForm(rows))) say(`${form}: ${text}`);
  say(
    `mean of ${rows.length} varieties: ${
      (100 * mean(rows.map((row) => row.accuracy))).toFixed(1)
    }%`,
  );
  if (values.out) {
    const manifest = await makeManifest({
      experiment: "varieties",
      model: name,
      data: `drawn, test split, ${least} to ${most} visual tokens`,
      samples: rows.reduce((sum, { asked }) => sum + asked, 0),
      seed: 0,
      options: { contexts, tokens: [least, most] },
    }, computedBy(model.network.kernels));
    await writeRecord(values.out, manifest, { "results.json": jsonText(rows) });
  }
}
