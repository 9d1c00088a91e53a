/** `corelens forward`: one prefill, its logits and what is captured on the way. */
import { InputError } from "../lib/common/errors.ts";
import type { CapturedArray } from "../lib/hooks/capture.ts";
import { type ModelConfig, visionDepth } from "../lib/model/config.ts";
import type { ForwardResult } from "../lib/model/run_options.ts";
import type { TensorToWrite } from "../lib/weights/safetensors_write.ts";
import type { Command } from "./command.ts";
import { messagesOptions, promptOf, readMessages } from "./messages.ts";
import { maskOptions } from "./model.ts";
import { sparseOptions } from "./sparse.ts";
import { inputTensors, outFile, outOption, writeTensors } from "./tensors.ts";

const captures = ["logits", "hidden", "attention", "z", "vision"] as const;
type CaptureName = typeof captures[number];

/** Captures named by `--capture`. */
function parseCapture(text: string | undefined): Set<CaptureName> {
  const names = (text ?? "logits").split(",").map((name) => name.trim());
  for (const name of names) {
    if (!captures.includes(name as CaptureName)) {
      throw new InputError(`Cannot capture "${name}": wanted ${captures.join(", ")}`);
    }
  }
  return new Set(names as CaptureName[]);
}

/** Hook points of each capture. */
function pointsOf(wanted: Set<CaptureName>, visual: boolean, config: ModelConfig): string[] {
  const points: string[] = [];
  if (wanted.has("hidden")) {
    points.push("blocks.0.resid_pre", "blocks.*.resid_post", "ln_final.normalized");
  }
  if (wanted.has("attention")) points.push("blocks.*.attn.pattern");
  if (wanted.has("z")) points.push("blocks.*.attn.z");
  if (wanted.has("vision") && visual) {
    if (visionDepth(config) > 0) points.push("vision.embed", "vision.blocks.*.resid_post");
    points.push("vision.merged", "vision.features");
    if (config.vision?.deepstackVisualIndexes.length) points.push("vision.deepstack");
  }
  return points;
}

/** Arrays of equal shape as one tensor with a new first axis. */
function stacked(arrays: readonly CapturedArray[], shape: readonly number[]): TensorToWrite {
  const size = arrays[0].data.length;
  const data = new Float32Array(arrays.length * size);
  arrays.forEach((array, i) => data.set(array.data, i * size));
  return { data, shape: [arrays.length, ...shape] };
}

/** Arrays one after the other along their first axis (images, then videos). */
function joined(arrays: readonly CapturedArray[]): CapturedArray {
  if (arrays.length === 1) return arrays[0];
  const data = new Float32Array(arrays.reduce((sum, array) => sum + array.data.length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array.data, at);
    at += array.data.length;
  }
  const rows = arrays.reduce((sum, { shape }) => sum + shape[0], 0);
  return { data, shape: [rows, ...arrays[0].shape.slice(1)] };
}

/** Captured arrays under the names of the reference fixtures, without a batch axis. */
export function captureTensors(
  result: ForwardResult,
  layers: number,
): Record<string, TensorToWrite> {
  const { captured } = result;
  const tensors: Record<string, TensorToWrite> = {};
  if (result.logits) tensors["logits"] = result.logits;
  const byLayer = (point: string) =>
    Array.from({ length: layers }, (_, layer) => captured.get(`blocks.${layer}.${point}`)![0]);
  if (captured.has("ln_final.normalized")) {
    const arrays = [
      captured.get("blocks.0.resid_pre")![0],
      ...byLayer("resid_post").slice(0, -1),
      captured.get("ln_final.normalized")![0],
    ];
    tensors["hidden_states"] = stacked(arrays, arrays[0].shape.slice(1));
  }
  if (captured.has("blocks.0.attn.pattern")) {
    const arrays = byLayer("attn.pattern");
    tensors["attentions"] = stacked(arrays, arrays[0].shape.slice(1));
  }
  if (captured.has("blocks.0.attn.z")) {
    const arrays = byLayer("attn.z");
    const [, tokens, heads, headDim] = arrays[0].shape;
    tensors["o_proj_inputs"] = stacked(arrays, [tokens, heads * headDim]);
  }
  for (
    const [point, name] of [["embed", "embeddings"], ["merged", "merged"], ["features", "features"]]
  ) {
    const arrays = captured.get(`vision.${point}`);
    if (arrays) tensors[`vision.${name}`] = joined(arrays);
  }
  const blocks = [...captured.keys()].filter((name) => name.startsWith("vision.blocks."));
  if (blocks.length > 0) {
    const arrays = blocks.map((name) => joined(captured.get(name)!));
    tensors["vision.blocks"] = stacked(arrays, arrays[0].shape);
  }
  const stages = captured.get("vision.deepstack");
  if (stages) tensors["vision.deepstack"] = stacked(stages, stages[0].shape);
  return tensors;
}

/**
 * Refuses logits that are not numbers, which would be written as if they were a result.
 *
 * @throws {InputError} that says where such values come from
 */
export function checkLogits({ shape, data }: TensorToWrite): void {
  const at = (data as Float32Array).findIndex(Number.isNaN);
  if (at < 0) return;
  const token = Math.floor(at / shape[shape.length - 1]);
  throw new InputError(
    `Cannot write the logits: those of token ${token} are not numbers; the checkpoint's weights, ` +
      "the media or an intervention hold values that are not numbers or too large",
  );
}

export const command: Command = {
  name: "forward",
  summary: "run one prefill and write logits, hidden states, attention or heads' outputs",
  options: {
    ...messagesOptions,
    ...maskOptions,
    ...sparseOptions,
    ...outOption,
    capture: {
      type: "string",
      value: "NAMES",
      help: `comma-separated: ${captures.join(", ")} (default: logits)`,
    },
  },
  needs: ["messages", "out"],
  examples: [
    "forward --messages chat.json --out run.safetensors",
    "forward --messages chat.json --capture hidden,attention --mask 3:1,4:0 --out run.safetensors",
  ],
  async run(args) {
    const { attentionFor, loadWithPrompt, parseMask } = await import("./model.ts");
    const out = await outFile(args);
    const wanted = parseCapture(args.text("capture"));
    const given = await readMessages(args);
    const { loaded, prompt } = await loadWithPrompt(args, ({ processor, config }) => {
      parseMask(args, config);
      return promptOf(given, processor);
    });
    using model = loaded;
    const visual = Object.keys(prompt.media).length > 0;
    const names = pointsOf(wanted, visual, model.config);
    const result = await model.forward(prompt, {
      logits: "all",
      capture: names.length > 0 ? { names } : undefined,
      attention: await attentionFor(args, model, prompt),
    });
    if (result.logits) checkLogits(result.logits);
    await writeTensors(args, out, {
      ...inputTensors(prompt),
      ...captureTensors(result, model.config.text.numHiddenLayers),
    });
  },
};
