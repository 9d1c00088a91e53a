/**
 * What every figure must satisfy, checked in one place.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { type Displayable, Figure, jupyterDisplay } from "../../lib/figures/figure.ts";
import type { PixelImage } from "../../lib/figures/overlay_image.ts";
import type { Trace } from "../../lib/figures/spec.ts";

/** A text that breaks what does not escape. */
export const hostile = `<script>alert("x")</script><b>&'%{x}$y$`;

/** Throws unless tags open and close in order and hold no stray angle brackets. */
export function assertBalanced(markup: string): void {
  const open: string[] = [];
  const empty = new Set(["img", "br", "meta", "hr"]);
  for (const [, close, name, rest] of markup.matchAll(/<(\/?)([a-zA-Z!][\w!]*)([^<>]*)>/g)) {
    if (name.startsWith("!") || rest.endsWith("/") || empty.has(name)) continue;
    if (close === "/") assertEquals(open.pop(), name, "tags close in the order they open");
    else open.push(name);
  }
  assertEquals(open, [], "every tag is closed");
  const text = markup.replace(/<(\/?)([a-zA-Z!][\w!]*)([^<>]*)>/g, "");
  assert(!/[<>]/.test(text), `stray angle bracket in ${text.match(/.{0,30}[<>].{0,30}/)?.[0]}`);
}

/** Throws unless what is shown holds no script of the data and no missing number. */
export function assertClean(shown: string): void {
  assert(!shown.includes("<script>alert"), "the data's markup must be escaped");
  assert(!/\bNaN\b|\bundefined\b|\bInfinity\b/.test(shown), "no missing number may show");
}

/** Throws unless a trace's lists fit together. */
function assertTrace(trace: Trace): void {
  if (trace.type === "heatmap") {
    const [rows, columns] = [trace.z.length, trace.z[0].length];
    assert(trace.z.every((row) => row.length === columns));
    assert([columns, columns + 1].includes(trace.x.length));
    assert([rows, rows + 1].includes(trace.y.length));
    assert(trace.text === undefined || trace.text.length === rows);
    assert(trace.zmin < trace.zmax, "colours need a range");
    return;
  }
  assertEquals(trace.x.length, trace.y.length);
  if (trace.text !== undefined) assertEquals(trace.text.length, trace.x.length);
  for (const bars of [trace.error_x, trace.error_y]) {
    if (bars === undefined) continue;
    assertEquals(bars.array.length, trace.x.length);
    assertEquals(bars.arrayminus.length, trace.x.length);
    assert([...bars.array, ...bars.arrayminus].every((length) => length >= 0));
  }
}

/** Throws unless anything that can be shown is shown soundly, in every form. */
export function assertSound(shown: Displayable): void {
  const html = shown.toHtml();
  assertBalanced(html);
  assertClean(html);
  assert(!/(?:src|href)="(?!data:)/.test(html), "nothing may be loaded from elsewhere");
  assert(!/<script/i.test(html));
  assertClean(shown.toText().replaceAll(hostile, ""));
  const bundle = shown[jupyterDisplay]();
  assertEquals(bundle["text/html"], html);
  assertEquals(bundle["text/plain"], shown.toText());
  if (!(shown instanceof Figure)) return;
  const svg = shown.toSvg();
  assertBalanced(svg);
  assertClean(svg);
  const spec = shown.toSpec();
  assertEquals(bundle["application/vnd.plotly.v1+json"], spec);
  assertEquals(JSON.parse(JSON.stringify(spec)), spec, "JSON keeps every number");
  assertClean(JSON.stringify(spec));
  const { axes, shapes, annotations, images } = shown.layout;
  for (const trace of shown.data) {
    assertTrace(trace);
    assert(`xaxis${(trace.xaxis ?? "x").slice(1)}` in axes);
    assert(`yaxis${(trace.yaxis ?? "y").slice(1)}` in axes);
  }
  for (const { xref, yref } of [...shapes, ...annotations, ...images]) {
    for (const ref of [xref, yref]) {
      assert(ref === "paper" || `${ref[0]}axis${ref.slice(1)}` in axes, `axis ${ref}`);
    }
  }
  for (const [name, axis] of Object.entries(axes)) {
    assert(axis.range[0] !== axis.range[1], `${name} has no length`);
    for (const edge of axis.domain ?? []) assert(edge >= 0 && edge <= 1);
  }
}

/** An image of one colour with a darker corner. */
export function plainImage(width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3).fill(210);
  data.fill(40, 0, 3);
  return { width, height, data };
}

/** What is packed into a page's data blocks that have an attribute. */
export function unpacked(page: string, attribute: string): string[] {
  return [...page.matchAll(/<script type="text\/plain" ([^>]*)>(.*?)<\/script>/gs)]
    .filter(([, attributes]) => attributes === attribute)
    .map(([, , text]) => gunzipSync(Buffer.from(text, "base64")).toString());
}
