/**
 * Conversations about albums for training through a language model: one turn for each picture, in several wordings, so
 * that one pass has an answer for every picture.
 *
 * @module
 */
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import type { Random } from "../../lib/stats/random.ts";
import { albumAsking, albumCells, albumSide } from "../pages/albums.ts";
import type { AnsweredPrompt } from "./through_decoder.ts";

/** A question, how its answer begins, and how it goes on. */
export interface AlbumTurn {
  readonly question: string;
  readonly begun: string;
  readonly rest: string;
  /** How it might go on for the album's pictures, itself among them. */
  readonly choices: readonly string[];
}

type Wording = (name: string, number: number) => Omit<AlbumTurn, "choices">;

/** In the words of `albumSample`, then others. */
const wordings: Readonly<Record<"what" | "which", readonly Wording[]>> = {
  what: [
    (name, number) => ({ ...albumAsking("what", name, number), rest: ` ${name}` }),
    (name, number) => ({
      question: `Name what is in picture ${number}.`,
      begun: `In picture ${number} there is:`,
      rest: ` ${name}`,
    }),
    (name, number) => ({
      question: `Picture ${number}?`,
      begun: `Picture ${number} shows this:`,
      rest: ` ${name}`,
    }),
  ],
  which: [
    (name, number) => ({ ...albumAsking("which", name, number), rest: `${number}` }),
    (name, number) => ({
      question: `Where is the ${name}?`,
      begun: "It is in picture ",
      rest: `${number}`,
    }),
    (name, number) => ({
      question: `What is the number of the picture with the ${name}?`,
      begun: "Number ",
      rest: `${number}`,
    }),
  ],
};

/**
 * A turn about every picture of an album in random order: of three, two ask what a picture shows and one asks which
 * picture shows a thing. No picture is asked about twice, so that no answer stands in the conversation already.
 *
 * @param names what the pictures show, one after the other
 *
 * @example
 * ```ts
 * import { albumTurns } from "./album_prompts.ts";
 * import { Random } from "../../lib/stats/random.ts";
 * import { assertEquals } from "@std/assert";
 * const turns = albumTurns(["fox", "key", "owl"], new Random(1));
 * assertEquals(turns.length, 3);
 * ```
 */
export function albumTurns(names: readonly string[], random: Random): AlbumTurn[] {
  return Array.from(random.permutation(names.length), (i) => {
    const kind = random.integer(3) === 0 ? "which" : "what", own = wordings[kind];
    // half of the turns in the first wording
    const wording = random.integer(2) === 0 ? own[0] : own[random.integer(own.length)];
    const choices = names.map((name, at) => kind === "which" ? `${at + 1}` : ` ${name}`);
    return { ...wording(names[i], i + 1), choices };
  });
}

/** What an album's prompt is to hold. */
export interface AlbumPromptOptions {
  /** Visual tokens of an image; all by default. */
  readonly places?: number;
  /** Whether an answer of one token counts as a choice among those of the album's pictures. */
  readonly choosing?: boolean;
}

/**
 * The conversation of some turns as a prompt, for a ChatML template. The images are empty: what they show is the tower's
 * to say.
 *
 * @param pictures number of images
 */
export async function albumPrompt(
  model: PretrainedModel,
  pictures: number,
  turns: readonly AlbumTurn[],
  { places = albumCells ** 2, choosing = false }: AlbumPromptOptions = {},
): Promise<AnsweredPrompt> {
  const side = albumSide, white = new Uint8Array(3 * side * side).fill(255);
  const images = Array.from(
    { length: pictures },
    () => ({ width: side, height: side, data: white }),
  );
  const { tokenizer } = model.processor;
  const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });
  const { question } = turns[0];
  const { inputIds: start, media } = await model.prepare(questionMessages({ images, question }));
  const { imageTokenId } = model.config;
  let seen = 0;
  const ids = [...start].filter((id) => id !== imageTokenId || seen++ % albumCells ** 2 < places);
  const answerIds: number[] = [],
    answerRows: number[] = [],
    answerChoices: (Int32Array | undefined)[] = [];
  turns.forEach(({ question, begun, rest, choices }, i) => {
    if (i > 0) {
      const asked = `<|im_end|>\n<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
      ids.push(...encode(asked));
    }
    ids.push(...encode(begun));
    const others = choosing ? choices.map((choice) => encode(choice)) : [];
    const chosenFrom = others.every(({ length }) => length === 1)
      ? Int32Array.from(others, ([first]) => first)
      : undefined;
    for (const id of encode(rest)) {
      answerChoices.push(chosenFrom);
      answerRows.push(ids.length - 1);
      answerIds.push(id);
      ids.push(id);
    }
  });
  ids.pop(); // nothing follows the last one
  const tokens = ids.length;
  return {
    inputs: {
      inputIds: Int32Array.from(ids),
      positionIds: Int32Array.from({ length: tokens }, (_, i) => i),
      nextPosition: tokens,
      media,
    },
    answerIds: Int32Array.from(answerIds),
    answerRows: Int32Array.from(answerRows),
    ...(choosing ? { answerChoices } : {}),
  };
}
