/** `corelens ask`: one question on images or a video, answered. */
import { InputError } from "../lib/common/errors.ts";
import { gridOf, headName } from "../lib/common/head_id.ts";
import { writeTextAtomically } from "../lib/common/files.ts";
import { quoted } from "../lib/common/text.ts";
import type { PretrainedModel } from "../lib/families/pretrained.ts";
import type { RgbImage } from "../lib/inputs/image.ts";
import type { VideoFile, VideoFrames } from "../lib/inputs/messages.ts";
import type { PreparedPrompt } from "../lib/inputs/processor.ts";
import type { Arguments, Command } from "./command.ts";
import { decodingOptions, decodingWishes, tellDecoding } from "./decoding.ts";
import { checkOutput } from "./outputs.ts";
import { pixelOptions } from "./pixels.ts";
import { hybridFrom, sparseOptions } from "./sparse.ts";

/** Heads that `--attention` draws. */
const drawnHeads = 6;

/** What is asked about. */
interface AskedMedia {
  /** Images in memory. */
  readonly images: readonly RgbImage[];
  /** A video: frames in memory, or a file. */
  readonly video?: VideoFrames | VideoFile;
}

/** Reads `--image` and `--video`, before any model is loaded. */
async function readMedia(args: Arguments): Promise<AskedMedia> {
  const { loadImage } = await import("../lib/inputs/media_files.ts");
  const { mapTogether } = await import("../lib/inputs/media_loading.ts");
  const { checkVideoFile, isVideoFile } = await import("../lib/inputs/video_file.ts");
  const { mediaPath } = await import("../lib/inputs/media_source.ts");
  const [images, videos] = [args.texts("image"), args.texts("video")];
  if (images.length > 0 && videos.length > 0) {
    throw new InputError("Cannot use --image and --video together: choose one");
  }
  const rate = args.text("fps") === undefined ? undefined : args.number("fps", 2, 0.01, 1000);
  const nframes = args.text("nframes") === undefined ? undefined : args.integer("nframes", 1, 1);
  const frames = nframes === undefined ? {} : { nframes };
  if (videos.length === 0 && (rate ?? nframes) !== undefined) {
    throw new InputError("Cannot use --fps or --nframes without --video");
  }
  const load = (path: string) => loadImage(path);
  if (videos.length === 0) return { images: await mapTogether(images, load) };
  const path = await mediaPath(videos[0], {}, "video");
  if (videos.length === 1 && await isVideoFile(path)) {
    await checkVideoFile({ path, name: `video ${quoted(videos[0])}` }, {});
    const wishes = rate === undefined || nframes !== undefined ? frames : { fps: rate };
    return { images: [], video: { file: videos[0], ...wishes } };
  }
  return {
    images: [],
    video: { frames: await mapTogether(videos, load), fps: rate ?? 2, ...frames },
  };
}

/** The images of the prompt: the images, or the frames of the video that the model saw. */
async function shownImages(
  { images, video }: AskedMedia,
  prompt: PreparedPrompt,
): Promise<readonly RgbImage[]> {
  if (video === undefined) return images;
  if ("frames" in video) return video.frames as readonly RgbImage[];
  const { findMedia } = await import("../lib/inputs/media_source.ts");
  const { readVideoFile } = await import("../lib/inputs/video_file.ts");
  const indices = [...new Set(prompt.grids.flatMap(({ frames }) => frames))];
  const found = await findMedia(video.file, {}, "video");
  const { frames } = await readVideoFile(found, () => indices, {});
  const shown: RgbImage[] = [];
  indices.forEach((index, i) => shown[index] = frames[i]);
  return shown;
}

