/** `corelens encode`: chat messages and media to model input. */
import type { Command } from "./command.ts";
import { messagesOptions } from "./messages.ts";
import { inputTensors, outFile, outOption, writeTensors } from "./tensors.ts";

export const command: Command = {
  name: "encode",
  summary: "turn chat messages and media into model input",
  options: { ...messagesOptions, ...outOption },
  common: ["model", "strict", "follow-links", "verify", "json"],
  needs: ["messages", "out"],
  examples: ["encode --messages chat.json --out inputs.safetensors"],
  async run(args) {
    const { modelName, readingOptions } = await import("./model.ts");
    const { promptOf, readMessages } = await import("./messages.ts");
    const { overridesOf } = await import("./pixels.ts");
    const { loadProcessorOf } = await import("../lib/families/pretrained.ts");
    const { resolveModel } = await import("../lib/families/resolve.ts");
    const { CheckpointRules } = await import("../lib/weights/checkpoint_rules.ts");
    const out = await outFile(args);
    const given = await readMessages(args);
    const dir = await resolveModel(modelName(args), {
      weights: false,
      verify: args.flag("verify"),
    });
    const reading = readingOptions(args), rules = new CheckpointRules(reading);
    const processor = await loadProcessorOf(dir, rules, overridesOf(args));
    if (rules.warning !== null) reading.onWarning?.(rules.warning);
    const prompt = await promptOf(given, processor);
    await writeTensors(args, out, inputTensors(prompt));
  },
};
