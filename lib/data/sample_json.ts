/**
 * Samples as JSON: one line of a folder data set, checked before anything is done with it.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted, shownValue } from "../common/text.ts";
import { userText } from "../inputs/messages.ts";
import { hasRightChoice } from "./choice.ts";
import {
  type Box,
  type Evidence,
  type MetricName,
  metricNames,
  type SampleText,
} from "./sample.ts";

/** A sample whose images are still files. */
export type SampleEntry =
  & SampleText
  & (
    | {
      /** Paths of the images, relative to the data set's folder. */
      readonly images: readonly string[];
      readonly video?: undefined;
    }
    | {
      readonly images?: undefined;
      /** Paths of the frames, relative to the data set's folder, and frames per second. */
      readonly video: { readonly frames: readonly string[]; readonly fps: number };
    }
  );

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The error for a field whose value does not do. */
export function wrongField(
  where: string,
  field: string,
  value: unknown,
  wanted: string,
): InputError {
  return new InputError(`Cannot read ${where}: ${field} is ${shownValue(value)}; wanted ${wanted}`);
}

function text(where: string, fields: Fields, field: string): string {
  const value = fields[field];
  if (typeof value === "string" && value !== "") return value;
  throw wrongField(where, field, value, "a text");
}

/** A number as its text, as tables hold ids and answers; any other value as it is. */
const asText = (value: unknown): unknown => Number.isFinite(value) ? String(value) : value;

function texts(where: string, field: string, value: unknown, least: number): string[] {
  const valid = Array.isArray(value) && value.length >= least &&
    value.every((one) => typeof one === "string" && one !== "");
  if (valid) return value;
  throw wrongField(where, field, value, `a list of ${least > 0 ? `at least ${least} ` : ""}texts`);
}

/** Choices: at least one of them has a text, and one of them is right. */
function choicesOf(where: string, value: unknown, answer: string | readonly string[]): string[] {
  const choices = Array.isArray(value) ? value.map(asText) : [];
  const valid = choices.every((one): one is string => typeof one === "string") &&
    choices.some((one) => one !== "");
  if (!valid) throw wrongField(where, "choices", value, "a list of at least 1 texts");
  if (hasRightChoice({ answer, choices })) return choices;
  throw wrongField(
    where,
    "answer",
    answer,
    `one of the choices (${choices.join(", ")}), or its letter`,
  );
}

const isWhole = (value: unknown): value is number =>
  Number.isInteger(value) && value as number >= 0;

function boxOf(where: string, field: string, value: unknown): Box {
  const valid = Array.isArray(value) && value.length === 4 && value.every(Number.isFinite) &&
    value[0] >= 0 && value[1] >= 0 && value[0] < value[2] && value[1] < value[3];
  if (valid) return [value[0], value[1], value[2], value[3]];
  throw wrongField(
    where,
    field,
    value,
    "[x0, y0, x1, y1] in pixels with 0 <= x0 < x1 and 0 <= y0 < y1",
  );
}

/** Two whole numbers, rising, below `limit`. */
function range(where: string, field: string, value: unknown, limit: number, equal: boolean) {
  if (Array.isArray(value) && value.length === 2 && isWhole(value[0]) && isWhole(value[1])) {
    const [first, last] = value;
    if (last < limit && (equal ? first <= last : first < last)) return [first, last] as const;
  }
  throw wrongField(
    where,
    field,
    value,
    `two whole numbers, the first ${equal ? "at most" : "below"} the second, up to ${limit - 1}`,
  );
}

/** How much there is for evidence to point at. */
interface Extent {
  readonly images: number;
  readonly frames: number;
  readonly characters: number;
}

function evidenceOf(where: string, field: string, value: unknown, extent: Extent): Evidence {
  if (!isFields(value)) throw wrongField(where, field, value, "an object");
  const kinds = ["image", "frames", "text"].filter((kind) => kind in value);
  if (kinds.length !== 1) throw wrongField(where, field, value, "one of image, frames, text");
  const keys = kinds[0] === "text" ? ["text"] : [kinds[0], "box"];
  const stranger = Object.keys(value).find((key) => !keys.includes(key));
  if (stranger !== undefined) {
    // a box under another name would make the whole image evidence
    throw wrongField(
      where,
      field,
      value,
      `no key but ${keys.join(" and ")}, not ${quoted(stranger, 30)}`,
    );
  }
  if (kinds[0] === "text") {
    return { text: range(where, `${field}.text`, value.text, extent.characters + 1, false) };
  }
  const box = (value.box ?? undefined) === undefined
    ? {}
    : { box: boxOf(where, `${field}.box`, value.box) };
  if (kinds[0] === "frames") {
    return { frames: range(where, `${field}.frames`, value.frames, extent.frames, true), ...box };
  }
  if (isWhole(value.image) && value.image < extent.images) return { image: value.image, ...box };
  throw wrongField(
    where,
    `${field}.image`,
    value.image,
    `the number of one of ${extent.images} images`,
  );
}

