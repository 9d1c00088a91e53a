/** `corelens generate`: greedy (or sampled) decoding with a KV cache. */
import type { Command } from "./command.ts";
import { decodingOptions, decodingWishes, tellDecoding } from "./decoding.ts";
import { messagesOptions, promptOf, readMessages } from "./messages.ts";
import { maskOptions } from "./model.ts";
import { sparseOptions } from "./sparse.ts";
import { write } from "./terminal.ts";

export const command: Command = {
  name: "generate",
  summary: "continue a conversation, token by token",
  options: {
    ...messagesOptions,
    ...maskOptions,
    ...sparseOptions,
    ...decodingOptions,
    "top-p": {
      type: "string",
      value: "X",
      help: "nucleus sampling: probability mass to sample from (default 1)",
    },
    "top-k": { type: "string", value: "N", help: "sample from the N most likely tokens" },
    "repetition-penalty": {
      type: "string",
      value: "X",
      help: "penalty on tokens that were used before",
    },
    "ignore-eos": { type: "boolean", help: "do not stop at the end-of-sequence token" },
  },
  needs: ["messages"],
  examples: [
    "generate --messages chat.json --max-new-tokens 32",
    "generate --messages chat.json --mask 3:1 --json",
  ],
  async run(args) {
    const { attentionFor, loadWithPrompt, parseMask } = await import("./model.ts");
    const given = await readMessages(args);
    const decoding = {
      ...decodingWishes(args),
      topP: args.text("top-p") ? args.number("top-p", 1, 0, 1) : undefined,
      repetitionPenalty: args.text("repetition-penalty")
        ? args.number("repetition-penalty", 1, 0)
        : undefined,
      topK: args.text("top-k") ? args.integer("top-k", 1, 1) : undefined,
      stopTokenIds: args.flag("ignore-eos") ? [] : undefined,
    };
    const { loaded, prompt } = await loadWithPrompt(args, ({ processor, config }) => {
      parseMask(args, config);
      return promptOf(given, processor);
    });
    using model = loaded;
    const { tokenizer } = model.processor;
    tellDecoding(model.config, decoding);
    const ids: number[] = []; // all generated tokens
    const spoken: number[] = []; // without the one that ends the answer
    let shown = "";
    const options = { ...decoding, attention: await attentionFor(args, model, prompt) };
    const cache = model.newCache(options.attention);
    let held = 0;
    for await (const { id, isStop } of model.generate(prompt, options, cache)) {
      ids.push(id);
      held = Math.max(held, cache.bytes);
      if (!isStop) spoken.push(id);
      if (args.flag("json")) continue;
      const text = tokenizer.decode(spoken);
      // a character may need several tokens: hold back what is not whole yet
      if (text.endsWith("\ufffd") || !text.startsWith(shown)) continue;
      write(text.slice(shown.length));
      shown = text;
    }
    if (args.text("sparse")) console.error(`KV cache: at most ${(held / 1e6).toPrecision(3)} MB`);
    const text = tokenizer.decode(spoken);
    if (args.flag("json")) {
      console.log(
        JSON.stringify({ token_ids: ids, text, prompt_tokens: prompt.inputIds.length }),
      );
    } else write(`${text.startsWith(shown) ? text.slice(shown.length) : `\n${text}`}\n`);
  },
};