/** Writes a page with the attention of some heads on the images. */
async function drawAttention(
  args: Arguments,
  model: PretrainedModel,
  prompt: PreparedPrompt,
  images: readonly RgbImage[],
  { answer, question, page }: { answer: string; question: string; page: string },
): Promise<void> {
  const { attentionFrom, attentionPanels } = await import("../lib/experiments/attention_view.ts");
  const { attentionOverlay, report } = await import("../lib/figures/mod.ts");
  const { tokensOf } = await import("../lib/inputs/token_spans.ts");
  const { readRanking } = await import("../lib/heads/ranking_file.ts");
  const view = await attentionFrom(model, prompt);
  const run = args.text("scores");
  const heads = run === undefined
    ? view.sharpest(tokensOf(prompt.spans.visual), drawnHeads)
    : (await readRanking(run, gridOf(model.config.text))).slice(0, drawnHeads);
  const panels = heads.flatMap((head) =>
    attentionPanels(prompt, images, view.head(head), { title: headName(head) })
  );
  const figure = attentionOverlay(panels, {
    title: `"${question}" answered "${answer}"`,
    caption: run === undefined
      ? "The heads that look hardest at a single visual token, from the question's tokens"
      : "The best heads of the identify run, from the question's tokens",
  });
  await writeTextAtomically(page, report([figure], { title: "CoReLens: attention" }));
}

/**
 * The model that answers where `--model` is not given: the one that knows most forms of questions, but
 * with a record of heads the default of the commands that make records, and a line says so.
 */
function answeringModel(args: Arguments): string {
  const record = ["scores", "sparse"].find((name) => args.text(name) !== undefined);
  if (record === undefined) return "mini-varied";
  if (args.text("model") === undefined) {
    console.error(`mini answers, since --${record} names heads; without it, mini-varied does`);
  }
  return "mini";
}

export const command: Command = {
  name: "ask",
  summary: "ask one question about images or a video",
  defaultModel: "mini-varied; mini with --scores or --sparse",
  options: {
    image: { type: "string", multiple: true, value: "FILE", help: "an image; may be repeated" },
    video: {
      type: "string",
      multiple: true,
      value: "FILE",
      help: "a video (MP4, GIF, … through ffmpeg), or a frame; repeat frames in order",
    },
    fps: {
      type: "string",
      value: "N",
      help: "frames per second to sample from a video, or rate of the frames given (default 2)",
    },
    nframes: { type: "string", value: "N", help: "number of frames to sample from the video" },
    ...pixelOptions,
    question: { type: "string", value: "TEXT", help: "the question" },
    attention: {
      type: "string",
      value: "OUT.html",
      help: "draw the attention of six heads on the images",
    },
    scores: {
      type: "string",
      value: "RUN",
      help: "heads for --attention: the best of an identify run (default: the sharpest here)",
    },
    ...sparseOptions,
    ...decodingOptions,
  },
  needs: ["question"],
  examples: [
    'ask --image page.png --question "What is the total?"',
    'ask --image page.png --question "What is the total?" --attention look.html',
    'ask --video clip.mp4 --nframes 8 --question "What happens?"',
  ],
  async run(args) {
    const { loadWithPrompt } = await import("./model.ts");
    const question = args.text("question") ?? ""; // may be empty, but was given
    if (question.trim() === "") console.error("the question is empty: nothing is asked");
    const page = args.text("attention");
    if (page !== undefined) {
      if (args.texts("image").length + args.texts("video").length === 0) {
        throw new InputError("Cannot draw attention: --attention needs --image or --video");
      }
      await checkOutput(page, "file");
    }
    const media = await readMedia(args);
    const decoding = decodingWishes(args);
    const { loaded, prompt } = await loadWithPrompt(
      args,
      ({ processor }) => processor.prepareQuestion({ ...media, question }),
      answeringModel(args),
    );
    using model = loaded;
    tellDecoding(model.config, decoding);
    const attention = await hybridFrom(args, model, prompt);
    const { answer, tokenIds, unknownWords } = await model.answer(prompt, {
      ...decoding,
      attention,
    });
    const { unknownWordsLine } = await import("../lib/inputs/unknown_words.ts");
    const told = unknownWordsLine(unknownWords);
    if (told !== null) console.error(told);
    if (page !== undefined) {
      const images = await shownImages(media, prompt);
      await drawAttention(args, model, prompt, images, { answer, question, page });
    }
    if (!args.flag("json")) return console.log(answer);
    console.log(
      JSON.stringify({ answer, token_ids: tokenIds, prompt_tokens: prompt.inputIds.length }),
    );
  },
};
