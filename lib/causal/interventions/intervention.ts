/**
 * What an intervention is: one object that carries its name, its parameters, its check and what it
 * does. Each kind is one file of this folder and one line of `registry.ts`; `CONTRIBUTING.md` shows
 * how another is added.
 *
 * @module
 */
import type { HeadGrid, HeadId } from "../../common/head_id.ts";
import type { TokenSpans } from "../../inputs/token_spans.ts";
import type { ModelInputs } from "../../model/model_inputs.ts";
import type { VisionLanguageModel } from "../../model/vision_language_model.ts";
import type { AttentionCall } from "../../nn/attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";

/** The prompt in which heads are changed. */
export interface PromptContext {
  /** Tokens of the prompt; positions from it on are those of generated tokens. */
  readonly promptLength: number;
  /** Only positions from this on are changed; 0 by default. */
  readonly from?: number;
  /** The prompt's parts, for interventions that name one. */
  readonly spans?: TokenSpans;
}

/** At the prompt's positions, at those of generated tokens, or at both. */
export type Phase = "prefill" | "decode" | "both";

/** Where an intervention is to be applied. */
export interface InterventionPlace {
  /** The heads: they exist, and none is named twice. */
  readonly heads: readonly HeadId[];
  /** All heads of the model. */
  readonly grid: HeadGrid;
  /** The prompt. */
  readonly context: PromptContext;
  /** When it acts. */
  readonly during: Phase;
}

/** One call of a layer's attention in which an intervention acts. */
export interface InterventionCall {
  /** Queries, keys and values of the call. */
  readonly attention: AttentionCall;
  /** The heads' outputs so far, `[B, N, T, H]`: their own, or what earlier masks made of them. */
  readonly z: Tensor;
  /** The prompt. */
  readonly context: PromptContext;
}

/** What a head gives instead of its output z: `factor * z + constant + computed`. */
export interface Replacement {
  /** Factor of z; 0 leaves nothing of it. */
  readonly factor: number;
  /** The constant `[H]` of a head at a position; none by default. */
  readonly constant?: (head: number, position: number) => ArrayLike<number>;
  /** What the backend computes for a head at all T queries, `[B or 1, 1, T, H]`; none by default. */
  readonly computed?: (head: number) => Tensor;
}

/** A change of heads' outputs z, the mix of values before the output projection. */
export interface Intervention {
  /** Its kind, as records and captions name it. */
  readonly kind: string;
  /**
   * Everything that its effect depends on besides the model and the prompt, as plain data (numbers,
   * texts, typed arrays): runs are identified by it.
   */
  readonly parameters: Readonly<Record<string, unknown>>;
  /**
   * Throws unless it can be applied.
   *
   * @throws {InputError} that says what was wanted
   */
  check(place: InterventionPlace): void;
  /** What the heads of one layer give instead of z; called within a scope of the kernels. */
  apply(k: Kernels, call: InterventionCall): Replacement;
}

/** How the command line makes an intervention: from the prompt alone. */
export interface PromptForm {
  /** Its name for `--mask-kind`. */
  readonly name: string;
  /** What it does, for the help. */
  readonly summary: string;
  /** Makes it. */
  make(model: VisionLanguageModel, prompt: ModelInputs): Intervention | Promise<Intervention>;
}

/** A kind of intervention: a function that makes one, and what lists say of it. */
export interface InterventionKind<Parameters extends readonly unknown[]> {
  (...parameters: Parameters): Intervention;
  /** The kind of what it makes. */
  readonly kind: string;
  /** What takes the place of a head's output, in one phrase. */
  readonly summary: string;
  /** For `--mask-kind`; null for kinds that need more than the prompt. */
  readonly promptForm: PromptForm | null;
}

/**
 * Declares a kind of intervention.
 *
 * @param about its kind and what lists say of it
 * @param make all of the intervention but the kind, from its parameters
 *
 * @example
 * ```ts
 * import { interventionKind } from "./intervention.ts";
 * import { assertEquals } from "@std/assert";
 * const negate = interventionKind(
 *   { kind: "negate", summary: "z with its sign turned" },
 *   () => ({ parameters: {}, check: () => {}, apply: () => ({ factor: -1 }) }),
 * );
 * assertEquals(negate().kind, "negate");
 * ```
 */
export function interventionKind<Parameters extends readonly unknown[]>(
  about: { readonly kind: string; readonly summary: string; readonly promptForm?: PromptForm },
  make: (...parameters: Parameters) => Omit<Intervention, "kind">,
): InterventionKind<Parameters> {
  const { kind, summary, promptForm = null } = about;
  return Object.assign(
    (...parameters: Parameters): Intervention => ({ kind, ...make(...parameters) }),
    { kind, summary, promptForm },
  );
}
