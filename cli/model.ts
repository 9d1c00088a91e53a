/**
 * Which model a command uses, and what all commands with prompts and masks share.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import type { LoadedParts, LoadOptions, PretrainedModel } from "../lib/families/pretrained.ts";
import { shippedOrGiven } from "../lib/families/shipped.ts";
import { intervene } from "../lib/causal/intervene.ts";
import { promptForms } from "../lib/causal/interventions/registry.ts";
import { checkHeads, gridOf, type HeadId, parseHeads } from "../lib/common/head_id.ts";
import type { PreparedPrompt } from "../lib/inputs/processor.ts";
import type { ModelConfig } from "../lib/model/config.ts";
import type { AttentionFunction } from "../lib/nn/attention.ts";
import type { StrictnessOptions } from "../lib/weights/checkpoint_rules.ts";
import type { Arguments, Options } from "./command.ts";
import { overridesOf } from "./pixels.ts";
import { progress } from "./progress.ts";
import { hybridFrom } from "./sparse.ts";

/** The directory or hub id that `--model` means; without it the default. */
export function modelName(args: Arguments, otherwise = "mini"): string {
  return shippedOrGiven(args.text("model") ?? otherwise);
}

/** How strictly a checkpoint is read, and where warnings go. */
export function readingOptions(
  args: Arguments,
): StrictnessOptions & Pick<LoadOptions, "onWarning"> {
  return {
    strict: args.flag("strict"),
    followLinks: args.flag("follow-links"),
    onWarning: (text) => console.error(`corelens: warning: ${text}`),
  };
}

/**
 * Loads the model that `--model`, `--backend` and `--dtype` name, and says what it runs on.
 *
 * @param otherwise the model where `--model` is not given
 * @param beforeWeights called before the weights are read; what it throws ends the command
 */
export async function loadCommandModel(
  args: Arguments,
  otherwise?: string,
  beforeWeights?: LoadOptions["beforeWeights"],
): Promise<PretrainedModel> {
  // not before: help and mistakes are answered without TensorFlow.js
  const { fromPretrained } = await import("../lib/families/pretrained.ts");
  const { backendNames } = await import("../lib/backend/select.ts");
  const shows = {
    download: progress("downloading"),
    read: progress("reading weights"),
  };
  const model = await fromPretrained(modelName(args, otherwise), {
    verify: args.flag("verify"),
    onNotice: (text) => console.error(text),
    backend: args.oneOf("backend", ["auto", ...backendNames] as const, "auto"),
    dtype: args.oneOf("dtype", ["auto", "float32", "bfloat16"] as const, "auto"),
    unpack: args.flag("unpack"),
    ...readingOptions(args),
    processor: overridesOf(args),
    beforeWeights,
    onProgress: (stage, done, total) => shows[stage](done, total),
  });
  console.error(model.backendLine);
  return model;
}

/**
 * Loads the model as {@link loadCommandModel} does, with a prompt for it. The prompt is prepared before
 * the weights are read, so that what is wrong with it is told at once.
 *
 * @param otherwise the model where `--model` is not given
 */
export async function loadWithPrompt(
  args: Arguments,
  prepare: (parts: LoadedParts) => Promise<PreparedPrompt>,
  otherwise?: string,
): Promise<{ loaded: PretrainedModel; prompt: PreparedPrompt }> {
  let prompt: PreparedPrompt | undefined;
  const loaded = await loadCommandModel(args, otherwise, async (parts) => {
    prompt = await prepare(parts);
  });
  return { loaded, prompt: prompt! };
}

/** Options of commands that can remove heads. */
export const maskOptions: Options = {
  mask: { type: "string", value: "L:H,L:H,…", help: "heads to change, in prefill and in decoding" },
  "mask-kind": {
    type: "string",
    value: "KIND",
    help: "what takes the place of their output (default zero): " +
      promptForms.map(({ name, summary }) => `${name} (${summary})`).join(", "),
  },
};

/** The heads of `--mask`, checked. */
export function parseMask(args: Arguments, config: ModelConfig): HeadId[] {
  const text = args.text("mask");
  if (text === undefined) {
    if (args.text("mask-kind") === undefined) return [];
    throw new InputError("Cannot use --mask-kind without --mask, which names the heads");
  }
  const heads = parseHeads(text);
  if (heads.length === 0) {
    throw new InputError('Cannot use --mask "": wanted heads as LAYER:HEAD, such as 3:11,4:0');
  }
  checkHeads(heads, gridOf(config.text), "mask");
  return heads;
}

/**
 * The attention function that `--mask`, `--mask-kind` and the options of hybrid attention ask for;
 * undefined for plain dense attention.
 */
export async function attentionFor(
  args: Arguments,
  model: PretrainedModel,
  prompt: PreparedPrompt,
): Promise<AttentionFunction | undefined> {
  const kind = args.oneOf("mask-kind", promptForms.map(({ name }) => name), "zero");
  const heads = parseMask(args, model.config);
  const base = await hybridFrom(args, model, prompt);
  if (heads.length === 0) return base;
  const form = promptForms.find(({ name }) => name === kind)!;
  const intervention = await form.make(model.network, prompt);
  return intervene(model, [[{ heads, intervention }]], prompt, { attention: base });
}
