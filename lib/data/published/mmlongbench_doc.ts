/**
 * MMLongBench-Doc: questions on long PDF documents.
 *
 * `samples.json` is an array of `doc_id` (the PDF's name), `question`, `answer`, `evidence_pages` (a
 * list of pages from 1, written as a text: `"[3, 5]"`) and `answer_format` (`Str`, `Int`, `Float`,
 * `List` or `None`, which marks questions that the document does not answer). Source: `README.md`,
 * `data/samples.json` and `run_lvlm.py` (which renders pages at 144 dots per inch) of
 * https://github.com/mayubo2333/MMLongBench-Doc.
 *
 * Questions without evidence pages become samples without evidence; so do the few whose published pages
 * the document does not have (0, or one behind its last; issues 6 and 8 of that repository). Foils are
 * as many of the other pages; the unrelated question is the last one of the document before. Answers are
 * compared by the rules of the benchmark's `eval/eval_score.py`.
 *
 * @module
 */
import type { MetricName } from "../sample.ts";
import type { EntryReader, PublishedLayout } from "./layout.ts";
import { type MediaFolder, pagesOf } from "./media_folder.ts";
import { OtherDocuments } from "./other_documents.ts";
import type { Row } from "./row.ts";

/** Metric of each answer format. */
const metrics: Readonly<Record<string, MetricName>> = {
  Str: "text",
  None: "text",
  Int: "integer",
  Float: "number",
  List: "list",
};

function metricOf(row: Row): MetricName {
  const format = row.text("answer_format");
  if (Object.hasOwn(metrics, format)) return metrics[format];
  throw row.wrong("answer_format", `one of ${Object.keys(metrics).join(", ")}`);
}

/** Pages from 0 of a list from 1 that is written as a text; none if the document lacks one of them. */
function evidencePages(row: Row, count: number): number[] {
  const text = row.text("evidence_pages");
  if (!/^\[\s*(\d+\s*(,\s*\d+\s*)*)?\]$/.test(text)) {
    throw row.wrong("evidence_pages", 'a list of page numbers in a text, such as "[3, 5]"');
  }
  const pages = [...text.matchAll(/\d+/g)].map(([number]) => Number(number) - 1);
  return pages.every((page) => page >= 0 && page < count) ? [...new Set(pages)] : [];
}

/** As many other pages as there are evidence pages, spread over the document; none without evidence. */
function foilPages(evidence: readonly number[], count: number): number[] {
  const others = Array.from({ length: count }, (_, i) => i).filter((i) => !evidence.includes(i));
  const wanted = Math.min(evidence.length, others.length);
  return Array.from(
    { length: wanted },
    (_, i) => others[Math.floor((i + 0.5) * others.length / wanted)],
  );
}

/** Reads questions in their order. */
function reader(media: MediaFolder): EntryReader {
  const documents = new OtherDocuments();
  return async (row) => {
    const document = row.text("doc_id");
    const images = await pagesOf(media, "pages", document, row.where);
    const pages = evidencePages(row, images.length);
    const foils = foilPages(pages, images.length);
    const question = row.text("question");
    return [{
      images,
      question,
      answer: row.text("answer"),
      metric: metricOf(row),
      evidence: pages.map((image) => ({ image })),
      ...(foils.length > 0 ? { foils: [foils.map((image) => ({ image }))] } : {}),
      ...documents.unrelatedTo(document, [question]),
    }];
  };
}

/** The layout. */
export const mmlongbenchDoc: PublishedLayout = {
  name: "mmlongbench-doc",
  wanted: "samples.json and pages/DOCUMENT/…NUMBER.png",
  folders: ["data", ""],
  files: /^samples\.jsonl?$/,
  open: reader,
};
