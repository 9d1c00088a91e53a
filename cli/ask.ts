/** `corelens ask`: one question on pictures or a video, answered. */
import { InputError } from "../lib/common/errors.ts";
import { gridOf, headName } from "../lib/common/head_id.ts";
import { writeTextAtomically } from "../lib/common/files.ts";
import { fileError } from "../lib/common/system_errors.ts";
import type { PretrainedModel } from "../lib/families/pretrained.ts";
import type { PreparedPrompt } from "../lib/inputs/processor.ts";
import type { Arguments, Command } from "./command.ts";
import { decodingOptions, generationConfigUse, tellDecoding } from "./decoding.ts";
import { checkOutput } from "./outputs.ts";

/** Heads that `--attention` draws. */
const drawnHeads = 6;

/** Writes a page with the attention of some heads on the pictures. */
async function drawAttention(
  args: Arguments,
  model: PretrainedModel,
  prompt: PreparedPrompt,
  { answer, question, page }: { answer: string; question: string; page: string },
): Promise<void> {
  const { attentionFrom, attentionPanels } = await import("../lib/experiments/attention_view.ts");
  const { attentionOverlay, report } = await import("../lib/figures/mod.ts");
  const { decodeImage } = await import("../lib/inputs/image.ts");
  const { tokensOf } = await import("../lib/inputs/token_spans.ts");
  const { readRanking } = await import("../lib/heads/ranking_file.ts");
  const files = [...args.texts("image"), ...args.texts("video")];
  const pictures = await Promise.all(
    files.map(async (file) => await decodeImage(await Deno.readFile(file))),
  );
  const view = await attentionFrom(model, prompt);
  const run = args.text("scores");
  const heads = run === undefined
    ? view.sharpest(tokensOf(prompt.spans.visual), drawnHeads)
    : (await readRanking(run, gridOf(model.config.text))).slice(0, drawnHeads);
  const panels = heads.flatMap((head) =>
    attentionPanels(prompt, pictures, view.head(head), { title: headName(head) })
  );
  const figure = attentionOverlay(panels, {
    title: `"${question}" answered "${answer}"`,
    scale: "panel",
    caption: run === undefined
      ? "The heads that look hardest at a single visual token, from the question's tokens"
      : "The best heads of the identify run, from the question's tokens",
  });
  await writeTextAtomically(page, report([figure], { title: "CoReLens: attention" }));
}

/** The command. */
export const command: Command = {
  name: "ask",
  summary: "ask one question about pictures or a video",
  options: {
    image: { type: "string", multiple: true, value: "FILE", help: "a picture; may be repeated" },
    video: { type: "string", multiple: true, value: "FILE", help: "a frame; repeat in order" },
    fps: { type: "string", value: "N", help: "frames per second of the video (default 2)" },
    question: { type: "string", value: "TEXT", help: "the question" },
    attention: {
      type: "string",
      value: "OUT.html",
      help: "draw the attention of six heads on the pictures",
    },
    scores: {
      type: "string",
      value: "RUN",
      help: "heads for --attention: the best of an identify run (default: the sharpest here)",
    },
    "max-new-tokens": { type: "string", value: "N", help: "tokens at most (default 64)" },
    ...decodingOptions,
  },
  examples: [
    'ask --image page.png --question "What is the total?"',
    'ask --image page.png --question "What is the total?" --attention look.html',
  ],
  async run(args) {
    const { loadCommandModel } = await import("./model.ts");
    const question = args.text("question"); // may be empty
    if (question === undefined) throw new InputError("Missing option --question");
    const [images, frames] = [args.texts("image"), args.texts("video")];
    if (images.length > 0 && frames.length > 0) {
      throw new InputError("Cannot use --image and --video together: choose one");
    }
    const page = args.text("attention");
    if (page !== undefined) {
      if (images.length + frames.length === 0) {
        throw new InputError("Cannot draw attention: --attention needs --image or --video");
      }
      await checkOutput(page, "file");
    }
    const { decodeImage } = await import("../lib/inputs/image.ts");
    const read = async (path: string) => {
      const bytes = await Deno.readFile(path).catch((error) => {
        if (error instanceof Deno.errors.NotFound) throw new InputError(`Cannot find ${path}`);
        throw fileError("read", path, error);
      });
      await decodeImage(bytes, { name: path }); // so that an error names the file
      return bytes;
    };
    using model = await loadCommandModel(args);
    const fps = args.number("fps", 2, 0.01, 1000);
    const video = frames.length > 0
      ? { frames: await Promise.all(frames.map(read)), fps }
      : undefined;
    const generationConfig = generationConfigUse(args);
    tellDecoding(model.config, generationConfig);
    const { answer, tokenIds, prompt } = await model.ask(
      { images: await Promise.all(images.map(read)), video, question },
      {
        maxNewTokens: args.integer("max-new-tokens", 64, 1),
        seed: args.integer("seed", 0, 0),
        generationConfig,
      },
    );
    if (page !== undefined) await drawAttention(args, model, prompt, { answer, question, page });
    if (!args.flag("json")) return console.log(answer);
    console.log(
      JSON.stringify({ answer, token_ids: tokenIds, prompt_tokens: prompt.inputIds.length }),
    );
  },
};