/** Foils: lists of evidence, each with at least one piece. */
function foilsOf(where: string, value: unknown, extent: Extent): Evidence[][] {
  const valid = Array.isArray(value) &&
    value.every((foil) => Array.isArray(foil) && foil.length > 0);
  if (!valid) throw wrongField(where, "foils", value, "a list of lists of evidence");
  return value.map((foil: unknown[], f) =>
    foil.map((piece, i) => evidenceOf(where, `foils[${f}][${i}]`, piece, extent))
  );
}

/** An answer, or several of which each is right. */
function answerOf(where: string, field: string, value: unknown): string | string[] {
  const given = Array.isArray(value) ? value.map(asText) : asText(value);
  if (typeof given === "string" && given !== "") return given;
  if (Array.isArray(given)) return texts(where, field, given, 1);
  throw wrongField(where, field, value, "a text, or a list of texts of which each is right");
}

/** Answers of foils: one for each. */
function foilAnswersOf(where: string, value: unknown, foils: unknown): (string | string[])[] {
  const count = Array.isArray(foils) ? foils.length : 0;
  if (Array.isArray(value) && value.length === count) {
    return value.map((one, i) => answerOf(where, `foilAnswers[${i}]`, one));
  }
  throw wrongField(where, "foilAnswers", value, `an answer for each of ${count} foils`);
}

function mediaOf(where: string, fields: Fields) {
  const { images = fields.image, video } = fields;
  if ((images === undefined) === (video === undefined)) {
    throw new InputError(`Cannot read ${where}: wanted either images or a video`);
  }
  if (video === undefined) {
    return { images: texts(where, "images", typeof images === "string" ? [images] : images, 0) };
  }
  if (!isFields(video)) throw wrongField(where, "video", video, "an object with frames and fps");
  const { frames, fps } = video;
  if (!(typeof fps === "number" && fps > 0 && fps < Infinity)) {
    throw wrongField(where, "video.fps", fps, "frames per second above 0");
  }
  return { video: { frames: texts(where, "video.frames", frames, 1), fps } };
}

/** Fields whose value is not null, which tables have where they have nothing. */
const withoutNulls = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

/**
 * Reads one sample. Keys beyond the format have no meaning, and null is as good as nothing.
 *
 * @param given parsed JSON
 * @param place what to call it until its id is known, e.g. `line 3 of samples.jsonl`
 * @throws {InputError} that names the sample and the first field that is wrong
 *
 * @example
 * ```ts
 * import { parseSample } from "./sample_json.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 * const line = { id: "s1", domain: "scene", images: ["a.png"], question: "where?", answer: "c5" };
 * const evidence = [{ image: 0, box: [0, 0, 32, 16] }];
 * assertEquals(parseSample({ ...line, evidence }, "line 1").answer, "c5");
 * assertThrows(() => parseSample({ ...line, evidence: [{ image: 1 }] }, "line 1"), Error, "s1");
 * ```
 */
export function parseSample(given: unknown, place: string): SampleEntry {
  if (!isFields(given)) {
    throw new InputError(`Cannot read ${place}: wanted a JSON object for each sample`);
  }
  const own = withoutNulls(given);
  const json: Fields = { domain: "default", evidence: [], ...own, id: asText(own.id) };
  const id = text(place, json, "id");
  const where = `sample ${quoted(id, 60)} (${place})`;
  const media = mediaOf(where, json);
  const question = text(where, json, "question");
  const { answer, choices, evidence, chance, metric } = json;
  if (!Array.isArray(evidence)) throw wrongField(where, "evidence", evidence, "a list");
  if (chance !== undefined && !(typeof chance === "number" && chance >= 0 && chance <= 1)) {
    throw wrongField(where, "chance", chance, "a probability");
  }
  const context = json.context === undefined ? undefined : text(where, json, "context");
  if (metric !== undefined && !metricNames.includes(metric as MetricName)) {
    throw wrongField(where, "metric", metric, `one of ${metricNames.join(", ")}`);
  }
  if (metric === "mlvu" && choices === undefined) {
    throw wrongField(where, "metric", metric, "choices beside it");
  }
  const optional = (field: "null" | "unrelated") =>
    json[field] === undefined ? {} : { [field]: text(where, json, field) };
  const extent = {
    images: media.images?.length ?? 0,
    frames: media.video?.frames.length ?? 0,
    characters: [...userText(question, context)].length,
  };
  const right = answerOf(where, "answer", answer);
  return {
    id,
    domain: text(where, json, "domain"),
    ...(context === undefined ? {} : { context }),
    question,
    answer: right,
    ...(choices === undefined ? {} : { choices: choicesOf(where, choices, right) }),
    evidence: evidence.map((one, i) => evidenceOf(where, `evidence[${i}]`, one, extent)),
    ...optional("null"),
    ...optional("unrelated"),
    ...(json.foils === undefined ? {} : { foils: foilsOf(where, json.foils, extent) }),
    ...(json.foilAnswers === undefined
      ? {}
      : { foilAnswers: foilAnswersOf(where, json.foilAnswers, json.foils) }),
    ...(chance === undefined ? {} : { chance }),
    ...(metric === undefined ? {} : { metric: metric as MetricName }),
    ...media,
  };
}
