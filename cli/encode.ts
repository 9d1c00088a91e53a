/** `corelens encode`: chat messages and media to model input. */
import type { ModelInputs } from "../lib/model/model_inputs.ts";
import type { TensorToWrite } from "../lib/weights/safetensors_write.ts";
import type { Command } from "./command.ts";
import { messagesOptions } from "./model.ts";

/** Tensors of a prompt under Hugging Face's names, without a batch axis. */
export function inputTensors(inputs: ModelInputs): Record<string, TensorToWrite> {
  const tokens = inputs.inputIds.length;
  const axes = inputs.positionIds.length / tokens;
  return {
    input_ids: { data: inputs.inputIds, shape: [tokens] },
    position_ids: { data: inputs.positionIds, shape: axes === 1 ? [tokens] : [axes, tokens] },
    ...inputs.media,
  };
}

/** The command. */
export const command: Command = {
  name: "encode",
  summary: "turn chat messages and media into model input",
  options: {
    ...messagesOptions,
    out: { type: "string", value: "FILE", help: "safetensors file to write" },
  },
  examples: ["encode --messages chat.json --out inputs.safetensors"],
  async run(args) {
    const { modelName, readPromptOf } = await import("./model.ts");
    const { loadProcessorOf } = await import("../lib/families/pretrained.ts");
    const { resolveCheckpoint } = await import("../lib/weights/hub.ts");
    const { writeSafetensors } = await import("../lib/weights/safetensors_write.ts");
    const out = args.required("out");
    const dir = await resolveCheckpoint(modelName(args), { weights: false });
    const prompt = await readPromptOf(args, await loadProcessorOf(dir));
    const tensors = inputTensors(prompt);
    await writeSafetensors(out, tensors);
    const shapes = Object.fromEntries(
      Object.entries(tensors).map(([name, { shape }]) => [name, shape]),
    );
    if (args.flag("json")) return console.log(JSON.stringify({ out, tensors: shapes }));
    for (const [name, shape] of Object.entries(shapes)) {
      console.log(`${name.padEnd(22)} [${shape.join(", ")}]`);
    }
  },
};
