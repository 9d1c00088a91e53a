/** `corelens encode`: chat messages and media to model input. */
import type { Command } from "./command.ts";
import { messagesOptions } from "./model.ts";
import { inputTensors, outFile, outOption, writeTensors } from "./tensors.ts";

/** The command. */
export const command: Command = {
  name: "encode",
  summary: "turn chat messages and media into model input",
  options: { ...messagesOptions, ...outOption },
  examples: ["encode --messages chat.json --out inputs.safetensors"],
  async run(args) {
    const { modelName, readPromptOf } = await import("./model.ts");
    const { loadProcessorOf } = await import("../lib/families/pretrained.ts");
    const { resolveCheckpoint } = await import("../lib/weights/hub.ts");
    const out = await outFile(args);
    const dir = await resolveCheckpoint(modelName(args), { weights: false });
    const prompt = await readPromptOf(args, await loadProcessorOf(dir));
    await writeTensors(args, out, inputTensors(prompt));
  },
};
