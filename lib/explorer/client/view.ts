/**
 * What is being looked at, and its form in a link.
 *
 * @module
 */
import type { ExplorerData, ExplorerGrid, ExplorerSample } from "../data.ts";

/** How attention lies over images. */
export type Overlay = "grid" | "smooth" | "off";

/** Light or dark; by default as the system. */
export type Theme = "auto" | "light" | "dark";

/** Everything that a link restores. */
export interface View {
  /** Index of the sample. */
  readonly sample: number;
  /** Chosen heads. */
  readonly heads: readonly number[];
  /** Id of the map; `sample` for this sample's scores. */
  readonly map: string;
  /** Id of the map beside it; empty for none. */
  readonly beside: string;
  /** Index of the query row; -1 for the mean over the question. */
  readonly query: number;
  /** Index of the image. */
  readonly panel: number;
  /** How attention lies over it. */
  readonly overlay: Overlay;
  /** How strongly, 0 to 1. */
  readonly strength: number;
  /** Whether sinks are shown. */
  readonly sinks: boolean;
  /** Whether evidence is outlined. */
  readonly evidence: boolean;
  /** Metric of the ablation. */
  readonly metric: string;
  /** Light or dark. */
  readonly theme: Theme;
}

/** Whether a token lies in spans. */
export function inSpans(token: number, spans: ExplorerSample["evidence"]): boolean {
  return spans.some(([start, end]) => token >= start && token < end);
}

/** Whether grids have tokens of the evidence. */
export function holdsEvidence(
  grids: readonly ExplorerGrid[],
  evidence: ExplorerSample["evidence"],
): boolean {
  return grids.some(({ start, rows, stride }) =>
    evidence.some(([from, to]) => from < start + rows * stride && to > start)
  );
}

/** The first image that shows evidence, or the first. */
export function evidencePanel({ panels, evidence }: ExplorerSample): number {
  return Math.max(0, panels.findIndex(({ grids }) => holdsEvidence(grids, evidence)));
}

/** A head's name. */
export function headName(index: number, heads: number): string {
  return `L${Math.floor(index / heads)}H${index % heads}`;
}

/** How many heads are the top ones. */
export function topCount({ fraction, layers, heads }: ExplorerData): number {
  return Math.max(1, Math.round(fraction * layers * heads));
}

/** The view of a page without a fragment: the top heads on the first sample with a right answer. */
export function firstView(data: ExplorerData): View {
  const sample = Math.max(0, data.samples.findIndex(({ correct }) => correct));
  return {
    sample,
    heads: data.ranking.slice(0, topCount(data)),
    map: data.maps[0].id,
    beside: "",
    query: -1,
    panel: data.samples.length > 0 ? evidencePanel(data.samples[sample]) : 0,
    overlay: "grid",
    strength: 0.8,
    sinks: false,
    evidence: true,
    metric: "accuracy",
    theme: "auto",
  };
}

/** A view as a fragment. */
export function toFragment(view: View, data: ExplorerData): string {
  const first = firstView(data), parts = new URLSearchParams();
  parts.set("sample", data.samples[view.sample]?.id ?? "");
  parts.set("heads", view.heads.map((i) => headName(i, data.heads)).join(","));
  if (view.map !== first.map) parts.set("map", view.map);
  if (view.beside !== "") parts.set("beside", view.beside);
  if (view.query >= 0) parts.set("row", String(view.query));
  if (view.panel > 0) parts.set("image", String(view.panel + 1));
  if (view.overlay !== first.overlay) parts.set("overlay", view.overlay);
  if (view.strength !== first.strength) parts.set("strength", String(view.strength));
  if (view.sinks) parts.set("sinks", "1");
  if (!view.evidence) parts.set("evidence", "0");
  if (view.metric !== first.metric) parts.set("metric", view.metric);
  if (view.theme !== "auto") parts.set("theme", view.theme);
  return parts.toString();
}

/** The view of a fragment; what it does not say, or says wrongly, is as at first. */
export function fromFragment(fragment: string, data: ExplorerData): View {
  const first = firstView(data), parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const oneOf = <T extends string>(name: string, values: readonly T[], fallback: T): T =>
    values.find((value) => value === parts.get(name)) ?? fallback;
  const named = data.samples.findIndex(({ id }) => id === parts.get("sample"));
  const sample = named < 0 ? first.sample : named;
  const { panels, queries } = data.samples[sample] ?? { panels: [], queries: [] };
  const heads = (parts.get("heads") ?? "").split(",").flatMap((name) => {
    const [, layer, head] = /^L(\d+)H(\d+)$/.exec(name) ?? [];
    const valid = layer !== undefined && Number(layer) < data.layers && Number(head) < data.heads;
    return valid ? [Number(layer) * data.heads + Number(head)] : [];
  });
  const within = (text: string | null, from: number, count: number, fallback: number) => {
    const value = text === null ? NaN : Number(text);
    return Number.isInteger(value) && value >= from && value < from + count ? value : fallback;
  };
  const strength = Number(parts.get("strength") ?? NaN);
  const maps = [...data.maps.map(({ id }) => id), "sample"];
  const start = data.samples[sample] ? evidencePanel(data.samples[sample]) : 0;
  return {
    sample,
    heads: parts.has("heads") ? [...new Set(heads)] : first.heads,
    map: oneOf("map", maps, first.map),
    beside: oneOf("beside", maps, ""),
    query: within(parts.get("row"), 0, queries.length, -1),
    panel: within(parts.get("image"), 1, panels.length, start + 1) - 1,
    overlay: oneOf<Overlay>("overlay", ["grid", "smooth", "off"], first.overlay),
    strength: strength >= 0 && strength <= 1 ? strength : first.strength,
    sinks: parts.get("sinks") === "1",
    evidence: parts.get("evidence") !== "0",
    metric: parts.get("metric") ?? first.metric,
    theme: oneOf<Theme>("theme", ["auto", "light", "dark"], "auto"),
  };
}
