/**
 * Scene grounding, in the shape of RefCOCOg: an image of coloured shapes, and where one of them is.
 *
 * @module
 */
import type { DomainSpec } from "./domain_spec.ts";

/** Coloured shapes with signs beside them; "where is the red star?" is answered by its sign. */
export const sceneGrounding: DomainSpec = {
  name: "scene",
  description:
    "An image of coloured shapes among clutter, each with a sign to its right. The question asks " +
    "where one shape is; the answer is what its sign says, or the shape's column and row in " +
    "eighths of the image.",
  media: "images",
  theme: "ground",
  sections: () => ({ keys: "objects", answers: "marks", sorted: false }),
  templates: () => ({
    short: "where {k}",
    sentences: [
      "where is the {k}?",
      "find the {k}.",
      "at which place is the {k}?",
      "tell me where the {k} is.",
    ],
    between: " with the ",
  }),
  clutter: ["marks", "keys", "values"],
};
