/**
 * RefCOCOg, RefCOCO and RefCOCO+: an image of COCO and an expression that refers to one thing in it.
 *
 * Read are five published forms, told apart by their fields:
 * - `instances.json` and the references as JSON (`refs(umd).p` is a Python pickle, which is not
 *   read): `ref_id`, `ann_id`, `image_id`, `sentences[].sent`; boxes are COCO's, `[left, top, width,
 *   height]`. Source: https://github.com/lichengunc/refer, `refer.py`.
 * - rows of https://huggingface.co/datasets/jxu124/refcocog: the same, with `raw_anns` (the COCO
 *   annotation as JSON in a text), `raw_image_info` and `image_path`.
 * - rows of https://huggingface.co/datasets/lmms-lab/RefCOCOg: `answer` (the expressions), `bbox`
 *   `[left, top, width, height]`, `file_name` (COCO's with the annotation's number at the end).
 *   Source of the box's form: `lmms_eval/tasks/refcocog/utils_rec.py` of
 *   https://github.com/EvolvingLMMs-Lab/lmms-eval.
 * - lines of the evaluation files of Qwen-VL and InternVL: `image`, `sent`, `bbox` `[left, top,
 *   right, bottom]`, `width`, `height`. Source: `internvl_chat/eval/refcoco/evaluate_grounding.py` of
 *   https://github.com/OpenGVLab/InternVL.
 * - lines of Shikra: `img_path`, `expression`, `bbox` `[left, top, right, bottom]`. Source:
 *   `mllm/dataset/single_image_dataset/rec.py` of https://github.com/shikras/shikra.
 *
 * Beside `instances.json` the image's other annotations give foils (other things of the category) and
 * a null query (a category that the image does not show).
 *
 * The metric is the papers': a box is right at an intersection over union of at least 0.5.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { relativeNameProblem } from "../../common/files.ts";
import { quoted } from "../../common/text.ts";
import type { Box } from "../sample.ts";
import { boxField } from "./boxes.ts";
import type { EntryReader, PublishedLayout, SampleDraft } from "./layout.ts";
import type { MediaFolder, Size } from "./media_folder.ts";
import { boxText } from "./overlap.ts";
import { readObject, type Row } from "./row.ts";

/** Where the images may be. */
const folders = ["", "images/", "train2014/", "images/train2014/", "coco/train2014/"];

/** Finds an image by the name that the annotations give it. */
async function imagePath(media: MediaFolder, given: string, where: string): Promise<string> {
  const problem = relativeNameProblem(given);
  if (problem) {
    throw new InputError(`Cannot use image ${quoted(given)} (${where}): ${problem}`);
  }
  const base = given.slice(given.lastIndexOf("/") + 1);
  const plain = base.replace(/^(COCO_\w+_\d{12})_\d+(?=\.)/, "$1"); // without the annotation's number
  const tried = [given, ...[base, plain].flatMap((name) => folders.map((one) => one + name))];
  for (const path of tried) if (await media.has(path)) return path;
  throw new InputError(
    `Cannot find image ${quoted(given)} (${where}) in ${media.path}: wanted it in images or ` +
      `train2014 (COCO's train2014.zip, or the images of the export)`,
  );
}

/** The question on an expression. */
const questionOn = (expression: string) =>
  `Where is ${expression.trim()}? Give its box as [x0, y0, x1, y1] in thousandths of ` +
  `the image's width and height.`;

/** What the annotations of the whole image add. */
interface Surroundings {
  /** Boxes of other things of the same category. */
  readonly foils: readonly Box[];
  /** Name of a category of which the image has nothing. */
  readonly absent: string | null;
}

/** One sample for each expression. */
function drafts(
  path: string,
  size: Size,
  box: Box,
  expressions: readonly string[],
  { foils, absent }: Surroundings = { foils: [], absent: null },
): SampleDraft[] {
  return expressions.map((expression) => ({
    images: [path],
    question: questionOn(expression),
    answer: boxText(box, size),
    metric: "box",
    evidence: [{ image: 0, box }],
    ...(absent === null ? {} : { null: questionOn(`the ${absent}`) }),
    ...(foils.length === 0 ? {} : { foils: foils.map((foil) => [{ image: 0, box: foil }]) }),
  }));
}

/**
 * What `instances.json` says of a reference's image: it lists all things of COCO's categories, so
 * others of the category are foils, and a category without any gives the null query. Crowds count as
 * being there, not as foils.
 */
class PictureIndex {
  readonly #byImage = new Map<number, Row[]>();

