import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, listed, numbered, Picture, samplesOf, upTo } from "./data_set.ts";

const place = { page: 1, page_size: [612, 792], bbox: [306, 396, 612, 800] };
const first = {
  Q: "Which year?",
  A: "2015",
  page_id: [1],
  type: "['Chart']",
  layout_mapping: [place],
};
const second = {
  ...first,
  Q: "Which two groups?",
  A: "['White', '10%']",
  page_id: [2, 1],
};
const document = {
  doc_name: "a report.pdf",
  domain: "Research report / Introduction",
  page_indices: [18196, 18198],
  layout_indices: [1, 9],
  questions: [first, second],
};
const lines = (...documents: unknown[]) => documents.map((one) => JSON.stringify(one)).join("\n");
const annotations = "MMDocIR_annotations.jsonl";
const pages = numbered("page_images/a report", upTo(0, 2), new Picture(306, 396));

Deno.test("mmdocir: pages in order, places scaled to them, whole pages where there is no place", async () => {
  const layouts: readonly Files[] = [
    { [annotations]: lines(document), ...pages },
    {
      [`dataset/${annotations}`]: lines(document),
      ...Object.fromEntries(
        upTo(1, 3).map((i) => [`page_images/a report_${i}.png`, new Picture(306, 396)]),
      ),
    },
  ];
  for (const files of layouts) {
    const samples = await samplesOf("mmdocir", files);
    assertEquals(samples.map(({ question }) => question), [first.Q, second.Q]);
    assertEquals(samples.map(({ images }) => images!.length), [3, 3]);
    const box = [153, 198, 306, 396] as const; // cut off at the page's foot
    assertEquals(samples[0].evidence, [{ image: 1, box }]);
    assertEquals(samples[1].evidence, [{ image: 1, box }, { image: 2 }]);
    assert(isCorrect("2015.", samples[0]) && !isCorrect("2016", samples[0]));
    assert(isCorrect("10%, white", samples[1]));
  }
});

Deno.test("mmdocir: foils are places of other questions, the unrelated one is of another document", async () => {
  const other = { ...place, page: 0, bbox: [0, 0, 306, 396] };
  const apart = { ...first, Q: "Which town?", page_id: [0], layout_mapping: [other] };
  const again = { ...first, Q: "Which year, again?" };
  const files: Files = {
    [annotations]: lines(
      { ...document, questions: [first, apart, again] },
      { ...document, doc_name: "b.pdf", questions: [second] },
    ),
    ...pages,
    ...numbered("page_images/b", upTo(0, 2), new Picture(306, 396)),
  };
  const [one, two, three, foreign] = await samplesOf("mmdocir", files);
  // what answers another question as well as this one is no foil
  assertEquals(one.foils, [[{ image: 0, box: [0, 0, 153, 198] }]]);
  assertEquals(two.foils, [one.evidence, one.evidence]);
  assertEquals(three.foils, one.foils);
  assertEquals([one.unrelated, foreign.unrelated], [undefined, again.Q]);
  assertEquals([one.null, foreign.null, foreign.foils], [undefined, undefined, undefined]);
});

Deno.test("mmdocir: what is wrong is named", async () => {
  const good: Files = { [annotations]: lines(document), ...pages };
  const questions = (fields: Files) => ({
    ...good,
    [annotations]: lines(changed(document, { questions: [first, changed(first, fields)] })),
  });
  const places = (fields: Files) => questions({ layout_mapping: [changed(place, fields)] });
  const where = "line 1 of MMDocIR_annotations.jsonl, questions[1]";
  const cases: readonly (readonly [Files, string])[] = [
    [questions({ A: 7 }), `${where}: A is`],
    [questions({ page_id: [3] }), `${where}: page_id is`],
    [questions({ page_id: ["1"] }), `${where}: page_id is`],
    [places({ page: 3 }), `${where}, layout_mapping[0]: page is 3; wanted a page from 0 to 2`],
    [places({ page_size: [0, 0] }), `${where}, layout_mapping[0]: page_size is`],
    [{ ...good, [annotations]: lines(document, { doc_name: "b.pdf" }) }, "line 2 of MMDocIR"],
    [{ ...good, "page_images/a report/000003.png": new Picture(9, 9) }, "page_indices"],
    [{ ...good, "page_images/a report/000001.png": "no image" }, "no image"],
    [{ [annotations]: lines(document) }, "pdftoppm"],
    [{}, "no annotations"],
  ];
  for (const [files, message] of cases) {
    await assertRejects(() => samplesOf("mmdocir", files), InputError, message);
  }
});

Deno.test("mmdocir: questions without an answer or with a box that has no area are left out and named", async () => {
  const bad: readonly Files[] = [
    { layout_mapping: [changed(place, { bbox: [300, 100, 300, 450] })] }, // as published in line 125
    { A: "" }, // as published in line 171
    { A: undefined },
    { layout_mapping: [changed(place, { bbox: [700, 0, 800, 9] })] },
  ];
  const questions = [first, ...bad.map((fields) => changed(first, fields)), second];
  const files = { [annotations]: lines(document, changed(document, { questions })), ...pages };
  const { ids, leftOut } = await listed("mmdocir", files);
  const name = (i: number) => `MMDocIR_annotations-2-${i}`;
  assertEquals(ids, [
    ...["MMDocIR_annotations-1-1", "MMDocIR_annotations-1-2"],
    ...[name(1), name(6)],
  ]);
  assertEquals(leftOut.map(({ sample }) => sample), [2, 3, 4, 5].map(name));
  assert(leftOut[0].reason.includes("line 2 of MMDocIR_annotations.jsonl, questions[1], layout"));
});

Deno.test("mmdocir: a limit reads no further", async () => {
  const files = { [annotations]: `${lines(document)}\nnot JSON`, ...pages };
  assertEquals((await listed("mmdocir", files, { limit: 2 })).ids.length, 2);
  await assertRejects(() => listed("mmdocir", files, { limit: 3 }), InputError, "line 2");
});
