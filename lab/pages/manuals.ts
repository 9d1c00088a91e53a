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
 * Manuals by what their sections are kept for: `train` to learn from, `unseen-section` a third of the first of them,
 * of which no heading was trained on, `unseen-manual` and `second-unseen-manual` others, and `validation` one to
 * choose by, which is none of those reported.
 */
export const manuals = {
  train: [
    "policy",
    "debian-reference",
    "developers-reference",
    "installation-guide",
    "debian-handbook",
    "postgresql",
    "autoconf",
    "exim",
  ],
  "unseen-section": ["policy"],
  "unseen-manual": ["maint-guide"],
  "second-unseen-manual": ["securing-debian"],
  validation: ["bash"],
} as const satisfies Record<string, readonly string[]>;

/** What a section is kept for. */
export type ManualKind = keyof typeof manuals;

/** Every kind, the one to learn from first. */
export const manualKinds = Object.keys(manuals) as readonly ManualKind[];

/** The kinds that results are reported of. */
export const reportedManualKinds: readonly ManualKind[] = manualKinds
  .filter((kind) => kind !== "validation");

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

async function readManual(name: string, folder: string): Promise<ManualSection[]> {
  const text = await Deno.readTextFile(join(folder, `${name}.txt`)).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot read the manual ${name}: ${folder} does not have it; get it once with ` +
        "`deno task manuals`",
    );
  });
  return manualSections(text);
}

/**
 * Reads the sections of every kind. None to learn from has the heading of a section that is kept.
 *
 * @throws {InputError} if the folder does not have a manual, saying how to get it
 */
export async function loadManuals(
  folder: string = manualsFolder,
): Promise<Record<ManualKind, readonly ManualSection[]>> {
  const kept = new Set<string>();
  const kind = async (name: ManualKind) => {
    const read = await Promise.all(manuals[name].map((manual) => readManual(manual, folder)));
    return read.flat();
  };
  const sections = {} as Record<ManualKind, readonly ManualSection[]>;
  for (const name of manualKinds.toReversed()) { // what is trained on last, when all else is known
    const all = await kind(name);
    sections[name] = name === "unseen-section"
      ? all.filter(isKept)
      : name === "train"
      ? all.filter(({ heading }) => !kept.has(plain(heading)))
      : all;
    sections[name].forEach(({ heading }) => kept.add(plain(heading)));
  }
  return sections;
}

/** A heading as it is compared: whatever its capitals. */
const plain = (heading: string) => heading.toLowerCase();

/** Whether a section is kept from training. */
function isKept({ heading }: ManualSection): boolean {
  return new Random(`section ${heading}`).integer(3) === 0;
}
