/**
 * Prior heads against retrieval heads: where a text contradicts what the weights say, which heads speak
 * for the text and which for the weights? Heads are ablated from the question on, alone or in sets, and
 * the two answers' log-probabilities are compared: what counts is the margin of the text's answer over
 * the weights' own.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import type { HeadId } from "../../lib/common/head_id.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { type AnswerSample, sweep } from "../../lib/causal/sweep.ts";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import { crossedInterval } from "../../lib/stats/crossed.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { wilsonOfShare } from "../../lib/stats/proportion.ts";
import { mean } from "../../lib/stats/summary.ts";
import { begunFact, type ContradictedFact, type Fact } from "../pages/contradicted_facts.ts";
import { begunText } from "./begun_text.ts";
import { firstToken, likeliestToken } from "./next_token.ts";

/** A prompt whose text and whose model say different things. */
export interface ConflictSample extends Omit<AnswerSample, "answerIds"> {
  /** First token of the text's answer. */
  readonly said: number;
  /** First token of the answer that the weights give. */
  readonly known: number;
}

/** Heads that are removed together. */
export interface ConflictSet {
  /** What they are; sets of one name are draws of one kind. */
  readonly name: string;
  /** The heads. */
  readonly heads: readonly HeadId[];
}

/** What becomes of the two answers without some heads. */
export interface ConflictResult {
  /** What the heads are; `none` for the model as it is. */
  readonly name: string;
  /** How many heads. */
  readonly heads: number;
  /** Draws of the heads. */
  readonly draws: number;
  /** Number of samples. */
  readonly samples: number;
  /** Log-probability of the text's answer minus that of the weights' answer, in nats. */
  readonly margin: number;
  /** Change of the margin by the ablation; negative where the weights gain. */
  readonly change: number;
  /** Its 95% interval over samples, and over draws where there are several. */
  readonly changeCi95: readonly [low: number, high: number];
  /** Share of samples in which the text's answer is the likelier of the two. */
  readonly followsText: number;
  /** Its 95% interval: Wilson's, and no narrower over samples and draws. */
  readonly followsTextCi95: readonly [low: number, high: number];
  /** Share in which the text's answer is the likeliest of all tokens. */
  readonly saysText: number;
  /** Share in which the weights' answer is. */
  readonly saysKnown: number;
}

/** One sample under every set, the whole model first. */
interface ConflictRow {
  readonly id: string;
  readonly said: readonly number[];
  readonly known: readonly number[];
  /** 1 where the text's answer is the likeliest token, -1 where the weights' is, else 0. */
  readonly likeliest: readonly number[];
}

interface ConflictConfig extends ExperimentConfig {
  readonly samples: readonly ConflictSample[];
  readonly sets: readonly ConflictSet[];
  readonly seed: number;
}

/**
 * The facts that a model knows: without a text, the capital is what it says next.
 *
 * @example
 * ```ts
 * import { knownFacts } from "./prior_heads.ts";
 * import { capitals } from "../pages/contradicted_facts.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf");
 * assertEquals(await knownFacts(model, capitals.slice(0, 3)), []); // its weights are random
 * ```
 */
export async function knownFacts(model: PretrainedModel, facts: readonly Fact[]): Promise<Fact[]> {
  const known: Fact[] = [];
  for (const fact of facts) {
    const { inputs } = begunText(model.processor.tokenizer, "", begunFact(fact));
    const { logits } = await model.forward(inputs);
    const right = firstToken(model, ` ${fact.capital}`);
    if (likeliestToken(logits!.data) === right) known.push(fact);
  }
  return known;
}

/** Contradicted facts as prompts, without those whose two answers begin alike. */
export function conflictSamples(
  model: PretrainedModel,
  facts: readonly ContradictedFact[],
): ConflictSample[] {
  return facts.flatMap(({ id, context, sentence, begun, said, capital }): ConflictSample[] => {
    const { inputs, tokens, begun: question } = begunText(
      model.processor.tokenizer,
      context,
      begun,
    );
    const [text, known] = [said, capital].map((word) => firstToken(model, ` ${word}`));
    if (text === known) return [];
    const start = context.indexOf(sentence);
    const evidence = tokens(start, start + sentence.length);
    const spans = { system: [[0, 1]], visual: [], evidence, question, answer: [] } as const;
    return [{ id, inputs, spans, said: text, known }];
  });
}

