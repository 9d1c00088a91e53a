/**
 * Questions with several owners as samples of a study, for text and for page images: scored heads, taken
 * apart logits and ablation see the same prompts.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { Sample } from "../../lib/data/sample.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { AblationSample } from "../../lib/experiments/ablate_heads.ts";
import type { LazyHeadSample } from "../../lib/experiments/find_heads.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { pageNeedle } from "../pages/page_needles.ts";
import { tokenText } from "../pages/page_words.ts";
import { textNeedle, textNeedles } from "../pages/text_needles.ts";
import type { Split } from "../synthetic/split.ts";
import { needleSamples } from "./completion_sample.ts";
import type { KindsSample } from "./head_kinds.ts";
import { firstToken } from "./next_token.ts";
import { ownerCompletion, ownerCompletions } from "./owner_completion.ts";

/** What a study of owners asks of a model. */
export interface OwnerStudy {
  /** In one line, for records. */
  readonly data: (split: Split, count: number) => string;
  /** Samples for scores. */
  readonly scored: (split: Split, count: number) => LazyHeadSample[];
  /** Samples with an answer, whose first foil's name is the wrong answer of the same sort. */
  readonly answered: (split: Split, count: number) => LazySample<AblationSample & KindsSample>[];
}

/** Names of all owners in a text, in reading order. */
export function ownersIn(text: string): string[] {
  return [...text.matchAll(/The owner of the \w+ is (\w+)\s?\./g)].map(([, name]) => name);
}

/** A sample with the first token of another owner's name. */
function withWrongName<T extends { readonly answerIds: Int32Array }>(
  model: PretrainedModel,
  sample: T,
  names: readonly string[],
): T & Pick<KindsSample, "against"> {
  const first = names.map((name) => firstToken(model, ` ${name}`));
  return { ...sample, against: first.find((token) => token !== sample.answerIds[0]) };
}

/** Text needles that are completed. */
export function textOwners(
  model: PretrainedModel,
  owners: number,
  sentences: number,
): OwnerStudy {
  return completedOwners(
    model,
    (split, count) => textNeedles(count, { needles: owners, sentences, split }),
    (split, count) => `${count} texts of ${split}, ${owners} owners, ${sentences} sentences`,
  );
}

/** Samples that are completed, drawn by a split and their number. */
function completedOwners(
  model: PretrainedModel,
  made: (split: Split, count: number) => Sample[],
  data: OwnerStudy["data"],
): OwnerStudy {
  return {
    data,
    scored: (split, count) => ownerCompletions(model, made(split, count)),
    answered: (split, count) => {
      const samples = made(split, count);
      return ownerCompletions(model, samples).map(({ offers: _, load, ...lazy }, i) => ({
        ...lazy,
        load: async () => withWrongName(model, await load(), ownersIn(samples[i].context!)),
      }));
    },
  };
}

/** Names of the two domains of {@link windowOwners}. */
export const windowDomains = { within: "in the window", beyond: "beyond the window" } as const;

/**
 * Text needles that are completed, half of them with the evidence in the windows of the model's local
 * layers, half beyond: there no token of the question sees it in such a layer. The domain says which.
 * Evidence across a window's edge is left out.
 *
 * @param sentences about others than owners; enough of them that the text outgrows the window
 * @throws {InputError} for a model without local layers, and texts that its windows hold
 */
export function windowOwners(
  model: PretrainedModel,
  owners: number,
  sentences: number,
): OwnerStudy {
  const { localLayers } = model.config.text;
  if (!localLayers) {
    throw new InputError("Cannot tell windows from the rest: every layer of this model sees all");
  }
  const { window } = localLayers;
  const place = (sample: Sample): string | null => {
    const { spans, inputs } = ownerCompletion(model, sample);
    const [question] = spans.question[0], last = inputs.inputIds.length - 1;
    const from = Math.min(...spans.evidence.map(([start]) => start));
    const until = Math.max(...spans.evidence.map(([, end]) => end));
    if (from > last - window) return windowDomains.within;
    return until <= question - window + 1 ? windowDomains.beyond : null;
  };
  const made = (split: Split, count: number) => {
    const left = new Map(Object.values(windowDomains).map((domain) => [domain, count / 2]));
    const chosen: Sample[] = [];
    for (let seed = 0; [...left.values()].some((more) => more > 0); seed++) {
      if (seed > 20 * count + 100) {
        throw new InputError(
          `Cannot find texts of ${sentences} sentences that a window of ${window} does not hold`,
        );
      }
      const sample = textNeedle(seed, { needles: owners, sentences, split });
      const domain = place(sample) as typeof windowDomains.within | null;
      const more = domain === null ? 0 : left.get(domain)!;
      if (domain === null || more <= 0) continue;
      left.set(domain, more - 1);
      chosen.push({ ...sample, domain });
    }
    return chosen;
  };
  return completedOwners(
    model,
    made,
    (split, count) =>
      `${count} texts of ${split}, ${owners} owners, ${sentences} sentences, half of the evidence ` +
      `beyond ${window} tokens`,
  );
}

/** Pages, half of them documents and half scenes, whose reply has begun. */
export function pageOwners(model: PretrainedModel, owners: number, pages: number): OwnerStudy {
  const drawn = (split: Split, count: number) =>
    Array.from({ length: count }, (_, i) => {
      const kind = i % 2 === 0 ? "document" as const : "scene" as const;
      const needle = () => pageNeedle(i, { kind, pages, owners, split });
      const domain = `${kind}-needles-${owners}`;
      return { id: `${domain}-${pages}-${split}-${i}`, domain, needle };
    });
  return {
    data: (split, count) => `${count} of ${split}, ${pages} pages with ${owners} owners`,
    scored: (split, count) =>
      drawn(split, count).map(({ id, domain, needle }) => ({
        id,
        domain,
        offers: ["nullQuery", "unrelatedQuestion", "foils"] as const,
        load: () => headSamples(model, [needle().sample])[0].load(),
        digest: () => headSamples(model, [needle().sample])[0].digest!(),
      })),
    answered: (split, count) =>
      drawn(split, count).map(({ id, domain, needle }) => ({
        id,
        domain,
        load: async () => {
          const { sample, pages } = needle();
          const names = ownersIn(pages.flat().map(({ word }) => tokenText(word)).join(""));
          return withWrongName(model, await needleSamples(model, [sample])[0].load(), names);
        },
        digest: () => needleSamples(model, [needle().sample])[0].digest!(),
      })),
  };
}
