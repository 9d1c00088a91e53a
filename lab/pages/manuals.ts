/**
 * Sections of real manuals: text files with numbered headings, which `tools/fetch_manuals.ts` takes out of Debian's
 * documentation packages.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { hasStrokes } from "./stroke_font.ts";

/** A section of a manual. */
export interface ManualSection {
  /** Such as `2.3`. */
  readonly number: string;
  /** What its heading says. */
  readonly heading: string;
  /** The words of its text, as far as they can be drawn. */
  readonly words: readonly string[];
}

/**
 * Manuals by what their sections are kept for: `train` to learn from, `unseen-section` a third of the same manual,
 * of which no heading was trained on, `unseen-manual` another one.
 */
export const manuals = {
  train: "policy",
  "unseen-section": "policy",
  "unseen-manual": "maint-guide",
} as const;

/** What a section is kept for. */
export type ManualKind = keyof typeof manuals;

/** Every kind, the one to learn from first. */
export const manualKinds = Object.keys(manuals) as readonly ManualKind[];

/** Where `deno task manuals` puts them. */
export const manualsFolder = ".cache/manuals";

const drawable = (word: string) => [...word].every(hasStrokes);

/**
 * The sections of a manual whose heading can be drawn and whose text has at least ten such words.
 *
 * @param text with headings such as `2.3. Where to ask` at the beginning of a line
 *
 * @example
 * ```ts
 * import { manualSections } from "./manuals.ts";
 * import { assertEquals } from "@std/assert";
 * const text = "1.1. How to begin\n\n" + "    Read this before all else . ".repeat(3) + "\n";
 * const [{ number, heading, words }] = manualSections(text);
 * assertEquals([number, heading, words[0]], ["1.1", "How to begin", "Read"]);
 * ```
 */
export function manualSections(text: string): ManualSection[] {
  const heading = /^(\d+(?:\.\d+)+)\.\s(\S.*?)\s*$/gm, found: ManualSection[] = [];
  const all = [...text.matchAll(heading)];
  all.forEach((match, i) => {
    const body = text.slice(match.index + match[0].length, all[i + 1]?.index ?? text.length);
    const words = body.split(/\s+/).filter((word) => word !== "" && drawable(word));
    const title = match[2];
    if (words.length < 10 || title.length > 40 || !title.split(" ").every(drawable)) return;
    found.push({ number: match[1], heading: title, words });
  });
  return found;
}

/**
 * Reads the sections that are kept for something.
 *
 * @throws {InputError} if the folder does not have it, saying how to get it
 */
export async function loadManual(
  kind: ManualKind,
  folder: string = manualsFolder,
): Promise<ManualSection[]> {
  const text = await Deno.readTextFile(join(folder, `${manuals[kind]}.txt`)).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot read the manual ${manuals[kind]}: ${folder} does not have it; get it once with ` +
        "`deno task manuals`",
    );
  });
  const sections = manualSections(text);
  if (kind === "unseen-manual") return sections;
  return sections.filter((own) => isKept(own) === (kind === "unseen-section"));
}

/** Whether a section is kept from training. */
function isKept({ heading }: ManualSection): boolean {
  return new Random(`section ${heading}`).integer(3) === 0;
}
