/**
 * Rows of published annotation files, read strictly: every error names the file, the entry and the
 * field.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { containedPath } from "../../common/files.ts";
import { readTextOf } from "../../common/text_files.ts";
import { linesOf } from "../lines.ts";
import { wrongField } from "../sample_json.ts";

/** An entry that nobody can use as it is published: an answer is missing, a box has no area. */
export class UnusableEntryError extends InputError {}

/** One object of an annotation file. */
export class Row {
  /** What messages call it, e.g. `entry 3 of val.json`. */
  readonly where: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @param fields its fields; those that nothing asks for have no meaning */
  constructor(fields: Readonly<Record<string, unknown>>, where: string) {
    this.#fields = fields;
    this.where = where;
  }

  /** A value that must be an object. @throws {InputError} if it is not */
  static of(value: unknown, where: string): Row {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return new Row(value as Record<string, unknown>, where);
    }
    throw new InputError(`Cannot read ${where}: wanted a JSON object`);
  }

  /** Whether a field is there. */
  has(field: string): boolean {
    return this.#fields[field] !== undefined && this.#fields[field] !== null;
  }

  /** The error for a field whose value does not do. */
  wrong(field: string, wanted: string): InputError {
    return wrongField(this.where, field, this.#fields[field], wanted);
  }

  /** The error for an entry in none of the forms that are read, each named by its fields. */
  unknownForm(forms: readonly string[]): InputError {
    return new InputError(
      `Cannot read ${this.where}: it has the fields ${
        Object.keys(this.#fields).join(", ") || "none"
      }; ` +
        `wanted those of one form: ${forms.join("; ")}`,
    );
  }

  /** The error for an entry of the authors' own that cannot be used; it is left out. */
  unusable(field: string, wanted: string): UnusableEntryError {
    return new UnusableEntryError(this.wrong(field, wanted).message);
  }

  /** A text with something in it, without spaces around it. @throws {InputError} if it is not */
  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
    throw this.wrong(field, "a text");
  }

  /** A finite number. @throws {InputError} if it is not */
  number(field: string): number {
    const value = this.#fields[field];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw this.wrong(field, "a number");
  }

  /** A number above 0. @throws {InputError} if it is not */
  positive(field: string): number {
    if (this.number(field) > 0) return this.number(field);
    throw this.wrong(field, "a number above 0");
  }

  /** A whole number from 0 on. @throws {InputError} if it is not */
  whole(field: string): number {
    const value = this.#fields[field];
    if (Number.isInteger(value) && value as number >= 0) return value as number;
    throw this.wrong(field, "a whole number from 0 on");
  }

  #list<T>(field: string, fits: (one: unknown) => boolean, wanted: string): readonly T[] {
    const value = this.#fields[field];
    if (Array.isArray(value) && value.every(fits)) return value;
    throw this.wrong(field, wanted);
  }

  /** A list of texts, none of them empty. @throws {InputError} if it is not */
  texts(field: string): readonly string[] {
    return this.#list(
      field,
      (one) => typeof one === "string" && one.trim() !== "",
      "a list of texts",
    );
  }

  /** A list of texts, of which some may be empty. @throws {InputError} if it is not */
  textsOrEmpty(field: string): readonly string[] {
    return this.#list(field, (one) => typeof one === "string", "a list of texts");
  }

  /** A text that may be empty or not there. @throws {InputError} if it is something else */
  textOrEmpty(field: string): string {
    const value = this.#fields[field] ?? "";
    if (typeof value === "string") return value;
    throw this.wrong(field, "a text");
  }

  /** A list of finite numbers. @throws {InputError} if it is not, or not of that length */
  numbers(field: string, length?: number): readonly number[] {
    const wanted = `a list of ${length === undefined ? "" : `${length} `}numbers`;
    const values = this.#list<number>(field, Number.isFinite, wanted);
    if (length === undefined || values.length === length) return values;
    throw this.wrong(field, wanted);
  }

  /** A list of lists. @throws {InputError} if it is not */
  lists(field: string): readonly (readonly unknown[])[] {
    return this.#list(field, Array.isArray, "a list of lists");
  }

  /** An object. @throws {InputError} if it is not */
  row(field: string): Row {
    return Row.of(this.#fields[field], `${this.where}, ${field}`);
  }

  /** A list of objects. @throws {InputError} if it is not */
  rows(field: string): Row[] {
    return this.#list(field, () => true, "a list of objects")
      .map((one, i) => Row.of(one, `${this.where}, ${field}[${i}]`));
  }

  /** An object written as JSON in a text. @throws {InputError} if it is not */
  json(field: string): Row {
    try {
      return Row.of(JSON.parse(this.text(field)), `${this.where}, ${field}`);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw this.wrong(field, "an object as JSON in a text");
    }
  }
}

/** Parsed JSON. @throws {InputError} that names the file and the line where it is broken */
function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /position (\d+)/.exec(String(error));
    const line = text.slice(0, at ? Number(at[1]) : text.length).split("\n").length;
    throw new InputError(`Cannot read ${file}: line ${line} is not JSON`);
  }
}

/** The text of a file in a folder, without a byte order mark. */
async function textOf(folder: string, file: string): Promise<string> {
  return await readTextOf(await containedPath(folder, file));
}

/**
 * Reads one object from a JSON file.
 *
 * @throws {InputError} if it is not there, leaves the folder or holds something else
 */
export async function readObject(folder: string, file: string): Promise<Row> {
  return Row.of(parsed(await textOf(folder, file), file), file);
}

/**
 * Reads the entries of an annotation file: a JSON array of objects, or one object a line. Of the
 * latter no more lines are read than are asked for.
 *
 * @param file path in the folder
 * @throws {InputError} that names the file and its line or entry
 *
 * @example
 * ```ts
 * import { readRows } from "./row.ts";
 * import { assertEquals } from "@std/assert";
 * for await (const row of readRows("data/samples", "samples.jsonl")) {
 *   assertEquals([row.where, row.text("id")], ["line 1 of samples.jsonl", "scene-01"]);
 *   break;
 * }
 * ```
 */
export async function* readRows(folder: string, file: string): AsyncGenerator<Row> {
  let number = 0, first = true;
  for await (const line of linesOf(await containedPath(folder, file))) {
    number++;
    if (line.trim() === "") continue;
    if (first && line.trimStart().startsWith("[")) return yield* arrayRows(folder, file);
    first = false;
    const where = `line ${number} of ${file}`;
    let fields: unknown;
    try {
      fields = JSON.parse(line);
    } catch {
      throw new InputError(`Cannot read ${where}: it is not JSON`);
    }
    yield Row.of(fields, where);
  }
}

async function* arrayRows(folder: string, file: string): AsyncGenerator<Row> {
  const entries = parsed(await textOf(folder, file), file) as unknown[];
  for (const [i, one] of entries.entries()) yield Row.of(one, `entry ${i + 1} of ${file}`);
}
