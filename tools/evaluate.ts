/**
 * Evaluates the shipped small model on held-out samples: exact match by domain and length, and what
 * removing or restricting heads does to it.
 *
 *     deno run -A tools/evaluate.ts [--model data/models/mini] [--questions 500]
 *       [--lengths 64,256,1024,4096] [--difficulty 0,3] [--heads | --heads-only] [--variants full,local]
 *       [--samples data/samples] [--out file.json]
 *
 * Chance is a guess among the answers in sight. Intervals are Wilson's at the effective number of
 * questions, since those of one context go together. Pairs that stand in no training image are counted
 * apart: test questions ask about those first.
 * @module
 */
import { parseArgs } from "node:util";
import { writeTextAtomically } from "../lib/common/files.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/mod.ts";
import { gridOf, type HeadId, headName } from "../lib/common/head_id.ts";
import { layerMatchedHeads, randomHeads } from "../lib/heads/controls.ts";
import { bottomHeads, topHeads } from "../lib/heads/select.ts";
import { hybridAttention } from "../lib/sparse/attention.ts";
import { patterns } from "../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../lib/sparse/plan.ts";
import { clusteredShare } from "../lib/stats/clusters.ts";
import { Random } from "../lib/stats/random.ts";
import { domainNames } from "../lab/synthetic/domains.ts";
import { loadSample, readFolderDataSet } from "../lib/data/folder_data_set.ts";
import { isCorrect } from "../lib/data/metrics.ts";
import type { DomainName } from "../lab/synthetic/options.ts";
import { imageGrids } from "../lab/training/curriculum.ts";
import { answerContext, type AnswerOptions } from "../lab/training/evaluate.ts";
import { sequenceLayout, type TokenGrid } from "../lab/training/layout.ts";
import { taskContext } from "../lab/training/task_contexts.ts";
import { questionTokens } from "../lab/training/token_format.ts";

/** Layouts of each length in visual tokens. */
const layouts: Readonly<Record<number, readonly (readonly TokenGrid[])[]>> = {
  64: [imageGrids(1, 8), imageGrids(4, 4)],
  256: [imageGrids(1, 16), imageGrids(4, 8), imageGrids(16, 4)],
  1024: [imageGrids(4, 16), imageGrids(16, 8), imageGrids(1, 32)],
  4096: [imageGrids(16, 16), imageGrids(64, 8)],
};
/** Questions on each context of a length. */
const perContext = (length: number) => length < 1024 ? 16 : 32;

const { values: args } = parseArgs({
  options: {
    model: { type: "string", default: "data/models/mini" },
    questions: { type: "string", default: "500" },
    lengths: { type: "string", default: "64,256,1024,4096" },
    difficulty: { type: "string", default: "0,3" },
    heads: { type: "boolean", default: false },
    "heads-only": { type: "boolean", default: false },
    variants: { type: "string", default: "" },
    samples: { type: "string" },
    out: { type: "string" },
  },
});

/** A held-out context of a domain, length and difficulty; the same for the same number. */
function heldOut(domain: DomainName, length: number, difficulty: number, index: number) {
  const random = new Random(`evaluate ${domain} ${length} ${difficulty} ${index}`);
  const grids = layouts[length][index % layouts[length].length];
  const context = taskContext(random, {
    domain,
    grids,
    difficulty,
    pairs: Math.min(32, length / 4),
    questions: perContext(length),
    words: 64,
    split: "test",
    pixels: true,
  });
  return { context, images: { grids, format: "images" as const } };
}

/** One answered question. */
interface Answered {
  /** 1 or 0. */
  readonly right: number;
  /** Whether its pair or name stands in no training image. */
  readonly unseen: boolean;
  /** Its context: questions share one. */
  readonly context: string;
}

/** Accuracy with an interval that counts questions of one context together. */
function accuracyOf(answers: readonly Answered[]) {
  if (answers.length === 0) return null;
  const { estimate, low, high } = clusteredShare(
    answers.map(({ right }) => right),
    answers.map(({ context }) => context),
  );
  return { estimate, low, high, asked: answers.length };
}

