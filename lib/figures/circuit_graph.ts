/**
 * A circuit as a graph: layers from bottom to top, heads as nodes, paths as arrows by what they feed.
 *
 * @module
 */

import { type HeadId, headName } from "../common/head_id.ts";
import { checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { joinSentences } from "./records.ts";
import type { ScatterTrace } from "./spec.ts";
import { formatPercent, plotlyText } from "./text.ts";
import { accent, ink } from "./theme.ts";

/** What an arrow feeds. */
export type CircuitInput = "query" | "key" | "value" | "logits";

/** A path of the graph; `findCircuit`'s edges are such. */
export interface CircuitGraphEdge {
  /** Who writes: a head, or an input by name. */
  readonly from: HeadId | string;
  /** The heads that read; none where the logits do. */
  readonly to: readonly HeadId[];
  /** What they read into. */
  readonly input: CircuitInput;
  /** Share of the loss that it carries alone. */
  readonly alone: { readonly estimate: number };
  /** Share that it keeps where all others are corrupted. */
  readonly last?: { readonly estimate: number } | null;
}

/** Settings of {@link circuitGraph}. */
export interface CircuitGraphOptions {
  /** Heading. */
  readonly title?: string;
  /** Heads in the accent colour, e.g. retrieval heads. */
  readonly marked?: readonly HeadId[];
  /**
   * Share below which a path is left out, and heads that then write nothing; 0 by default: all are
   * drawn.
   */
  readonly least?: number;
  /** More for the caption. */
  readonly caption?: string;
  /** Width in pixels; 680 by default. */
  readonly width?: number;
}

const colours: Readonly<Record<CircuitInput, string>> = {
  query: "#0072b2",
  key: "#cc79a7",
  value: "#009e73",
  logits: ink.muted,
};
/** Where an arrow ends below its node, in pixels from the middle. */
const ports: Readonly<Record<CircuitInput, number>> = { query: -7, key: 0, value: 7, logits: 0 };
const space = { left: 70, right: 30, bottom: 12 }, rowHeight = 88, radius = 7;

interface Place {
  /** Pixels from the left of the plot. */
  readonly x: number;
  /** Pixels from the bottom. */
  readonly y: number;
}

const nameOf = (node: HeadId | string) => typeof node === "string" ? node : headName(node);
const sizeOf = ({ alone, last }: CircuitGraphEdge) =>
  last && Math.abs(last.estimate) > Math.abs(alone.estimate) ? last.estimate : alone.estimate;

/** Rows of nodes, inputs first, the logits last. */
function rowsOf(edges: readonly CircuitGraphEdge[]): { label: string; nodes: string[] }[] {
  const inputs = new Set<string>(), layers = new Map<number, Map<number, string>>();
  for (const { from, to } of edges) {
    if (typeof from === "string") inputs.add(from);
    for (const node of [from, ...to]) {
      if (typeof node === "string") continue;
      const row = layers.get(node.layer) ?? new Map<number, string>();
      layers.set(node.layer, row.set(node.head, headName(node)));
    }
  }
  return [
    ...inputs.size > 0 ? [{ label: "inputs", nodes: [...inputs] }] : [],
    ...[...layers].sort(([a], [b]) => a - b).map(([layer, row]) => ({
      label: `layer ${layer}`,
      nodes: [...row].sort(([a], [b]) => a - b).map(([, name]) => name),
    })),
    { label: "", nodes: ["logits"] },
  ];
}

/** The paths of a least share, into heads that write something of that share themselves. */
function strong(all: readonly CircuitGraphEdge[], least: number): readonly CircuitGraphEdge[] {
  if (least <= 0) return all;
  const large = all.filter((edge) => Math.abs(sizeOf(edge)) >= least);
  const writers = new Set(large.map(({ from }) => nameOf(from)));
  return large.map((edge) => ({
    ...edge,
    to: edge.to.filter((head) => writers.has(headName(head))),
  })).filter(({ to, input }) => input === "logits" || to.length > 0);
}

/** A line from node to node with its head, in pixels. */
function arrow(from: Place, to: Place, width: number): { line: Place[]; head: Place[] } {
  const [dx, dy] = [to.x - from.x, to.y - from.y], length = Math.hypot(dx, dy);
  const [ux, uy] = [dx / length, dy / length], size = 6 + width;
  const at = (along: number, across: number): Place => ({
    x: to.x - along * ux - across * uy,
    y: to.y - along * uy + across * ux,
  });
  const start = { x: from.x + radius * ux, y: from.y + radius * uy };
  return { line: [start, at(size, 0)], head: [at(0, 0), at(size, size / 2), at(size, -size / 2)] };
}

/**
 * Draws a circuit. Arrows end at the left (query), middle (key) or right (value) of a head; their
 * width is the larger of the shares that the path carries alone and keeps as the last; dashed ones
 * work against the answer. A path into several heads is drawn to each of them.
 *
 * @param paths the paths, e.g. of `findCircuit`
 * @throws {InputError} when there is no path
 *
 * @example
 * ```ts
 * import { circuitGraph } from "./circuit_graph.ts";
 * import { assert } from "@std/assert";
 * const head = { layer: 3, head: 1 };
 * const figure = circuitGraph([
 *   { from: head, to: [], input: "logits", alone: { estimate: 0.4 } },
 *   { from: "question", to: [head], input: "query", alone: { estimate: 0.2 } },
 * ], { marked: [head] });
 * assert(figure.toText().includes("question → query of L3H1: 20%"));
 * ```
 */
export function circuitGraph(
  paths: readonly CircuitGraphEdge[],
  options: CircuitGraphOptions = {},
): Figure {
  const { least = 0 } = options, edges = strong(paths, least);
  checkNotEmpty("the circuit", "paths", edges);
  const { title = "Who writes what the heads read", marked = [], width = 680 } = options;
  const rows = rowsOf(edges), wide = width - space.left - space.right;
  const high = rowHeight * rows.length, places = new Map<string, Place>();
  rows.forEach(({ nodes }, row) =>
    nodes.forEach((name, i) =>
      places.set(name, {
        x: wide * ((i + 1) / (nodes.length + 1) + (row % 2 ? 0.03 : -0.03)), // arrows apart
        y: rowHeight * (row + 0.5),
      })
    )
  );
  const most = Math.max(...edges.map((edge) => Math.abs(sizeOf(edge)))) || 1;
  const described = (edge: CircuitGraphEdge) => {
    const { from, to, input } = edge;
    const into = to.length === 0 ? "logits" : `${input} of ${to.map(headName).join(", ")}`;
    return `${nameOf(from)} → ${into}: ${formatPercent(sizeOf(edge))}`;
  };
  const seen = new Set<CircuitInput>();
  const arrows = edges.flatMap((edge) => {
    const { input } = edge, share = sizeOf(edge), color = colours[input];
    const from = places.get(nameOf(edge.from))!;
    const ends = edge.to.length === 0 ? ["logits"] : edge.to.map(headName);
    return ends.flatMap((name): ScatterTrace[] => {
      const node = places.get(name)!;
      if (node.y <= from.y) return []; // of the heads that read together, one in a lower layer
      const thick = 1 + 5 * Math.abs(share) / most;
      const end = { x: node.x + ports[input], y: node.y - radius - 2 };
      const { line, head } = arrow(from, end, thick);
      const shown = !seen.has(input);
      seen.add(input);
      const common = { type: "scatter", mode: "lines", legendgroup: input } as const;
      return [{
        ...common,
        name: input,
        showlegend: shown,
        x: line.map(({ x }) => x),
        y: line.map(({ y }) => y),
        line: { color, width: thick, dash: share < 0 ? "dash" : "solid" },
        hovertemplate: `${plotlyText(described(edge))}<extra></extra>`,
      }, {
        ...common,
        showlegend: false,
        hoverinfo: "skip",
        x: head.map(({ x }) => x),
        y: head.map(({ y }) => y),
        line: { color, width: 0 },
        fill: "toself",
        fillcolor: color,
      }];
    });
  });
  const special = new Set(marked.map(headName));
  const nodes = [...places].map(([name, { x, y }]): ScatterTrace => {
    const isHead = edges.some(({ from, to }) =>
      [from, ...to].some((node) => typeof node !== "string" && headName(node) === name)
    );
    return {
      type: "scatter",
      mode: "markers+text",
      x: [x],
      y: [y],
      marker: {
        color: special.has(name) ? accent : isHead ? ink.text : ink.paper,
        size: 2 * radius,
        symbol: isHead ? "circle" : "square",
        line: { color: special.has(name) ? accent : ink.text, width: 1.5 },
      },
      text: [plotlyText(name)],
      textposition: [
        isHead ? "middle right" : rows.at(-1)!.nodes[0] === name ? "top center" : "bottom center",
      ],
      textfont: { size: 11.5, color: ink.strong },
      showlegend: false,
      hoverinfo: "skip",
    };
  });
  const axis = { visible: false, showgrid: false, fixedrange: true };
  return makeFigure({
    title,
    data: [...arrows, ...nodes],
    axes: { xaxis: { ...axis, range: [0, wide] }, yaxis: { ...axis, range: [0, high] } },
    width,
    plotHeight: high,
    space,
    legend: [...seen],
    annotations: rows.map(({ label }, row) => ({
      text: label,
      xref: "paper",
      yref: "y",
      x: 0,
      y: rowHeight * (row + 0.5),
      xanchor: "left",
      yanchor: "middle",
      xshift: -space.left + 12,
      showarrow: false,
      font: { size: 11.5, color: ink.muted },
    })),
    caption: joinSentences(
      "Width: share of what the corruption costs",
      least > 0
        ? `Paths below ${formatPercent(least)}, and readers that then write nothing, are not drawn`
        : undefined,
      marked.length > 0 ? "Filled in orange: retrieval heads" : undefined,
      options.caption,
    ),
    summary: edges.map(described),
  });
}
