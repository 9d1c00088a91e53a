/**
 * What the measurements of checkpoints of real size share: their shapes, and the prompt.
 *
 * @module
 */
import { loadProcessorOf } from "../lib/families/pretrained.ts";
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import { Random } from "../lib/stats/random.ts";

/** Sizes of published models (`config.json` of Qwen3-VL-4B-Instruct and -8B-Instruct). */
export const sizes = {
  "4b": {
    text: [2560, 9728, 36, 32, 8],
    vision: { depth: 24, hidden_size: 1024, intermediate_size: 4096, deepstack: [5, 11, 17] },
    tied: true,
  },
  "8b": {
    text: [4096, 12288, 36, 32, 8],
    vision: { depth: 27, hidden_size: 1152, intermediate_size: 4304, deepstack: [8, 16, 24] },
    tied: false,
  },
} as const;

/** An image of 784 tokens and text up to about the wanted number of tokens. */
export async function makePrompt(dir: string, tokens: number): Promise<ModelInputs> {
  const processor = await loadProcessorOf(dir);
  const side = 896, source = new Random(1);
  const data = Uint8Array.from({ length: 3 * side * side }, () => source.integer(256));
  const image = { width: side, height: side, data };
  const prepare = (words: number) =>
    processor.prepare([{
      role: "user",
      content: [{ type: "image", image }, { type: "text", text: "word ".repeat(words) }],
    }]);
  const [one, more] = [await prepare(1), await prepare(101)];
  const perWord = (more.inputIds.length - one.inputIds.length) / 100;
  return await prepare(1 + Math.max(0, Math.round((tokens - one.inputIds.length) / perWord)));
}