/** Right answers of a domain. */
async function judge(
  model: PretrainedModel,
  domain: DomainName,
  length: number,
  difficulty: number,
  questions: number,
  options: AnswerOptions = {},
) {
  let right = 0, asked = 0, chance = 0;
  const all: Answered[] = [];
  for (let index = 0; asked < questions; index++) {
    const one = heldOut(domain, length, difficulty, index);
    const answers = await answerContext(model, one.images, one.context, options);
    right += answers.filter(Boolean).length;
    asked += answers.length;
    one.context.task.questions.forEach((question, i) => {
      chance += question.chance;
      all.push({ right: Number(answers[i]), unseen: question.heldOut, context: `${index}` });
    });
  }
  return { right, asked, chance: chance / asked, all };
}

/** RAM of every head: attention of the question's tokens on the cells of key and answer. */
async function attentionMass(model: PretrainedModel, contexts: number): Promise<Float64Array> {
  const { layers, heads } = gridOf(model.config.text);
  const mass = new Float64Array(layers * heads);
  let samples = 0;
  for (let index = 0; index < contexts; index++) {
    const domain = domainNames[index % domainNames.length];
    const one = heldOut(domain, 64, 0, 1000 + index);
    const asked = one.context.task.questions;
    const ends = asked.map(({ question, answer }) => questionTokens(question, answer).questionEnd);
    const visual = sequenceLayout(one.images, 1, 1).visual;
    await answerContext(model, one.images, one.context, {
      onPattern: (layer, pattern, k) => {
        const values = k.readSync(pattern);
        const [, , rows, keys] = pattern.shape;
        asked.forEach(({ keyCells, answerCells }, q) => {
          for (let head = 0; head < heads; head++) {
            let sum = 0;
            for (let row = 0; row <= ends[q]; row++) {
              const at = ((q * heads + head) * rows + row) * keys;
              for (const cell of [...keyCells, ...answerCells]) sum += values[at + visual[cell]];
            }
            mass[layer * heads + head] += sum / (ends[q] + 1);
          }
        });
      },
    });
    samples += asked.length;
  }
  return mass.map((sum) => sum / samples);
}

/** Accuracy over all domains at one length with the model changed. */
async function overall(
  model: PretrainedModel,
  length: number,
  options: AnswerOptions,
  questions: number,
): Promise<number> {
  let right = 0, asked = 0;
  for (const domain of domainNames) {
    const one = await judge(model, domain, length, 0, questions / domainNames.length, options);
    right += one.right;
    asked += one.asked;
  }
  return right / asked;
}

const percent = (share: number) => (100 * share).toFixed(1);
const names = (heads: readonly HeadId[]) => heads.map(headName).join(" ");

