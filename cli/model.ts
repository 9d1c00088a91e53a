/**
 * Which model a command uses, and what all commands with prompts and masks share.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { checkHead, fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { shippedOrGiven } from "../lib/families/shipped.ts";
import { backendLine, backendNames } from "../lib/backend/select.ts";
import type { Hooks } from "../lib/hooks/hook_point.ts";
import { parseMessages } from "../lib/inputs/messages.ts";
import type { PreparedPrompt, Processor } from "../lib/inputs/processor.ts";
import type { ModelConfig } from "../lib/model/config.ts";
import type { Arguments, Options } from "./command.ts";
import { progress } from "./progress.ts";

/** The directory or hub id that `--model` means. */
export function modelName(args: Arguments): string {
  return shippedOrGiven(args.text("model") ?? "mini");
}

/** Loads the model that `--model`, `--backend` and `--dtype` name, and says what it runs on. */
export async function loadCommandModel(args: Arguments): Promise<PretrainedModel> {
  const shows = {
    download: progress("downloading"),
    read: progress("reading weights"),
  };
  const model = await fromPretrained(modelName(args), {
    backend: args.oneOf("backend", ["auto", ...backendNames] as const, "auto"),
    dtype: args.oneOf("dtype", ["auto", "float32", "bfloat16"] as const, "auto"),
    onProgress: (stage, done, total) => shows[stage](done, total),
  });
  console.error(backendLine(model.backend, model.network.kernels.computeDType));
  return model;
}

/** Options of commands that read a messages file. */
export const messagesOptions: Options = {
  messages: { type: "string", value: "FILE", help: "chat messages, as JSON" },
  "media-root": {
    type: "string",
    value: "DIR",
    help: "folder that media paths may not leave (default: the messages file's)",
  },
};

/** The prompt of a `--messages` file, for a model. */
export function readPrompt(args: Arguments, model: PretrainedModel): Promise<PreparedPrompt> {
  return readPromptOf(args, model.processor);
}

/** The prompt of a `--messages` file. */
export async function readPromptOf(args: Arguments, processor: Processor): Promise<PreparedPrompt> {
  const path = args.required("messages");
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new InputError(`Cannot find ${path}`);
    if (error instanceof SyntaxError) {
      throw new InputError(`Cannot read ${path} as JSON: ${error.message}`);
    }
    throw error;
  }
  const { messages, templateArguments, fps } = parseMessages(json);
  return await processor.prepare(messages, {
    templateArguments,
    fps: fps ?? undefined,
    mediaDir: path.replace(/[^/\\]*$/, "") || ".",
    mediaRoot: args.text("media-root"),
  });
}

/** Options of commands that can remove heads. */
export const maskOptions: Options = {
  mask: {
    type: "string",
    value: "L:H,L:H,…",
    help: "heads to remove: their output before the output projection becomes zero",
  },
};

/** The heads of `--mask`, checked. */
export function parseMask(args: Arguments, config: ModelConfig): [layer: number, head: number][] {
  const text = args.text("mask");
  if (text === undefined) return [];
  return text.split(",").map((pair) => {
    const match = /^\s*(\d+):(\d+)\s*$/.exec(pair);
    if (!match) {
      throw new InputError(`Cannot read "${pair}" in --mask: wanted LAYER:HEAD, such as 3:11`);
    }
    const [layer, head] = [Number(match[1]), Number(match[2])];
    checkHead(config, layer, head);
    return [layer, head];
  });
}

/** Hooks that multiply the outputs of heads by zero, in prefill and in decoding. */
export function zeroHooks(
  heads: readonly (readonly [number, number])[],
  config: ModelConfig,
): Hooks {
  const count = config.text.numAttentionHeads;
  const layers = [...new Set(heads.map(([layer]) => layer))];
  return Object.fromEntries(layers.map((layer) => {
    const keep = new Float32Array(count).fill(1);
    for (const [l, head] of heads) if (l === layer) keep[head] = 0;
    return [`blocks.${layer}.attn.z`, {
      onTensor: (z, k) => k.mul(z, k.cast(k.tensor(keep, [count, 1]), z.dtype)),
    }];
  }));
}