  constructor(annotations: Iterable<Row>, readonly categories: readonly Row[]) {
    for (const annotation of annotations) {
      if (!annotation.has("image_id") || !annotation.has("category_id")) continue;
      const image = annotation.whole("image_id");
      this.#byImage.set(image, [...this.#byImage.get(image) ?? [], annotation]);
    }
  }

  around(annotation: Row, image: number, size: Size): Surroundings {
    const all = this.#byImage.get(image) ?? [], id = annotation.whole("id");
    if (!annotation.has("category_id")) return { foils: [], absent: null };
    const category = annotation.whole("category_id");
    const same = all.filter((one) => one.whole("id") !== id)
      .filter((one) => one.whole("category_id") === category)
      .filter((one) => !one.has("iscrowd") || one.whole("iscrowd") === 0);
    const there = new Set(all.map((one) => one.whole("category_id")));
    const absent = this.categories.filter((one) => !there.has(one.whole("id")));
    return {
      foils: same.map((one) => boxField(one, "bbox", "xywh", size)),
      absent: absent.length > 0 ? absent[id % absent.length].text("name") : null,
    };
  }
}

/** Fields of each form, for messages. */
const forms = [
  "sentences, ann_id, image_id (references, beside instances.json)",
  "sentences, raw_anns, raw_image_info, image_path (jxu124)",
  "answer, bbox, file_name (lmms-lab)",
  "sent, bbox, image, width, height (Qwen-VL, InternVL)",
  "expression, bbox, img_path (Shikra)",
];

/** Rows by the number in one of their fields. */
const byNumber = (rows: readonly Row[], field: string) =>
  new Map(rows.map((row) => [row.whole(field), row]));

async function open(media: MediaFolder): Promise<EntryReader> {
  const at = (await media.has("annotations/instances.json")) ? "annotations/" : "";
  const instances = (await media.has(`${at}instances.json`))
    ? await readObject(media.path, `${at}instances.json`)
    : null;
  const annotations = byNumber(instances?.rows("annotations") ?? [], "id");
  const images = byNumber(instances?.rows("images") ?? [], "id");
  const categories = instances?.has("categories") ? instances.rows("categories") : [];
  const index = new PictureIndex(annotations.values(), categories);
  /** The entry of `instances.json` that a field of a reference names. */
  const referred = (rows: ReadonlyMap<number, Row>, row: Row, field: string): Row => {
    const found = rows.get(row.whole(field));
    if (found) return found;
    throw row.wrong(field, instances ? "one of instances.json" : "instances.json beside the file");
  };
  return async (row) => {
    if (row.has("sentences")) {
      const exported = row.has("raw_anns");
      const annotation = exported ? row.json("raw_anns") : referred(annotations, row, "ann_id");
      const image = exported ? row.json("raw_image_info") : referred(images, row, "image_id");
      const size = [image.positive("width"), image.positive("height")] as const;
      const name = exported ? row.text("image_path") : image.text("file_name");
      const sentences = row.rows("sentences").map((sentence) => sentence.text("sent"));
      const box = boxField(annotation, "bbox", "xywh", size);
      const around = exported ? undefined : index.around(annotation, row.whole("image_id"), size);
      return drafts(await imagePath(media, name, row.where), size, box, sentences, around);
    }
    if (row.has("sent")) {
      const size = [row.positive("width"), row.positive("height")] as const;
      const box = boxField(row, "bbox", "xyxy", size);
      return drafts(await imagePath(media, row.text("image"), row.where), size, box, [
        row.text("sent"),
      ]);
    }
    if (row.has("expression")) {
      const path = await imagePath(media, row.text("img_path"), row.where);
      const size = await media.size(path);
      return drafts(path, size, boxField(row, "bbox", "xyxy", size), [row.text("expression")]);
    }
    if (!row.has("answer")) throw row.unknownForm(forms);
    const expressions = row.texts("answer");
    const path = await imagePath(media, row.text("file_name"), row.where);
    const size = await media.size(path);
    return drafts(path, size, boxField(row, "bbox", "xywh", size), expressions);
  };
}

/** RefCOCOg and its two elder siblings, which have the same forms. */
export const refcocoLayouts: readonly PublishedLayout[] = ["refcocog", "refcoco", "refcoco+"].map(
  (name) => ({
    name,
    wanted: "rows as .json or .jsonl (a pickle refs(umd).p is not read: save it as JSON with " +
      `python3 -c "import json, pickle; json.dump(pickle.load(open('refs(umd).p', 'rb')), ` +
      `open('refs(umd).json', 'w'))", beside instances.json) and the images in images or train2014`,
    folders: ["annotations", ""],
    files: /^(?!instances\.json$).+\.jsonl?$/,
    open,
  }),
);
