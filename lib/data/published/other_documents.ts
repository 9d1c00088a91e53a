/**
 * Questions of other documents: unrelated ones for a document's own. What they ask for is not there, but
 * they use other words, so they are no null queries.
 *
 * @module
 */

/**
 * Remembers, while annotations are read in their order, the last question of the document before.
 *
 * @example
 * ```ts
 * import { OtherDocuments } from "./other_documents.ts";
 * import { assertEquals } from "@std/assert";
 * const others = new OtherDocuments();
 * assertEquals(others.unrelatedTo("a.pdf", ["What year?", "Which town?"]), {});
 * assertEquals(others.unrelatedTo("b.pdf", ["How many?"]), { unrelated: "Which town?" });
 * assertEquals(others.unrelatedTo("b.pdf", ["How much?"]), { unrelated: "Which town?" });
 * ```
 */
export class OtherDocuments {
  #document: string | null = null;
  #last = "";
  #before = "";

  /**
   * The unrelated question of a document's samples; none for the first document.
   *
   * @param questions the document's own, which later documents may get
   */
  unrelatedTo(document: string, questions: readonly string[]): { readonly unrelated?: string } {
    if (document !== this.#document) {
      this.#before = this.#last;
      this.#document = document;
      this.#last = "";
    }
    this.#last = questions.findLast((question) => question.trim() !== "")?.trim() ?? this.#last;
    return this.#before === "" ? {} : { unrelated: this.#before };
  }
}
