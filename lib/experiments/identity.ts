/**
 * Identity of a run: by content, what holds for the whole run and what its numbers depend on.
 *
 * @module
 */
import { numericChoices } from "../backend/numbers.ts";
import { digestOf } from "../common/digest.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { checkpointDigests } from "../weights/checkpoint_digest.ts";
import { codeDigest } from "./code_digest.ts";

/**
 * Parts of an identity by name, each a digest or a short text: `weights`, the checkpoint's other
 * files, `code`, `backend` and what belongs to it, and `option NAME`.
 */
export type Identity = Readonly<Record<string, string>>;

/** Longest option that stands in an identity as it is; longer ones as digests. */
const longestOption = 60;

/**
 * Digests of a model: those of its checkpoint's files, or of its config and weights in memory where
 * it has no checkpoint.
 */
export async function modelIdentity(network: VisionLanguageModel): Promise<Identity> {
  if (network.checkpoint !== null) return await checkpointDigests(network.checkpoint);
  const weights: [name: string, shape: readonly number[], digest: string][] = [];
  for (const [name, tensor] of network.weights.tensors) {
    weights.push([name, tensor.shape, digestOf(await network.kernels.read(tensor))]);
  }
  return { weights: digestOf(weights), config: digestOf(network.config) };
}

/**
 * An option as a short text: its JSON where nothing is lost by it, else a digest. Interventions and
 * patterns carry their behaviour, which the digest covers by its source.
 */
function optionText(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  const plain = text.length <= longestOption && digestOf(JSON.parse(text)) === digestOf(value);
  return plain ? text : digestOf(value);
}

/** What makes up a run, apart from its samples. */
export interface RunParts {
  /** Name of the experiment. */
  readonly experiment: string;
  readonly network: VisionLanguageModel;
  /** Every option on which a number of the record depends. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Folders whose sources compute, besides the library's. */
  readonly sources?: readonly URL[];
}

/** The identity of a run: model, code, backend and options. */
export async function runIdentity(parts: RunParts): Promise<Identity> {
  const options = Object.entries(parts.options).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [`option ${name}`, optionText(value)]);
  return {
    experiment: parts.experiment,
    ...await modelIdentity(parts.network),
    ...Object.fromEntries(options),
    ...await numericChoices(parts.network.kernels),
    code: codeDigest(parts.sources),
  };
}

/**
 * The identity of the same run on another backend.
 *
 * @param from what the identity says of its backend, as `numericChoices` gives it
 * @param to the same of the other backend; nothing for what is common to all backends
 */
export function onBackend(
  identity: Identity,
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>> = {},
): Identity {
  const { code, ...rest } = identity;
  const common = Object.entries(rest).filter(([name]) => !Object.hasOwn(from, name));
  return { ...Object.fromEntries(common), ...to, code };
}

const isDigest = (text: string): boolean => /[0-9a-f]{32}/.test(text);

/**
 * The parts in which two identities differ, in words: their names, with both values where they are
 * short.
 *
 * @example
 * ```ts
 * import { changedParts } from "./identity.ts";
 * import { assertEquals } from "@std/assert";
 * const before = { dtype: "float32", "option window": "64" };
 * assertEquals(changedParts(before, { dtype: "float32", "option window": "128" }), [
 *   "option window (64 then, 128 now)",
 * ]);
 * ```
 */
export function changedParts(before: Identity, now: Identity): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => before[name] !== now[name]).map((name) => {
    const [then, today] = [before[name], now[name]].map((text) => text ?? "none");
    return isDigest(then) || isDigest(today) ? name : `${name} (${then} then, ${today} now)`;
  });
}
