import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, numbered, Picture, samplesOf, upTo } from "./data_set.ts";

const entry = {
  doc_id: "report.pdf",
  doc_type: "Research report / Introduction",
  question: "What share voted?",
  answer: "18.29%",
  evidence_pages: "[2, 4]",
  evidence_sources: "['Chart']",
  answer_format: "Float",
};
const unanswered = {
  ...entry,
  answer: "Not answerable",
  evidence_pages: "[]",
  answer_format: "None",
};
const pages = numbered("pages/report", upTo(1, 4), new Picture(9, 12));

Deno.test("mmlongbench-doc: pages count from 1, and formats have their metrics", async () => {
  for (const file of ["samples.json", "data/samples.json"]) {
    const list = await samplesOf("mmlongbench-doc", { [file]: [entry, unanswered], ...pages });
    assertEquals(list.map(({ id }) => id), ["samples-1", "samples-2"]);
    assertEquals(list[0].evidence, [{ image: 1 }, { image: 3 }]);
    assertEquals(list[1].evidence, []);
    assertEquals(list[0].images!.length, 4);
    assert(isCorrect("0.183", list[0]) && !isCorrect("20%", list[0]));
    assert(isCorrect("Not answerable", list[1]));
  }
  for (const evidence_pages of ["[0]", "[2, 5]"]) { // pages that the document does not have
    const files = { "samples.json": [{ ...entry, evidence_pages }], ...pages };
    assertEquals((await samplesOf("mmlongbench-doc", files))[0].evidence, []);
  }
  const formats = ["Str", "Int", "Float", "List", "None"];
  const entries = formats.map((answer_format) => ({ ...entry, answer_format }));
  const samples = await samplesOf("mmlongbench-doc", { "samples.json": entries, ...pages });
  assertEquals(samples.map(({ metric }) => metric), ["text", "integer", "number", "list", "text"]);
});

Deno.test("mmlongbench-doc: foils are as many other pages, the unrelated question of another document", async () => {
  const rows = [
    entry,
    unanswered,
    { ...entry, question: "How old?", evidence_pages: "[1, 2, 3]" },
    { ...entry, doc_id: "b.pdf", question: "How far?" },
  ];
  const files = {
    "samples.json": rows,
    ...pages,
    ...numbered("pages/b", upTo(1, 4), new Picture(9, 9)),
  };
  const [own, none, most, other] = await samplesOf("mmlongbench-doc", files);
  assertEquals(own.foils, [[{ image: 0 }, { image: 2 }]]);
  assertEquals(none.foils, undefined); // it has no evidence either
  assertEquals(most.foils, [[{ image: 3 }]]); // there are no more
  assertEquals([own.unrelated, most.unrelated, other.unrelated], [
    undefined,
    undefined,
    "How old?",
  ]);
  assertEquals(own.null, undefined);
});

Deno.test("mmlongbench-doc: what is wrong is named", async () => {
  const good: Files = { "samples.json": [entry], ...pages };
  const entries = (fields: Files) => ({ ...good, "samples.json": [entry, changed(entry, fields)] });
  const cases: readonly (readonly [Files, string])[] = [
    [entries({ evidence_pages: "[2, four]" }), "entry 2 of samples.json: evidence_pages"],
    [entries({ evidence_pages: "[2,, 4]" }), "evidence_pages"],
    [entries({ evidence_pages: [2] }), "evidence_pages"],
    [entries({ answer_format: "Text" }), "one of Str, None, Int, Float, List"],
    [entries({ answer_format: "toString" }), "answer_format"],
    [entries({ answer: "" }), "answer"],
    [entries({ doc_id: "other.pdf" }), "pdftoppm -png"],
    [entries({ doc_id: "../../report.pdf" }), 'a part ".."'],
  ];
  for (const [files, message] of cases) {
    await assertRejects(() => samplesOf("mmlongbench-doc", files), InputError, message);
  }
});
