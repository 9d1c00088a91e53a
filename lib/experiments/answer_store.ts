/**
 * Answers of a data set under several plans, with all that they share kept.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import type { PolicyPlan } from "../sparse/policy_plan.ts";
import { type TemplateMasses, templateMasses, type TemplatePrompt } from "../sparse/templates.ts";
import { answerSamples, type SampleAnswer } from "./answers.ts";
import type { LengthGroup } from "./length_groups.ts";
import { layoutOf } from "./prompt_layout.ts";
import { PromptStore } from "./prompt_store.ts";
import { type AnySample, samplePrompt } from "./samples.ts";

/** What an {@link AnswerStore} is made of. */
export interface AnswerStoreOptions {
  readonly pretrained: PretrainedModel;
  /** Tokens of an answer at most. */
  readonly maxNewTokens?: number;
  /** Where features of media that several samples show are kept; nowhere by default. */
  readonly reuse?: ReuseCache;
  /** Samples on which template masks are chosen, with sink and window of the masks. */
  readonly templates: {
    readonly samples: readonly AnySample[];
    readonly sink: number;
    readonly window: number;
  };
}

/**
 * Answers of groups of samples, those of dense attention once; what template masks keep, once. Holds
 * embeddings until it is disposed of.
 */
export class AnswerStore implements Disposable {
  readonly #dense = new Map<LengthGroup, SampleAnswer[]>();
  readonly #store: PromptStore;
  #templates: Promise<TemplateMasses> | undefined;

  /** An empty store. */
  constructor(readonly options: AnswerStoreOptions) {
    this.#store = new PromptStore(options.pretrained, undefined, options.reuse);
  }

  /** Answers under dense attention. */
  async dense(group: LengthGroup): Promise<SampleAnswer[]> {
    const { pretrained, maxNewTokens } = this.options;
    const found = this.#dense.get(group) ??
      await answerSamples(pretrained, group.samples, { maxNewTokens, store: this.#store });
    this.#dense.set(group, found);
    return found;
  }

  /** Answers under a plan. */
  async under(group: LengthGroup, plan: PolicyPlan): Promise<SampleAnswer[]> {
    const { pretrained, maxNewTokens } = this.options, store = this.#store;
    const answers: SampleAnswer[] = [];
    for (const sample of group.samples) { // masks may go by the layout of each prompt
      const { prompt } = await store.get(sample);
      const attention = plan.attentionOn(layoutOf({ inputs: prompt, spans: prompt.spans }));
      answers.push(
        ...await answerSamples(pretrained, [sample], { attention, maxNewTokens, store }),
      );
    }
    return answers;
  }

  /** How much of their attention heads keep under template masks. */
  templates(): Promise<TemplateMasses> {
    return this.#templates ??= this.#measureTemplates();
  }

  async #measureTemplates(): Promise<TemplateMasses> {
    const { pretrained, templates: { samples, sink, window } } = this.options;
    if (samples.length === 0) {
      throw new InputError(
        "Cannot use the policy templates without samples to choose its masks on: name others than " +
          "those that are asked (--templates-from, or templatesFrom)",
      );
    }
    const prompts: TemplatePrompt[] = [];
    for (const sample of samples) {
      const inputs = await samplePrompt(pretrained, sample);
      prompts.push({ inputs, layout: layoutOf({ inputs, spans: inputs.spans }) });
    }
    return await templateMasses(pretrained, prompts, { sink, window });
  }

  /** Frees the embeddings. */
  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }
}
