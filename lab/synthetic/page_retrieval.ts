/**
 * Page retrieval, in the shape of MMDocIR: the pages of a document, and which one has a heading.
 *
 * @module
 */
import type { DomainSpec } from "./domain_spec.ts";

/** Headings with page numbers; "which page has the map?" is answered by the number. */
export const pageRetrieval: DomainSpec = {
  name: "page",
  description:
    "Pages of a document with headings. The question asks which page has one heading; the answer " +
    "is the page number beside the heading, or the one at the top of the page.",
  media: "images",
  theme: "paper",
  sections: () => ({ keys: "keys", answers: "pages", sorted: true }),
  templates: () => ({
    short: "page {k}",
    sentences: [
      "which page has the {k}?",
      "on what page is the {k}?",
      "find the page of the {k}.",
    ],
    between: " and the ",
  }),
  clutter: ["values", "objects", "marks"],
};
