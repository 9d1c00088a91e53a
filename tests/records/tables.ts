/** Markdown tables, and the numbers in their cells. */

/** One cell of a table. */
export interface Cell {
  /** Text of the row's first cell. */
  readonly row: string;
  /** Text of the column's head. */
  readonly column: string;
  /** The cell's own text. */
  readonly text: string;
}

/** Cells of a line between bars. */
const cellsOf = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

/** The cells of the first table behind a heading, without first column and head. */
export function tableBehind(markdown: string, heading: string): Cell[] {
  const start = markdown.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`There is no heading "${heading}"`);
  const lines = markdown.slice(start).split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => line.startsWith("|"));
  const after = lines.findIndex((line, i) => i > first && !line.startsWith("|"));
  const [head, , ...rows] = lines.slice(first, after < 0 ? undefined : after).map(cellsOf);
  return rows.flatMap(([row, ...cells]) =>
    cells.map((text, i) => ({ row, column: head[i + 1], text }))
  );
}

/** A number as it is printed. */
export interface Printed {
  /** The number. */
  readonly value: number;
  /** Digits behind the point. */
  readonly digits: number;
}

/** Every number of a text that is not part of a name such as L3H1. */
export function numbersIn(text: string): Printed[] {
  const plain = text.replace(/\b[A-Za-z]+\d[A-Za-z\d]*\b/g, "").replaceAll("−", "-");
  return [...plain.matchAll(/(?<![\d.])-?\d+(?:\.(\d+))?/g)]
    .map(([number, digits = ""]) => ({ value: Number(number), digits: digits.length }));
}

/** Whether a printed number is a value rounded to its digits. */
export function isRounded({ value, digits }: Printed, exact: number): boolean {
  return Math.abs(value - exact) <= 0.5 * 10 ** -digits + 1e-9;
}
