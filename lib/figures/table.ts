/**
 * Rows of values as an HTML table.
 *
 * @module
 */

import { InputError, nearestNames } from "../common/errors.ts";
import { checkNotEmpty } from "./check.ts";
import { HtmlBlock } from "./html_block.ts";
import { escapeHtml, formatNumber, formatPercent } from "./text.ts";
import { ink, withOpacity } from "./theme.ts";

/** A value of a table's cell. Null and undefined are shown as an empty cell. */
export type Cell = string | number | boolean | bigint | null | undefined;

/** How a column is shown. */
export interface TableColumn {
  /** Which value of each row. */
  readonly key: string;
  /** Heading, with the unit; the key by default. */
  readonly title?: string;
  /** How the value is written: a format's name, or a function that gives plain text. */
  readonly format?: "number" | "percent" | ((value: Cell) => string);
  /** Draws a bar behind each number, as long as its share of the column's largest. */
  readonly bar?: boolean;
}

/** Options of {@link table}. */
export interface TableOptions {
  /** Heading. */
  readonly title?: string;
  /** Columns to show, in order; all keys of the first row by default. */
  readonly columns?: readonly (string | TableColumn)[];
  /** Largest number of rows shown, 100 by default; the caption says how many there are. */
  readonly limit?: number;
  /** Sentences for the caption. */
  readonly caption?: string;
}

/** The values of a column as plain text, numbers with as many decimals as each other. */
function writeColumn(values: readonly Cell[], format: TableColumn["format"]): string[] {
  const numbers = values.filter((value): value is number => Number.isFinite(value));
  const sizes = numbers.map(Math.abs).filter((size) => size > 0);
  const digits = sizes.length === 0 ? 0 : Math.floor(Math.log10(Math.max(...sizes)));
  const whole = numbers.every(Number.isInteger);
  const plain = digits >= -4 && digits < 7;
  const decimals = whole ? 0 : Math.max(0, 2 - digits);
  return values.map((value) => {
    if (typeof format === "function") return format(value);
    if (value === null || value === undefined) return "";
    if (typeof value !== "number") return String(value);
    if (!Number.isFinite(value)) return "–";
    if (format === "percent") return formatPercent(value);
    const vanishes = value !== 0 && Number(value.toFixed(decimals)) === 0; // p = 0.0001 is not 0.00
    return plain && !vanishes && (decimals > 0 || digits < 3)
      ? value.toFixed(decimals).replace("-", "−")
      : formatNumber(value);
  });
}

/**
 * Rows as a table. Numbers are written with three significant digits and aligned to the right.
 *
 * @param objects one per row, at least one, e.g. arquero's `table.objects()`; only the columns shown
 * need plain values
 * @param options title, columns, limit, caption
 * @throws {InputError} when there is no row or a column does not exist
 *
 * @example
 * ```ts
 * import { table } from "./table.ts";
 * import { assertEquals } from "@std/assert";
 * const rows = [{ head: "L3H1", ram: 0.6123, membership: 0.99 }];
 * const shown = table(rows, {
 *   columns: ["head", { key: "ram", title: "RAM" }, { key: "membership", format: "percent" }],
 * });
 * assertEquals(shown.toText(), "head  RAM    membership\nL3H1  0.612  99%");
 * ```
 */
export function table(objects: readonly object[], options: TableOptions = {}): HtmlBlock {
  checkNotEmpty("the table", "rows", objects);
  const rows = objects as readonly Readonly<Record<string, Cell>>[];
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = (options.columns ?? Object.keys(rows[0])).map((column): TableColumn =>
    typeof column === "string" ? { key: column } : column
  );
  checkNotEmpty("the table", "columns", columns);
  for (const { key } of columns) {
    if (!keys.includes(key)) {
      throw new InputError(
        `Cannot show column "${key}": the rows have ${nearestNames(key, keys).join(", ")}`,
      );
    }
  }
  const shown = rows.slice(0, options.limit ?? 100);
  const written = columns.map(({ key, format }) =>
    writeColumn(shown.map((row) => row[key]), format)
  );
  const texts = shown.map((_, r) => columns.map((_, c) => written[c][r]));
  const numeric = columns.map(({ key }) => shown.some((row) => typeof row[key] === "number"));
  const largest = columns.map(({ key }) =>
    Math.max(...shown.map((row) => {
      const value = row[key];
      return typeof value === "number" && Number.isFinite(value) ? Math.abs(value) : 0;
    }))
  );
  const titles = columns.map(({ key, title }) => title ?? key);
  const side = (column: number): string => numeric[column] ? "right" : "left";
  const head = titles.map((title, c) =>
    `<th scope="col" style="text-align:${side(c)};padding:4px 12px 4px 4px;font-weight:600;` +
    `border-bottom:1.5px solid ${ink.axis};vertical-align:bottom">${escapeHtml(title)}</th>`
  ).join("");
  const body = shown.map((row, r) => {
    const cells = columns.map((column, c) => {
      const value = row[column.key];
      const share = column.bar && typeof value === "number" && largest[c] > 0
        ? Math.round(1000 * Math.abs(value) / largest[c]) / 10
        : 0;
      const bar = share > 0
        ? `background:linear-gradient(to left,${withOpacity("#0072b2", 0.18)} ${share}%,` +
          `transparent ${share}%);`
        : "";
      return `<td style="${bar}text-align:${side(c)};padding:3px 12px 3px 4px;` +
        `border-bottom:1px solid ${ink.grid};${numeric[c] ? "white-space:nowrap" : ""}">` +
        `${escapeHtml(texts[r][c])}</td>`;
    });
    return `<tr style="background:${ink.paper}">${cells.join("")}</tr>`;
  }).join("");
  const widths = columns.map((_, c) =>
    Math.max(titles[c].length, ...texts.map((row) => row[c].length))
  );
  const line = (cells: readonly string[]): string =>
    cells.map((cell, c) => cell.padEnd(widths[c])).join("  ").trimEnd();
  const missing = rows.length > shown.length
    ? `The first ${shown.length} of ${rows.length} rows.`
    : "";
  return new HtmlBlock({
    title: options.title,
    caption: [missing, options.caption ?? ""].filter((part) => part !== "").join(" "),
    body: `<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:0;` +
      `font-variant-numeric:tabular-nums;color:${ink.text};background:${ink.paper}">` +
      `<thead><tr style="background:${ink.paper}">${head}</tr></thead>` +
      `<tbody>${body}</tbody>` +
      `</table></div>`,
    text: [line(titles), ...texts.map(line)].join("\n"),
  });
}
