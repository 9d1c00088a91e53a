/**
 * MMDocIR: questions on long documents, with the pages and the places on them that answer each.
 *
 * `MMDocIR_annotations.jsonl` has one document a line: `doc_name`, `page_indices` (first and last row
 * of the document in `MMDocIR_pages.parquet`, both ends included) and `questions`, each with `Q`, `A`,
 * `page_id` (pages from 0) and `layout_mapping` of `page`, `page_size` and `bbox` `[left, top, right,
 * bottom]` in units of the page's size. Source: `dataset/README.md` and that file in
 * https://github.com/MMDocRAG/MMDocIR.
 *
 * A sample shows the document's pages and asks `Q`; evidence is the places, or whole pages where none
 * are given; foils are the places that answer the document's other questions; the unrelated question is
 * the last one of the document before. Questions without an answer or with a box that has no area (one
 * each in the published file) are left out. The benchmark itself ranks pages (recall at k); what a model answers is compared with `A`
 * by the rules of MMLongBench-Doc, from which many of the questions come.
 *
 * @module
 */
import type { Evidence } from "../sample.ts";
import { scaledBox } from "./boxes.ts";
import { metricOfAnswer } from "./document_answer.ts";
import type { EntryReader, PublishedLayout, SampleDraft } from "./layout.ts";
import { type MediaFolder, pagesOf } from "./media_folder.ts";
import { OtherDocuments } from "./other_documents.ts";
import type { Row } from "./row.ts";

/** Where the answer stands: the places on pages, and the pages that have none. */
async function evidenceOf(
  question: Row,
  images: readonly string[],
  media: MediaFolder,
): Promise<Evidence[]> {
  const pages = question.numbers("page_id");
  const evidence: Evidence[] = [];
  for (const place of question.rows("layout_mapping")) {
    const image = place.whole("page");
    if (!images[image]) throw place.wrong("page", `a page from 0 to ${images.length - 1}`);
    const [width, height] = place.numbers("page_size", 2);
    if (!(width > 0 && height > 0)) throw place.wrong("page_size", "width and height");
    const size = await media.size(images[image]);
    const box = scaledBox(place.numbers("bbox", 4), [width, height], size);
    if (!box) throw place.unusable("bbox", "[left, top, right, bottom] on the page");
    evidence.push({ image, box });
  }
  const covered = new Set(evidence.map((piece) => "image" in piece ? piece.image : -1));
  for (const image of pages) {
    if (!images[image]) throw question.wrong("page_id", `pages from 0 to ${images.length - 1}`);
    if (!covered.has(image)) evidence.push({ image });
  }
  return evidence;
}

/** Places that answer a document's other questions, and lie on none of this one's. */
function foilsOf(own: readonly Evidence[], others: readonly (readonly Evidence[])[]): Evidence[][] {
  const meets = (a: Evidence, b: Evidence) => {
    if (!("image" in a) || !("image" in b) || a.image !== b.image) return false;
    if (!a.box || !b.box) return true;
    return a.box[0] < b.box[2] && b.box[0] < a.box[2] && a.box[1] < b.box[3] && b.box[1] < a.box[3];
  };
  return others.map((pieces) => pieces.filter((piece) => !own.some((mine) => meets(mine, piece))))
    .filter((pieces) => pieces.length > 0);
}

/** Reads documents in their order. */
function reader(media: MediaFolder): EntryReader {
  const documents = new OtherDocuments();
  return async (row) => {
    const document = row.text("doc_name");
    const images = await pagesOf(media, "page_images", document, row.where);
    const [first, last] = row.numbers("page_indices", 2);
    if (last - first + 1 !== images.length) {
      throw row.wrong("page_indices", `those of ${images.length} pages, which page_images has`);
    }
    const questions = row.rows("questions");
    const texts = questions.map((question) => question.has("Q") ? question.textOrEmpty("Q") : "");
    const unrelated = documents.unrelatedTo(document, texts);
    return questions.map((question) => async (): Promise<SampleDraft> => {
      const answer = question.textOrEmpty("A").trim();
      if (answer === "") throw question.unusable("A", "an answer");
      const evidence = await evidenceOf(question, images, media);
      const others = await Promise.all(
        questions.filter((other) => other !== question)
          .map((other) => evidenceOf(other, images, media).catch(() => [])), // told with its own
      );
      const foils = foilsOf(evidence, others);
      return {
        images,
        question: question.text("Q"),
        answer,
        metric: metricOfAnswer(answer),
        evidence,
        ...(foils.length > 0 ? { foils } : {}),
        ...unrelated,
      };
    });
  };
}

/** The layout. */
export const mmdocir: PublishedLayout = {
  name: "mmdocir",
  wanted: "MMDocIR_annotations.jsonl and page_images/DOCUMENT/…NUMBER.jpg",
  folders: ["", "dataset"],
  files: /^MMDocIR_annotations\.jsonl$/,
  open: reader,
};
