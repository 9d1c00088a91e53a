/**
 * Writes the tables of docs/benchmarks.md from the records in data/results/bench, and those of
 * docs/memory.md from models' shapes and a record, so that none of their numbers is typed. A table
 * stands between `<!-- table: NAME -->` and `<!-- end -->`; what it holds, `page_tables.ts` and
 * `memory_tables.ts` say.
 *
 *     deno run -A bench/page.ts
 *
 * A test holds the pages to the records.
 * @module
 */
import { memoryTables } from "./memory_tables.ts";
import { tables } from "./page_tables.ts";

/** The page of measurements. */
export const page: URL = new URL("../docs/benchmarks.md", import.meta.url);
/** The page of what fits into memory. */
export const memoryPage: URL = new URL("../docs/memory.md", import.meta.url);
const records = new URL("../data/results/bench/", import.meta.url);

/** One row of a record, whatever it holds. */
export type RecordRow = Readonly<Record<string, unknown>>;

/** Reads records, each once. */
export class Records {
  readonly #known = new Map<string, Readonly<Record<string, unknown>>>();

  /** A part of a record that lists rows; its `rows` by default. @throws {Error} for none of the name */
  rows(name: string, part = "rows"): readonly RecordRow[] {
    const known = this.#known.get(name) ??
      JSON.parse(Deno.readTextFileSync(new URL(`${name}.json`, records)));
    this.#known.set(name, known);
    return known[part] as readonly RecordRow[];
  }

  /** Rows of several records that have some values. */
  where(names: readonly string[], values: RecordRow): readonly RecordRow[] {
    return names.flatMap((name) => this.rows(name)).filter((row) =>
      Object.entries(values).every(([key, value]) => row[key] === value)
    );
  }
}

/** A Markdown table as the formatter writes it. */
export function markdownTable([header, ...rows]: readonly (readonly string[])[]): string {
  const widths = header.map((_, i) =>
    Math.max(3, ...[header, ...rows].map((row) => row[i].length))
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}

/** Rows of cells, the header first, from the records. */
type TableOf = (records: Records) => readonly (readonly string[])[];

/**
 * A page with its tables made anew.
 *
 * @param own the page's tables by name, those of {@link page} by default
 * @throws {Error} for a name that is no table's, and a table that the page lacks
 */
export function withTables(
  text: string,
  own: Readonly<Record<string, TableOf>> = tables,
): string {
  const used = new Set<string>(), source = new Records();
  const made = text.replace(
    /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      if (!Object.hasOwn(own, name)) throw new Error(`There is no table "${name}"`);
      used.add(name);
      return `${start}\n${markdownTable(own[name](source))}\n\n${end}`;
    },
  );
  const unused = Object.keys(own).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`The page lacks the tables ${unused.join(", ")}`);
  return made;
}

if (import.meta.main) {
  Deno.writeTextFileSync(page, withTables(Deno.readTextFileSync(page)));
  const memory = Deno.readTextFileSync(memoryPage);
  Deno.writeTextFileSync(memoryPage, withTables(memory, memoryTables));
}