/** What removing and restricting heads does. */
async function checkHeads(model: PretrainedModel, lengths: readonly number[], questions: number) {
  const grid = gridOf(model.config.text);
  const { layers, heads } = grid;
  const mass = await attentionMass(model, 30);
  const top = topHeads(mass, grid, { fraction: 0.05 });
  const more = topHeads(mass, grid, { fraction: 0.125 });
  console.log(`heads with RAM above .5: ${[...mass].filter((m) => m > 0.5).length}`);
  console.log(
    `top 5%: ${names(top)}; RAM ${top.map((h) => mass[h.layer * heads + h.head].toFixed(2))}`,
  );
  console.log(`top 12.5%: ${names(more)}`);
  const local = patterns.local({ sink: 4, window: 16 });
  const wide = patterns.local({ sink: 4, window: 64 });
  const hybrid = (full: readonly HeadId[], pattern: typeof local | typeof wide) => ({
    attention: hybridAttention(hybridPlan({ layers, heads }, full, pattern)),
  });
  const variants: [string, AnswerOptions][] = [
    ["full model", {}],
    ["without top 5%", { without: top }],
    ["without top 12.5%", { without: more }],
    ["without random 12.5% (1)", { without: randomHeads(more, grid, 1) }],
    ["without layer-matched 12.5% (1)", { without: layerMatchedHeads(more, grid, 1) }],
    ["without bottom 5%", { without: bottomHeads(mass, grid, { fraction: 0.05 }) }],
    ...[1, 2, 3].map((seed): [string, AnswerOptions] => [
      `without random 5% (${seed})`,
      { without: randomHeads(top, grid, seed) },
    ]),
    ...[1, 2, 3].map((seed): [string, AnswerOptions] => [
      `without layer-matched 5% (${seed})`,
      { without: layerMatchedHeads(top, grid, seed) },
    ]),
    ["hybrid: top 5% full, window 16", hybrid(top, local)],
    ["hybrid: top 12.5% full, window 16", hybrid(more, local)],
    ["hybrid: top 5% full, window 64", hybrid(top, wide)],
    ["hybrid: top 12.5% full, window 64", hybrid(more, wide)],
    [
      "hybrid: top 25% full, window 16",
      hybrid(topHeads(mass, grid, { fraction: 0.25 }), local),
    ],
    ["hybrid: random 12.5% full, window 16", hybrid(randomHeads(more, grid, 1), local)],
    ["all heads local, window 16", hybrid([], local)],
  ];
  const parts = args.variants.split(",");
  const chosen = variants.filter(([name]) => parts.some((part) => name.includes(part)));
  const rows: Record<string, Record<string, number>> = {};
  for (const length of lengths) {
    for (const [name, options] of chosen) {
      const accuracy = await overall(model, length, options, questions);
      (rows[name] ??= {})[length] = accuracy;
      console.log(`${String(length).padStart(5)}  ${name.padEnd(38)} ${percent(accuracy)}%`);
    }
  }
  return { ram: [...mass], top: names(top), rows };
}

/** Answers of `ask`, token by token, on a folder of samples: right and all of each domain. */
async function askSamples(model: PretrainedModel, folder: string) {
  const counts: Record<string, [right: number, asked: number]> = {};
  for (const entry of await readFolderDataSet(folder)) {
    const sample = await loadSample(entry);
    const { answer } = await model.ask({ ...sample }, { maxNewTokens: 8 });
    const own = counts[sample.domain] ??= [0, 0];
    own[0] += Number(isCorrect(answer, sample));
    own[1]++;
  }
  for (const [domain, [right, asked]] of Object.entries(counts)) {
    console.log(`${folder}  ${domain.padEnd(10)} ${right} of ${asked} right`);
  }
  return counts;
}

const model = await fromPretrained(args.model);
const lengths = args.lengths.split(",").map(Number);
const questions = Number(args.questions);
const record: Record<string, unknown> = { model: args.model, questions };
if (!args["heads-only"]) {
  const table = [];
  for (const difficulty of args.difficulty.split(",").map(Number)) {
    for (const length of lengths) {
      for (const domain of domainNames) {
        const judged = await judge(model, domain, length, difficulty, questions);
        const { right, asked, chance, all } = judged;
        const { estimate, low, high } = accuracyOf(all)!;
        const seen = accuracyOf(all.filter((one) => !one.unseen));
        const unseen = accuracyOf(all.filter((one) => one.unseen));
        const contexts = new Set(all.map(({ context }) => context)).size;
        table.push({
          ...{ difficulty, length, domain, right, asked, contexts, estimate, low, high, chance },
          ...{ seen, unseen },
        });
        const part = (name: string, one: ReturnType<typeof accuracyOf>) =>
          one === null
            ? ""
            : `  ${name} ${percent(one.estimate)}% [${percent(one.low)}, ${percent(one.high)}], ` +
              `n ${one.asked}`;
        console.log(
          `difficulty ${difficulty}  ${String(length).padStart(5)} tokens  ${domain.padEnd(10)} ` +
            `${percent(estimate).padStart(5)}% [${percent(low)}, ${percent(high)}]  ` +
            `n ${asked} on ${contexts} contexts  chance ${percent(chance)}%` +
            `${part("seen pairs", seen)}${part("unseen", unseen)}`,
        );
      }
    }
  }
  record.accuracy = table;
}
if (args.heads || args["heads-only"]) record.heads = await checkHeads(model, lengths, questions);
if (args.samples) record.samples = await askSamples(model, args.samples);
if (args.out) await writeTextAtomically(args.out, JSON.stringify(record, null, 1) + "\n");
model.dispose();
