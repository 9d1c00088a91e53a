/**
 * Reading Jupyter notebooks: their cells, and their code as one TypeScript file.
 *
 * @module
 */
import { digestOf } from "../lib/common/digest.ts";

/** A cell of a notebook. */
export interface Cell {
  /** `code` or `markdown`. */
  readonly type: string;
  /** Its text. */
  readonly source: string;
  /** What it printed and showed, in an executed notebook. */
  readonly outputs: readonly Record<string, unknown>[];
  /** Its tags. */
  readonly tags: readonly string[];
}

/**
 * The notebooks of a folder, in the order in which a reader takes them: those that its README links to.
 * Others that somebody puts there are their own business.
 */
export function notebookPaths(folder: string): string[] {
  const readme = Deno.readTextFileSync(`${folder}/README.md`);
  const names = [...readme.matchAll(/\]\(([\w-]+\.ipynb)\)/g)].map(([, name]) => name);
  return [...new Set(names)].sort().map((name) => `${folder}/${name}`);
}

/** Digest of a notebook's text and code; outputs, numbers of runs and metadata do not count. */
export function sourceDigest(cells: readonly Cell[]): string {
  return digestOf(cells.map(({ type, source }) => [type, source.trimEnd()]));
}

/** The cells of a notebook file. */
export function readCells(path: string): Cell[] {
  const joined = (text: unknown) => Array.isArray(text) ? text.join("") : String(text ?? "");
  const { cells } = JSON.parse(Deno.readTextFileSync(path));
  return cells.map((cell: Record<string, unknown>) => ({
    type: String(cell["cell_type"]),
    source: joined(cell["source"]),
    outputs: (cell["outputs"] ?? []) as Record<string, unknown>[],
    tags: ((cell["metadata"] as Record<string, unknown> | undefined)?.["tags"] ?? []) as string[],
  }));
}

/** The code cells as one TypeScript module, each headed by its number. */
export function asModule(cells: readonly Cell[]): string {
  const code = cells.filter(({ type }) => type === "code");
  return code.map(({ source }, i) => `// cell ${i + 1}\n${source.trimEnd()}\n`).join("\n");
}

/** Lines of code of a notebook, without blank lines, comments and imports. */
export function codeLines(cells: readonly Cell[]): number {
  return cells
    .filter(({ type }) => type === "code")
    .flatMap(({ source }) => source.replace(/^import [^;]*;$/gm, "").split("\n"))
    .filter((line) => line.trim() !== "" && !line.trim().startsWith("//")).length;
}

/** The line of a notebook that names its model. */
const modelLine = /^const MODEL = "([^"]*)";$/m;

/** The model that a notebook names; null for one without the line `const MODEL = "…";`. */
export function notebookModel(cells: readonly Cell[]): string | null {
  for (const { type, source } of cells) {
    const found = type === "code" && modelLine.exec(source);
    if (found) return found[1];
  }
  return null;
}

/**
 * A notebook with another model, as the text of a notebook file.
 *
 * @param text the notebook file's text
 * @param model what `MODEL` becomes: anything that `fromPretrained` takes
 */
export function withModel(text: string, model: string): string {
  const notebook = JSON.parse(text);
  for (const cell of notebook.cells) {
    if (cell["cell_type"] !== "code") continue;
    const source = [cell["source"]].flat().join("");
    cell["source"] = source.replace(modelLine, () => `const MODEL = ${JSON.stringify(model)};`);
  }
  return JSON.stringify(notebook);
}
