/**
 * Document question answering, in the shape of MMLongBench-Doc: a value read off a page.
 *
 * @module
 */
import type { DomainSpec } from "./domain_spec.ts";

/** Lines of a thing and its owner; "who has the map?" is answered by the owner's name. */
export const documentQuestion: DomainSpec = {
  name: "document",
  description:
    "Pages of a document with lines of a thing and the name of who has it. The question asks who " +
    "has one thing; the answer is the name to its right.",
  media: "images",
  theme: "paper",
  sections: () => ({ keys: "keys", answers: "values", sorted: false }),
  templates: () => ({
    short: "who {k}",
    sentences: [
      "who has the {k}?",
      "whose is the {k}?",
      "who owns the {k}?",
      "name the owner of the {k}.",
    ],
    between: " and the ",
  }),
  clutter: ["values", "objects", "marks"],
};
