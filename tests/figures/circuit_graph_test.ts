import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { circuitGraph, type CircuitGraphEdge } from "../../lib/figures/circuit_graph.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const [low, high] = [{ layer: 1, head: 4 }, { layer: 3, head: 0 }];
const edges: CircuitGraphEdge[] = [
  { from: high, to: [], input: "logits", alone: { estimate: 0.4 } },
  { from: low, to: [high], input: "key", alone: { estimate: 0.02 }, last: { estimate: 0.2 } },
  { from: low, to: [high, low], input: "query", alone: { estimate: -0.1 }, last: null },
  { from: hostile, to: [low], input: "value", alone: { estimate: 0.3 } },
];

/** Lines by their name: where they begin and end. */
const lines = (name: string) =>
  (circuitGraph(edges).data as ScatterTrace[]).filter((trace) => trace.name === name);
const nodes = () =>
  (circuitGraph(edges, { marked: [high] }).data as ScatterTrace[])
    .filter(({ mode }) => mode === "markers+text");

Deno.test("layers go from the inputs at the bottom to the logits on top", () => {
  assertSound(circuitGraph(edges, { caption: hostile, title: hostile }));
  const found = nodes();
  const height = (name: string) => Number(found.find(({ text }) => text?.[0] === name)!.y[0]);
  assert(height("L1H4") < height("L3H0") && height("L3H0") < height("logits"));
  assertEquals(found.length, 4);
  assert(found.every(({ y }) => Number(y[0]) >= Math.min(height("L1H4"), Number(found[0].y[0]))));
  const colours = new Set(found.map(({ marker }) => marker!.color));
  assertEquals(colours.size, 3); // marked, other heads, what is no head
});

Deno.test("arrows are as wide as the larger share, dashed where negative, and lead upwards", () => {
  const [[key], [query, none], [value], [logits]] = ["key", "query", "value", "logits"].map(lines);
  assertEquals(none, undefined); // no arrow from a head to itself
  const width = ({ line }: ScatterTrace) => line!.width!;
  assert(width(logits) > width(value) && width(value) > width(key) && width(key) > width(query));
  assertEquals([key, query].map(({ line }) => line!.dash), ["solid", "dash"]);
  assert([key, query, value, logits].every(({ y }) => Number(y[1]) > Number(y[0])));
  const ends = [query, key].map(({ x }) => Number(x[1]));
  assert(ends[0] < ends[1], "queries arrive left of keys");
  assert(circuitGraph(edges).toText().includes("L1H4 → key of L3H0: 20%"));
});

Deno.test("weak paths are left out, and heads that then write nothing", () => {
  const more = [...edges, {
    from: "question",
    to: [high, low],
    input: "value",
    alone: { estimate: 1 },
  }];
  const figure = circuitGraph(more as CircuitGraphEdge[], { least: 0.35 });
  const names = (figure.data as ScatterTrace[]).flatMap(({ text }) => text ?? []);
  assertEquals(names.sort(), ["L3H0", "logits", "question"]);
  assert(figure.caption.includes("Paths below 35%, and readers"));
});

Deno.test("without paths there is nothing to draw", () => {
  assertThrows(() => circuitGraph([]), InputError, "the circuit of 0 paths");
});
