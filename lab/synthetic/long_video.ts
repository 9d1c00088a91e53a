/**
 * Long video understanding, in the shape of MLVU: many frames, one of them needed, multiple choice.
 *
 * @module
 */
import type { DomainSpec } from "./domain_spec.ts";

/** Objects and the names beside them in a few of many frames; four names to choose from. */
export const longVideo: DomainSpec = {
  name: "long-video",
  description:
    "Many frames of a video, some of them with a coloured shape and a name beside it. The question " +
    "asks who is beside one shape; the answer is one of four names.",
  media: "video",
  theme: "ground",
  sections: () => ({ keys: "objects", answers: "values", sorted: false }),
  templates: () => ({
    short: "who {k}",
    sentences: ["who is beside the {k}?", "who is next to the {k}?", "who is near the {k}?"],
    between: " with the ",
  }),
  clutter: ["values", "marks", "keys"],
};
