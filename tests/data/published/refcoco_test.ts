import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { changed, type Files, Picture, samplesOf } from "./data_set.ts";

const name = "COCO_train2014_000000000042.jpg";
const sentences = [{ sent_id: 1, sent: "the left cup" }, { sent_id: 2, sent: "a white cup" }];
const annotation = { id: 7, image_id: 42, bbox: [20, 10, 40, 30], category_id: 47 };
const image = { id: 42, width: 200, height: 100, file_name: name };
const ref = { ref_id: 3, ann_id: 7, image_id: 42, split: "val", file_name: "other.jpg", sentences };
const exported = {
  ...ref,
  ann_id: 99, // not looked up
  image_path: `coco/train2014/${name}`,
  bbox: [20, 10, 60, 40],
  raw_anns: JSON.stringify(annotation),
  raw_image_info: JSON.stringify(image),
};
const row = {
  question_id: "7",
  question: "Please carefully observe the area",
  answer: ["the left cup", "a white cup"],
  bbox: [20, 10, 40, 30],
  file_name: "COCO_train2014_000000000042_7.jpg",
};
const line = { image: `data/${name}`, width: 200, height: 100, bbox: [20, 10, 60, 40] };
const lines = sentences.map(({ sent }) => JSON.stringify({ ...line, sent })).join("\n");
const picture = new Picture(200, 100);
const instances = { images: [image], annotations: [annotation] };

const forms: Readonly<Record<string, Files>> = {
  references: {
    "instances.json": instances,
    "refs(umd).json": [ref],
    [`images/${name}`]: picture,
  },
  "references in annotations": {
    "annotations/instances.json": instances,
    "annotations/refs(umd).json": [ref],
    [`train2014/${name}`]: picture,
  },
  "rows with COCO's annotation": {
    "val.jsonl": JSON.stringify(exported),
    [`coco/train2014/${name}`]: picture,
  },
  "rows with answers": { "val.json": JSON.stringify(row), [`images/${row.file_name}`]: picture },
  "rows with answers, COCO's images": { "val.json": [row], [`train2014/${name}`]: picture },
  "lines of Shikra": {
    "REC_refcocog_val.jsonl": sentences.map(({ sent }) =>
      JSON.stringify({ img_path: name, expression: sent, bbox: [20, 10, 60, 40] })
    ).join("\n"),
    [`train2014/${name}`]: picture,
  },
  "evaluation lines": { "refcocog_val.jsonl": lines, [`train2014/${name}`]: picture },
};

Deno.test("refcoco: foils are other things of the category, the null query names what is not there", async () => {
  const others = [
    { ...annotation, id: 8, bbox: [100, 10, 20, 30] },
    { ...annotation, id: 9, bbox: [0, 0, 9, 9], iscrowd: 1 }, // there, but no single thing
    { ...annotation, id: 10, category_id: 50, bbox: [0, 0, 5, 5] },
    { ...annotation, id: 11, image_id: 43 }, // of another image
  ];
  const categories = [{ id: 47, name: "cup" }, { id: 50, name: "spoon" }, {
    id: 52,
    name: "banana",
  }];
  const files: Files = {
    ...forms.references,
    "instances.json": { ...instances, annotations: [annotation, ...others], categories },
  };
  for (const sample of await samplesOf("refcocog", files)) {
    assertEquals(sample.foils, [[{ image: 0, box: [100, 10, 120, 40] }]]);
    assert(sample.null!.includes("the banana"));
    const { question } = sample,
      expression = sentences.find(({ sent }) => question.includes(sent))!;
    assertEquals(sample.null!.replace("the banana", ""), question.replace(expression.sent, ""));
  }
  const [plain] = await samplesOf("refcocog", forms.references);
  assertEquals([plain.foils, plain.null], [undefined, undefined]); // nothing else is annotated
});

for (const [form, files] of Object.entries(forms)) {
  Deno.test(`refcoco: ${form}`, async () => {
    for (const layout of ["refcocog", "refcoco", "refcoco+"]) {
      const samples = await samplesOf(layout, files);
      assertEquals(samples.map(({ domain }) => domain), [layout, layout]);
      samples.forEach((sample, i) => {
        assert(sample.question.includes(sentences[i].sent));
        assertEquals(sample.evidence, [{ image: 0, box: [20, 10, 60, 40] }]);
        assertEquals(sample.answer, "[100, 100, 300, 400]");
        assert(isCorrect("[110, 110, 290, 390]", sample));
        assert(!isCorrect("[500, 110, 690, 390]", sample));
      });
      assertEquals(new Set(samples.map(({ id }) => id)).size, 2);
    }
  });
}

Deno.test("refcoco: what is wrong is named", async () => {
  const good = forms["rows with answers"];
  const references = forms.references;
  const cases: readonly (readonly [Files, string])[] = [
    [
      { ...good, "val.json": [changed(row, { bbox: [20, 10, 400, 30] })] },
      "entry 1 of val.json: bbox",
    ],
    [{ ...good, "val.json": [changed(row, { answer: "x" })] }, "entry 1 of val.json: answer"],
    [{ ...good, "val.json": [row, changed(row, { file_name: "no.jpg" })] }, "entry 2 of val.json"],
    [{ ...good, "val.json": [changed(row, { file_name: "../x.jpg" })] }, 'a part ".."'],
    [{ ...good, "val.json": [] }, "val.json has no samples"],
    [{ ...good, "val.jsonl": "" }, "another file is called val"],
    [{ ...references, "instances.json": {} }, "instances.json: annotations"],
    [
      { ...references, "instances.json": { images: [image], annotations: [] } },
      "entry 1 of refs(umd).json: ann_id",
    ],
    [{ "refs(umd).json": [ref], [`images/${name}`]: picture }, "instances.json beside the file"],
    [{ "refs(umd).p": "pickle", "instances.json": instances }, "pickle"],
    [{ "refcocog_val.jsonl": lines }, "line 1 of refcocog_val.jsonl"],
    [
      { ...good, "val.json": [{ phrase: "x", box: [1, 2, 3, 4] }] },
      "entry 1 of val.json: it has the fields phrase, box; wanted those of one form: sentences, ann_id",
    ],
  ];
  for (const [files, message] of cases) {
    await assertRejects(() => samplesOf("refcocog", files), InputError, message);
  }
});
