/**
 * What a caller without types may get wrong about a prompt, told before anything is computed.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { checkOptions, isRecord, kindOf } from "../common/values.ts";
import type { ModelConfig } from "./config.ts";
import type { ForwardOptions } from "./run_options.ts";

/** Options of a forward pass. */
const forwardNames = {
  hooks: true,
  attention: true,
  capture: true,
  patternRows: true,
  logits: true,
} as const;

/** Checks that something is a prompt at all. @throws {InputError} that says how one is made */
export function checkPrompt(inputs: unknown): asserts inputs is Readonly<Record<string, unknown>> {
  if (isRecord(inputs)) return;
  throw new InputError(
    `Cannot run ${kindOf(inputs)}: wanted a prompt, as \`await model.prepare(messages)\` gives it`,
  );
}

/** Checks the attention function of a run. @throws {InputError} that says what makes one */
export function checkAttention(attention: unknown): void {
  if (attention === undefined || typeof attention === "function") return;
  throw new InputError(
    `Cannot use ${kindOf(attention)} as attention: wanted a function, such as ` +
      "intervene(model, [zeroHeads(heads)], prompt) or hybridAttention(plan)",
  );
}

/**
 * Checks that model inputs have the form of `ModelInputs` and one position for each token.
 *
 * @param inputs what was given as a prompt
 * @param config the model that is to read it
 * @throws {InputError} that names the part that is wrong
 */
export function checkInputs(inputs: unknown, { text }: Pick<ModelConfig, "text">): void {
  checkPrompt(inputs);
  const { inputIds, positionIds, nextPosition, media } = inputs;
  for (const [name, value] of Object.entries({ inputIds, positionIds })) {
    if (value instanceof Int32Array) continue;
    throw new InputError(
      `Cannot run a prompt whose ${name} is ${kindOf(value)}: wanted Int32Array`,
    );
  }
  const tokens = (inputIds as Int32Array).length, positions = (positionIds as Int32Array).length;
  if (tokens === 0) throw new InputError("Cannot run an empty prompt: it has no tokens");
  const axes = text.mropeSection ? [1, 3] : text.mutualImages ? [1, 2] : [1];
  if (!axes.some((count) => positions === count * tokens)) {
    throw new InputError(
      `Cannot run ${tokens} tokens at ${positions} positions: wanted ` +
        axes.map((count) => `${count * tokens} (${count} for each token)`).join(" or "),
    );
  }
  if (!Number.isInteger(nextPosition) || (nextPosition as number) < 0) {
    throw new InputError(
      `Cannot run a prompt whose nextPosition is ${kindOf(nextPosition)}: wanted a whole number, ` +
        "the position of the first token after the prompt",
    );
  }
  if (!isRecord(media)) {
    throw new InputError(
      `Cannot run a prompt whose media is ${kindOf(media)}: wanted an object of tensors by name, ` +
        "empty for text alone",
    );
  }
}

/**
 * Checks the options of a forward pass.
 *
 * @param options what was given
 * @throws {InputError} that names the option that is wrong
 */
export function checkForwardOptions(options: unknown): void {
  if (!isRecord(options)) {
    throw new InputError(
      `Cannot run a forward pass with ${
        kindOf(options)
      }: wanted an object such as { logits: "all" }`,
    );
  }
  checkOptions(
    "run a forward pass",
    options,
    forwardNames satisfies Record<keyof ForwardOptions, true>,
    { outputAttentions: "capture", outputHiddenStates: "capture", namesFilter: "capture" },
  );
  const { attention, logits, patternRows } = options;
  checkAttention(attention);
  const bad = (name: string, value: unknown, wanted: string) =>
    new InputError(`Cannot run a forward pass with ${name} ${kindOf(value)}: wanted ${wanted}`);
  if (logits !== undefined && !["all", "last", "none"].includes(logits as string)) {
    throw bad("logits", logits, '"all", "last" or "none"');
  }
  if (patternRows === undefined) return;
  const wanted = "{ rows: [0, 1, …], onPattern: (layer, pattern, kernels) => … }";
  if (!isRecord(patternRows)) throw bad("patternRows", patternRows, wanted);
  const { rows, onPattern } = patternRows;
  const listed = (Array.isArray(rows) || ArrayBuffer.isView(rows)) &&
    (rows as readonly number[]).length > 0;
  if (!listed) throw bad("patternRows.rows", rows, "a list of rows, not empty");
  if (typeof onPattern !== "function") {
    throw bad("patternRows.onPattern", onPattern, "a function");
  }
}
