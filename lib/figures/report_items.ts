/**
 * What a report is made of.
 *
 * @module
 */
import type { Displayable, PlotlySpec } from "./figure.ts";

/** A heading with a paragraph, between figures. */
export interface ReportSection {
  /** The heading, plain text. */
  readonly heading: string;
  /** 2 for a heading below the one before it; 1 by default. Both stand in the contents. */
  readonly level?: 1 | 2;
  /** Paragraphs, plain text, separated by empty lines. */
  readonly text?: string;
  /** A word beside the heading, such as a verdict. */
  readonly badge?: { readonly text: string; readonly tone?: "good" | "bad" };
}

/** Text between figures, in Markdown: paragraphs, lists, headings, code, emphasis, links. */
export interface ReportText {
  /** The text. */
  readonly markdown: string;
}

/** Something that went wrong, told where its result would stand. */
export interface ReportProblem {
  /** What went wrong, in one sentence. */
  readonly problem: string;
  /** The message. */
  readonly details?: string;
}

/** A link below a figure. */
export interface ReportLink {
  /** What it leads to. */
  readonly text: string;
  /** A file near the page, an address, or `#` and the id of an entry. */
  readonly href: string;
}

/** A figure with more below it than its own caption. */
export interface ReportFigure {
  /** The figure. */
  readonly figure: Displayable | PlotlyDisplayable;
  /** Name that links on the page lead to. */
  readonly id?: string;
  /** What it shows: n, interval, record; plain text. */
  readonly caption?: string;
  /** Where its numbers lie. */
  readonly links?: readonly ReportLink[];
}

/** A whole page within the report, shown in a frame without rights over it. */
export interface ReportPage {
  /** What it is. */
  readonly pageTitle: string;
  /** The page, one HTML file that loads nothing. */
  readonly page: string;
  /** A sentence below it. */
  readonly caption?: string;
  /** Where it lies by itself. */
  readonly links?: readonly ReportLink[];
}

/** Something that plotly can draw: a `Figure`, or one read back from an executed notebook. */
export interface PlotlyDisplayable extends Displayable {
  /** In plotly's own form. */
  toSpec(): PlotlySpec;
}

/** An entry of a report. */
export type ReportItem =
  | Displayable
  | PlotlyDisplayable
  | ReportSection
  | ReportText
  | ReportProblem
  | ReportFigure
  | ReportPage;
