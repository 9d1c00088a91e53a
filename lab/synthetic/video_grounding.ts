/**
 * Video grounding, in the shape of VidSTG: frames with objects, and when or where one of them shows.
 *
 * @module
 */
import type { DomainSpec } from "./domain_spec.ts";

/**
 * Objects with times beside them; "when does the red star appear?" is answered by its time. With
 * keys of two words the time belongs to the question: "where is the red star at 12s?"
 */
export const videoGrounding: DomainSpec = {
  name: "video",
  description:
    "Frames of a video with coloured shapes and the seconds at which they appear. The question " +
    "asks when one shape appears, or where it is at a given time; the answer is the time beside " +
    "it or on its frame, or the sign beside it.",
  media: "video",
  theme: "ground",
  sections: (variety) =>
    variety.keyWords === 2
      ? { keys: "objects", secondKeys: "stamps", answers: "marks", sorted: false }
      : { keys: "objects", answers: "stamps", sorted: true },
  templates: (variety) =>
    variety.keyWords === 2
      ? {
        short: "where {k}",
        sentences: ["where is the {k}?", "find the {k}.", "where do we see the {k}?"],
        between: " at ",
      }
      : {
        short: "when {k}",
        sentences: [
          "when does the {k} appear?",
          "at what time is the {k} seen?",
          "tell me when the {k} appears.",
        ],
        between: " and ",
      },
  clutter: ["values", "keys", "pages"],
};
