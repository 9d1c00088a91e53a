/**
 * How well a language model answers questions about owners, by the number of owners and the form of the
 * question: as it goes on freely, and as it chooses among the names in the text.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { textNeedle, type TextNeedleOptions } from "../pages/text_needles.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import { completionSample, needleCompletion } from "./completion_sample.ts";
import { firstToken, likeliestToken } from "./next_token.ts";
import { ownerCompletion } from "./owner_completion.ts";
import { ownersIn } from "./owner_samples.ts";

/**
 * `completion`: the text, then the begun sentence. `chat`: the text and the question as a message, and
 * a reply that has begun.
 */
export type OwnerForm = "completion" | "chat";

/** One kind of prompt. */
export interface OwnerKind extends Pick<TextNeedleOptions, "needles" | "sentences"> {
  /** How it is asked. */
  readonly form: OwnerForm;
}

/** One prompt's outcome. */
export interface OwnerAnswerRow extends OwnerKind {
  /** The sample. */
  readonly id: string;
  /** 1 where the likeliest next token begins the right name. */
  readonly free: number;
  /** 1 where of all owners' names in the text the right one is the likeliest. */
  readonly chosen: number;
  /** Tokens of the prompt. */
  readonly tokens: number;
}

/** Results of one kind of prompt; intervals are Wilson's, 95%. */
export interface OwnerAnswerResult extends OwnerKind {
  /** Number of prompts. */
  readonly samples: number;
  /** Mean tokens of a prompt. */
  readonly tokens: number;
  /** Share that goes on with the right name. */
  readonly free: number;
  /** Its interval. */
  readonly free95: readonly [low: number, high: number];
  /** Share in which the right name is the likeliest of those in the text. */
  readonly chosen: number;
  /** Its interval. */
  readonly chosen95: readonly [low: number, high: number];
  /** Share of right choices without looking: one of the owners. */
  readonly chance: number;
}

/** Settings of {@link ownerAnswers}. */
export interface OwnerAnswersConfig {
  /** The model. */
  readonly model: PretrainedModel;
  /** Kinds of prompts. */
  readonly kinds: readonly OwnerKind[];
  /** Prompts of each kind. */
  readonly samples: number;
  /** Name of the model in the record. */
  readonly name: string;
}

/** Settings as the runner takes them. */
interface RunConfig extends ExperimentConfig {
  readonly pretrained: PretrainedModel;
  readonly samples: readonly (OwnerKind & { readonly seed: number })[];
}

/** Outcome of one prompt. */
async function answerOne(
  model: PretrainedModel,
  { needles, sentences, form, seed }: RunConfig["samples"][number],
): Promise<OwnerAnswerRow> {
  const sample = textNeedle(seed, { needles, sentences, split: "test" });
  const prompt: { readonly inputs: ModelInputs; readonly answerIds: Int32Array } =
    form === "completion"
      ? ownerCompletion(model, sample)
      : await completionSample(model, sample, needleCompletion(sample));
  const { logits } = await model.forward(prompt.inputs, { logits: "last" });
  const values = logits!.data;
  const names = ownersIn(sample.context!).map((name) => firstToken(model, ` ${name}`));
  const [right] = prompt.answerIds;
  return {
    ...{ id: sample.id, needles, sentences, form },
    free: Number(likeliestToken(values) === right),
    chosen: Number(likeliestToken(values, names) === right),
    tokens: prompt.inputs.inputIds.length,
  };
}

/** The experiment: one row per prompt. */
export const ownerAnswersExperiment: Experiment<RunConfig, OwnerAnswerRow, OwnerAnswerResult[]> = {
  name: "owner_answers",
  question: "How many questions about owners does a language model answer rightly?",
  action: "answer questions about owners",
  sources: [new URL("../", import.meta.url)],
  units: ({ pretrained, samples }) =>
    samples.map((one) => ({
      key: `${one.form} ${one.needles} ${one.sentences} ${one.seed}`,
      open: () => {
        const { seed, needles, sentences } = one;
        const sample = textNeedle(seed, { needles, sentences, split: "test" });
        return Promise.resolve({
          digest: digestOf(sample),
          work: () => answerOne(pretrained, one),
        });
      },
    })),
  result: ownerAnswerResults,
  record: (results) => ({ options: {}, files: { "results.json": jsonText(results) } }),
};

/** Results of rows, by kind of prompt in the order in which they come. */
export function ownerAnswerResults(rows: readonly OwnerAnswerRow[]): OwnerAnswerResult[] {
  const kindOf = ({ form, needles, sentences }: OwnerKind) => `${form} ${needles} ${sentences}`;
  return [...Map.groupBy(rows, kindOf).values()].map((own) => {
    const sum = (value: (row: OwnerAnswerRow) => number) =>
      own.reduce((total, row) => total + value(row), 0);
    const interval = (right: number) => endsOf(wilsonInterval(right, own.length));
    const [{ form, needles, sentences }] = own;
    const free = sum((row) => row.free), chosen = sum((row) => row.chosen);
    return {
      ...{ form, needles, sentences, samples: own.length },
      tokens: sum((row) => row.tokens) / own.length,
      free: free / own.length,
      free95: interval(free),
      chosen: chosen / own.length,
      chosen95: interval(chosen),
      chance: 1 / needles,
    };
  });
}

/**
 * Measures how many questions are answered rightly. With a folder, writes `results.json` and
 * `manifest.json` there; a run that was killed goes on where it stopped.
 */
export async function ownerAnswers(
  { model, kinds, samples: count, name }: OwnerAnswersConfig,
  context: RunContext = {},
): Promise<OwnerAnswerResult[]> {
  const samples = kinds.flatMap((kind) =>
    Array.from({ length: count }, (_, seed) => ({ ...kind, seed }))
  );
  const about = { model: name, data: `text needles, ${count} of each kind of test` };
  const given = { network: model.network, pretrained: model, samples, about };
  return await runExperiment(ownerAnswersExperiment, given, context);
}

/** The results of a record. @throws {InputError} if the folder holds none */
export async function readOwnerAnswers(folder: string): Promise<OwnerAnswerResult[]> {
  return await readRecordJson(folder, "results.json") as OwnerAnswerResult[];
}
