/**
 * Questions with several owners as samples of a study, for text and for page images: scored heads, taken
 * apart logits and ablation see the same prompts.
 *
 * @module
 */
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { AblationSample } from "../../lib/experiments/ablate_heads.ts";
import type { LazyHeadSample } from "../../lib/experiments/find_heads.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { pageNeedle } from "../pages/page_needles.ts";
import { tokenText } from "../pages/page_words.ts";
import { textNeedles } from "../pages/text_needles.ts";
import type { Split } from "../synthetic/split.ts";
import { needleSamples } from "./completion_sample.ts";
import type { KindsSample } from "./head_kinds.ts";
import { ownerCompletions } from "./owner_completion.ts";

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
  const first = names.map((name) =>
    model.processor.tokenizer.encode(` ${name}`, { addSpecialTokens: false })[0]
  );
  return { ...sample, against: first.find((token) => token !== sample.answerIds[0]) };
}

/** Text needles that are completed. */
export function textOwners(
  model: PretrainedModel,
  owners: number,
  sentences: number,
): OwnerStudy {
  const made = (split: Split, count: number) =>
    textNeedles(count, { needles: owners, sentences, split });
  return {
    data: (split, count) => `${count} texts of ${split}, ${owners} owners, ${sentences} sentences`,
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
