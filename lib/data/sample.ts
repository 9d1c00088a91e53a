/**
 * What one sample is: images or a video, a question, its answer, and where the answer stands.
 *
 * @module
 */
import type { Evidence } from "../inputs/evidence.ts";
import type { Box, RgbImage } from "../inputs/image.ts";

export type { Box, Evidence, RgbImage };

/** What is shown: images in order, or the frames of one video. */
export type SampleMedia =
  | { readonly images: readonly RgbImage[]; readonly video?: undefined }
  | {
    readonly images?: undefined;
    readonly video: { readonly frames: readonly RgbImage[]; readonly fps: number };
  };

/** Names of the metrics; see {@link MetricName}. */
export const metricNames = [
  ...["box", "interval", "integer", "number", "text", "list"] as const,
  "mlvu",
] as const;

/**
 * How a prediction is compared with the right answer where exact match does not do: boxes and
 * stretches of time by intersection over union (at least 0.5), the answer formats of MMLongBench-Doc,
 * and (`mlvu`) choices that are also counted as MLVU and lmms-eval count them.
 */
export type MetricName = typeof metricNames[number];

/** What is known of a sample without its images. */
export interface SampleText {
  /** Unique in its data set. */
  readonly id: string;
  /** Name of the domain, e.g. `scene`. */
  readonly domain: string;
  /** Text to read before the question, which evidence may point at; none by default. */
  readonly context?: string;
  /** The question, asked after the media and the context. */
  readonly question: string;
  /** The right answer, or several of which each is right. */
  readonly answer: string | readonly string[];
  /** The answers to choose from, in a multiple-choice question. */
  readonly choices?: readonly string[];
  /** Everything that the answer needs. */
  readonly evidence: readonly Evidence[];
  /**
   * The null query: the same wording, about something that is not there. What heads give the evidence
   * all the same does not depend on what is asked.
   */
  readonly null?: string;
  /** A question that has nothing to do with the evidence, in other words. */
  readonly unrelated?: string;
  /**
   * Foils: places of the evidence's kind that answer other questions (other owners, other objects),
   * each a list as `evidence` is.
   */
  readonly foils?: readonly (readonly Evidence[])[];
  /**
   * What each foil answers to its own question, in the order of `foils`, each as `answer` is: where
   * steering can lead.
   */
  readonly foilAnswers?: readonly (string | readonly string[])[];
  /** Probability of a right answer by a guess among the candidates in sight, where it is known. */
  readonly chance?: number;
  /** How a prediction is compared with the answer; choices or exact match by default. */
  readonly metric?: MetricName;
}

/** One question on images or a video, with its answer and evidence. */
export type Sample = SampleText & SampleMedia;

/**
 * The images of a sample in order, whether they are images or the frames of a video.
 *
 * @example
 * ```ts
 * import { imagesOf } from "./sample.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(imagesOf({ images: [] }), []);
 * ```
 */
export function imagesOf(media: SampleMedia): readonly RgbImage[] {
  return media.video ? media.video.frames : media.images;
}

/**
 * The right answers of a sample, as a list.
 *
 * @example
 * ```ts
 * import { answersOf } from "./sample.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(answersOf({ answer: "tom" }), ["tom"]);
 * ```
 */
export function answersOf(sample: Pick<SampleText, "answer">): readonly string[] {
  return typeof sample.answer === "string" ? [sample.answer] : sample.answer;
}
