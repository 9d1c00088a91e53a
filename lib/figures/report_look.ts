/**
 * Look and behaviour of a report's page.
 *
 * @module
 */
import { fontFamily } from "./theme.ts";

/** The style sheet: light and dark, narrow and wide, on paper. */
export const reportStyle = `
:root { color-scheme: light dark; --ground: #fff; --card: #fff; --text: #3d4754; --strong: #1f2733;
  --muted: #5f6b78; --rule: #d9dee4; --link: #0b5c9c; --bad: #b3261e; --bad-ground: #fdeceb;
  --good: #00735a; --soft: #f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1419; --card: #f4f6f8; --text: #c3ccd6;
  --strong: #eef2f6; --muted: #94a1af; --rule: #303a45; --link: #7cc0f5; --bad: #ff9d94;
  --bad-ground: #3a1917; --good: #4fd1a5; --soft: #171e26; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 20px 60px; max-width: 960px; background: var(--ground);
  color: var(--text); font: 16px/1.55 ${fontFamily}; overflow-wrap: break-word; }
h1, h2, h3, h4, strong, dt, th { color: var(--strong); }
h1 { font-size: 1.7rem; line-height: 1.25; font-weight: 650; margin: 0 0 .5em; }
h2 { font-size: 1.35rem; font-weight: 650; margin: 2.6em 0 .6em; padding-top: .5em;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1.1rem; font-weight: 600; margin: 2em 0 .5em; }
h4 { font-size: 1rem; font-weight: 600; margin: 1.4em 0 .4em; }
a { color: var(--link); }
code { font: .88em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--soft); padding: .1em .3em; border-radius: 4px; }
main > pre { font: .82rem/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--soft); padding: 10px 14px; border-radius: 8px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 1em 0;
  padding: 12px 16px; background: var(--soft); border-radius: 8px; font-size: .92rem; }
dl.facts dt { font-weight: 600; }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
nav ol { margin: .3em 0; padding-left: 1.4em; }
nav > ol > li { margin: .3em 0; }
nav ol ol { columns: 2 18em; font-size: .94rem; }
.badge { font-size: .78rem; font-weight: 600; padding: .1em .55em; border-radius: 9px; white-space: nowrap;
  border: 1px solid currentColor; color: var(--muted); vertical-align: .12em; }
.badge.good { color: var(--good); } .badge.bad { color: var(--bad); }
.problem { color: var(--bad); background: var(--bad-ground); border-left: 4px solid var(--bad);
  padding: 8px 14px; border-radius: 0 8px 8px 0; }
.problem pre { margin: .4em 0 0; white-space: pre-wrap; font-size: .82rem; overflow-wrap: anywhere; }
.entry { margin: 1.2em 0 1.6em; }
.paper { background: var(--card); color: #3d4754; border-radius: 8px; overflow-x: auto;
  color-scheme: light; }
.paper th, .paper strong { color: #1f2733; }
.paper > figure { margin: 0 !important; }
.paper img { display: block; margin: 0 auto; }
.entry > p, .entry > .note { margin: .5em 0 0; font-size: .9rem; color: var(--muted); }
.plotted .corelens-figure { display: none; }
.plot > div { margin: 0 auto; }
.frame iframe { display: block; width: 100%; height: min(900px, 92vh); border: 1px solid var(--rule);
  border-radius: 8px; background: var(--ground); }
.frame .waiting { display: grid; place-content: center; min-height: 200px; margin: 0;
  border: 1px dashed var(--rule); border-radius: 8px; text-align: center; }
.only-print { display: none; }
footer { margin-top: 3em; padding-top: 1em; border-top: 1px solid var(--rule); font-size: .88rem;
  color: var(--muted); }
@media (max-width: 600px) { body { padding: 18px 14px 40px; font-size: 15px; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .4em; }
  nav ol ol { columns: 1; }
  .scrolls::before { content: "wider than the screen: move it sideways"; position: sticky; left: 0;
    display: inline-block; font-size: .75rem; color: #5f6b78; padding: 2px 8px; } }
@media print { :root { color-scheme: light; --ground: #fff; --card: #fff; --text: #222; --strong: #000;
    --muted: #444; --rule: #bbb; --link: #000; --soft: #f6f6f6; --bad: #8c1d18; --bad-ground: #fff;
    --good: #00553f; }
  @page { margin: 16mm 15mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-before: page; } nav + h2, h2.first { break-before: auto; }
  h1, h2, h3, h4, h3 + p, h3 + p + p { break-after: avoid; } .entry { break-inside: avoid; }
  .paper { overflow: visible; } .paper img { max-height: 225mm; }
  .scrolls::before { content: none; }
  .plotted .corelens-figure { display: block; } .plot, .frame iframe, .waiting, .screen { display: none; }
  .only-print { display: block; } }
`;

/** Unpacks what is packed into the page's data blocks. */
const unpack = `
const unpack = (block) => {
  const bytes = Uint8Array.from(atob(block.textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};
const whenNear = (elements, act) => {
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      act(target);
    }
  }, { rootMargin: "500px" });
  for (const element of elements) seen.observe(element);
};`;

/** Draws figures with plotly, and opens embedded pages, as they come into view. */
export const reportScript = `${unpack}
const said = (where, error) => console.warn("corelens: " + where + ": " + error.message);
let plotly = null;
const plotlyThere = () => plotly ??= (async () => {
  const block = document.getElementById("corelens-plotly");
  if (block) {
    const script = document.createElement("script");
    script.textContent = await unpack(block);
    document.head.append(script);
  }
  return globalThis.Plotly ?? null;
})();
whenNear(document.querySelectorAll(".entry.drawn"), async (entry) => {
  try {
    const drawing = entry.querySelector("img");
    if (drawing && Number(drawing.getAttribute("width")) > entry.clientWidth) return;
    const Plotly = await plotlyThere();
    if (!Plotly) return;
    const { data, layout, config } = JSON.parse(await unpack(entry.querySelector(".corelens-spec")));
    const holder = document.createElement("div"), plot = document.createElement("div");
    holder.className = "plot";
    plot.style.width = layout.width + "px";
    holder.append(plot);
    entry.querySelector(".paper").append(holder);
    await Plotly.newPlot(plot, data, layout, config);
    entry.classList.add("plotted");
  } catch (error) {
    entry.querySelector(".plot")?.remove();
    said("a figure stays a drawing", error);
  }
});
whenNear(document.querySelectorAll(".frame"), async (frame) => {
  try {
    const page = await unpack(frame.querySelector(".corelens-page"));
    const shown = document.createElement("iframe");
    shown.title = frame.getAttribute("aria-label");
    shown.setAttribute("sandbox", "allow-scripts allow-downloads");
    shown.srcdoc = page;
    frame.querySelector(".waiting").replaceWith(shown);
  } catch (error) {
    frame.querySelector(".waiting").textContent = "This browser cannot unpack the page: " + error.message;
  }
});
for (const table of document.querySelectorAll(".paper")) {
  const wide = [table, ...table.querySelectorAll("div")].some((e) => e.scrollWidth > e.clientWidth + 1);
  if (wide) table.classList.add("scrolls");
}
`;
