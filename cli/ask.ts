/** `corelens ask`: one question on pictures or a video, answered. */
import { InputError } from "../lib/common/errors.ts";
import type { Command } from "./command.ts";

/** The command. */
export const command: Command = {
  name: "ask",
  summary: "ask one question about pictures or a video",
  options: {
    image: { type: "string", multiple: true, value: "FILE", help: "a picture; may be repeated" },
    video: { type: "string", multiple: true, value: "FILE", help: "a frame; repeat in order" },
    fps: { type: "string", value: "N", help: "frames per second of the video (default 2)" },
    question: { type: "string", value: "TEXT", help: "the question" },
    "max-new-tokens": { type: "string", value: "N", help: "tokens at most (default 64)" },
  },
  examples: ['ask --image page.png --question "What is the total?"'],
  async run(args) {
    const { loadCommandModel } = await import("./model.ts");
    const question = args.required("question");
    const [images, frames] = [args.texts("image"), args.texts("video")];
    if (images.length > 0 && frames.length > 0) {
      throw new InputError("Cannot use --image and --video together: choose one");
    }
    const read = async (path: string) => {
      try {
        return await Deno.readFile(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) throw new InputError(`Cannot find ${path}`);
        throw error;
      }
    };
    using model = await loadCommandModel(args);
    const fps = args.number("fps", 2, 0.01, 1000);
    const video = frames.length > 0
      ? { frames: await Promise.all(frames.map(read)), fps }
      : undefined;
    const { answer, tokenIds, prompt } = await model.ask(
      { images: await Promise.all(images.map(read)), video, question },
      { maxNewTokens: args.integer("max-new-tokens", 64, 1) },
    );
    if (!args.flag("json")) return console.log(answer);
    console.log(
      JSON.stringify({ answer, token_ids: tokenIds, prompt_tokens: prompt.inputIds.length }),
    );
  },
};