/** Both answers of one sample under every set. */
async function conflictRow(sample: ConflictSample, config: ConflictConfig): Promise<ConflictRow> {
  const variants = [[], ...config.sets.map(({ heads }) => zeroHeads(heads))];
  const asked = { ...sample, answerIds: Int32Array.of(sample.said) };
  const outcomes = await sweep(config.network, asked, variants, { watched: [sample.known] });
  return {
    id: sample.id,
    said: outcomes.map(({ logProb }) => logProb),
    known: outcomes.map(({ watched: [known] = [NaN] }) => known),
    likeliest: outcomes.map(({ likeliest: [token] }) =>
      Number(token === sample.said) - Number(token === sample.known)
    ),
  };
}

/** The experiment: one row per sample. */
const conflictExperiment: Experiment<ConflictConfig, ConflictRow, ConflictResult[]> = {
  name: "prior_heads",
  question: "Which heads speak for the text, and which for what the weights say?",
  action: "tell prior heads",
  sources: [new URL("../", import.meta.url)],
  units: (config) =>
    config.samples.map((sample) => ({
      key: sample.id,
      open: () =>
        Promise.resolve({
          digest: digestOf(sample),
          work: () => conflictRow(sample, config),
        }),
    })),
  result: conflictResults,
  record: (results, { sets }) => ({
    options: { sets: sets.length },
    files: { "results.json": jsonText(results) },
  }),
};

/** Results by kind of heads; the model as it is first. */
function conflictResults(
  rows: readonly ConflictRow[],
  { sets, seed }: Pick<ConflictConfig, "sets" | "seed">,
): ConflictResult[] {
  const kinds = Map.groupBy(sets.keys(), (set) => sets[set].name);
  const result = (name: string, places: readonly number[], heads: number): ConflictResult => {
    const table = (value: (row: ConflictRow, place: number) => number) => ({
      rows: rows.length,
      columns: places.length,
      data: Float64Array.from(rows.flatMap((row) => places.map((place) => value(row, place)))),
    });
    const margin = (row: ConflictRow, place: number) => row.said[place] - row.known[place];
    const change = crossedInterval(table((row, place) => margin(row, place) - margin(row, 0)), {
      seed,
    });
    const text = table((row, place) => Number(margin(row, place) > 0));
    const share = mean(text.data), alone = wilsonOfShare(share, rows.length);
    const both = places.length === 1 ? alone : crossedInterval(text, { seed });
    const first = (sign: number) =>
      mean(table((row, place) => Number(row.likeliest[place] === sign)).data);
    return {
      ...{ name, heads, draws: places.length, samples: rows.length },
      margin: mean(table(margin).data),
      change: change.estimate,
      changeCi95: endsOf(change),
      followsText: share,
      followsTextCi95: [Math.min(both.low, alone.low), Math.max(both.high, alone.high)],
      saysText: first(1),
      saysKnown: first(-1),
    };
  };
  return [
    result("none", [0], 0),
    ...[...kinds].map(([name, own]) =>
      result(name, own.map((set) => set + 1), sets[own[0]].heads.length)
    ),
  ];
}

/** What a run is of. */
export interface PriorHeadsConfig {
  /** The model. */
  readonly model: AnyModel;
  /** Prompts with two answers. */
  readonly samples: readonly ConflictSample[];
  /** Heads that are removed together. */
  readonly sets: readonly ConflictSet[];
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/**
 * Ablates sets of heads, from the question on, on prompts whose text contradicts the weights. With a
 * folder, writes `results.json`, `rows.json` and `manifest.json` there; a run that was killed goes on
 * where it stopped.
 *
 * @returns one row per kind of heads; the first is the model as it is
 */
export async function priorHeads(
  { model, samples, sets, name, data }: PriorHeadsConfig,
  context: RunContext = {},
): Promise<ConflictResult[]> {
  const about = { model: name, data };
  const config = { network: networkOf(model), samples, sets, seed: 0, about };
  return await runExperiment(conflictExperiment, config, context);
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readPriorHeads(folder: string): Promise<ConflictResult[]> {
  return await readRecordJson(folder, "results.json") as ConflictResult[];
}
