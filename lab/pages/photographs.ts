/**
 * Photographs of single things with their names: a folder of cut-out images that `tools/fetch_photographs.ts`
 * makes of a Debian package, and which of them are kept from training.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";

/** A photograph whose surroundings are transparent: 8-bit red, green, blue, opacity. */
export interface CutOut {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** `[height, width, 4]`. */
  readonly data: Uint8Array;
}

/** What a photograph is kept for. */
export const photographKinds = ["train", "unseen-photograph", "unseen-name"] as const;

/**
 * `train`: to learn from. `unseen-photograph`: not one was trained on, but others of its name were.
 * `unseen-name`: its name was not trained on either.
 */
export type PhotographKind = typeof photographKinds[number];

/** A photograph's entry in the folder's `photographs.json`. */
export interface PhotographEntry {
  /** PNG file in the folder. */
  readonly file: string;
  /** The noun that names what it shows, e.g. `fox`. */
  readonly name: string;
  /** What the package says about it, e.g. `A fox.` */
  readonly caption: string;
}

/** One photograph in memory. */
export interface Photograph extends PhotographEntry {
  readonly kind: PhotographKind;
  readonly image: CutOut;
}

/** Where `deno task photographs` puts them. */
export const photographsFolder = ".cache/photographs";

/** Words after which a caption goes on about something else than what it names. */
const further =
  / (with|of|in|at|for|from|inside|covered|used|hatched|resembles|is|are|lets|to|making) .*$/;
/** Quantities in front of what is named. */
const quantity = /^(bunch|pair|head|string|plant|quarter) of /;

/**
 * The noun that a caption names its photograph by; null where the caption is no such phrase.
 *
 * @example
 * ```ts
 * import { nameOfCaption } from "./photographs.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(nameOfCaption("A Sumatran tiger."), "tiger");
 * assertEquals(nameOfCaption("A pair of open scissors."), "scissors");
 * assertEquals(nameOfCaption("A bunny with an Easter egg."), "bunny");
 * assertEquals(nameOfCaption("No entry!"), null);
 * ```
 */
export function nameOfCaption(caption: string): string | null {
  const phrase = caption.match(/^(?:An?|The) ([^.(!?—:;]+)/)?.[1].trim().toLowerCase();
  if (phrase === undefined) return null;
  const words = phrase.replaceAll(",", "").replace(quantity, "").replace(further, "").split(/\s+/);
  const noun = words.at(-1)!;
  return words.length <= 3 && /^[a-z]{3,}$/.test(noun) ? noun : null;
}

/**
 * What each photograph is kept for. Of names with several photographs the last one is never trained on; of the
 * names with one, a sixth.
 *
 * @example
 * ```ts
 * import { kindsOfPhotographs } from "./photographs.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(kindsOfPhotographs(["bear", "bear"]), ["train", "unseen-photograph"]);
 * ```
 */
export function kindsOfPhotographs(names: readonly string[]): PhotographKind[] {
  return names.map((name, i) => {
    const several = names.indexOf(name) !== names.lastIndexOf(name);
    if (several) return i === names.lastIndexOf(name) ? "unseen-photograph" : "train";
    return new Random(`photographs of ${name}`).integer(6) === 0 ? "unseen-name" : "train";
  });
}

/**
 * Which photographs to learn from tell when to stop in place of being learnt from: of names with several, the last.
 *
 * @param names of the photographs to learn from
 *
 * @example
 * ```ts
 * import { keptForValidation } from "./photographs.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(keptForValidation(["hat", "fox", "hat"]), [false, false, true]);
 * ```
 */
export function keptForValidation(names: readonly string[]): boolean[] {
  return names.map((name, i) => names.indexOf(name) < i && names.lastIndexOf(name) === i);
}

/** Decodes an image with its opacity. */
async function readCutOut(path: string): Promise<CutOut> {
  const { default: sharp } = await import("sharp"); // loaded on first use: it is large
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/**
 * Reads photographs.
 *
 * @param usable names to take; by default all
 * @throws {InputError} if the folder has none, saying how to get them
 */
export async function loadPhotographs(
  folder: string = photographsFolder,
  usable: (name: string) => boolean = () => true,
): Promise<Photograph[]> {
  const index = await Deno.readTextFile(join(folder, "photographs.json")).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot read photographs: ${folder} has none; get them once with \`deno task photographs\``,
    );
  });
  const entries: readonly PhotographEntry[] = JSON.parse(index);
  const kinds = kindsOfPhotographs(entries.map(({ name }) => name));
  const found: Photograph[] = [];
  for (const [i, entry] of entries.entries()) {
    if (!usable(entry.name)) continue;
    found.push({ ...entry, kind: kinds[i], image: await readCutOut(join(folder, entry.file)) });
  }
  return found;
}
