/**
 * One sample: its question and answer as query rows, its images and text under attention.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ExplorerData, ExplorerSample } from "../data.ts";
import { Choice, Toggle } from "./controls.tsx";
import { number } from "./format.ts";
import { ImageView } from "./image_view.tsx";
import { Queries, Shares } from "./queries.tsx";
import { Strip } from "./strip.tsx";
import { type Attention, attentionOf, unpack } from "./rows.ts";
import { TextView } from "./text_view.tsx";
import { evidencePanel, headName, inSpans, type Overlay, type View } from "./view.ts";

/** What a part needs that shows and changes the view. */
export interface PartProps {
  readonly data: ExplorerData;
  readonly view: View;
  readonly dark: boolean;
  readonly change: (part: Partial<View>) => void;
}

/** The unpacked rows of a sample, null until they are there. */
function useRows(sample: ExplorerSample): Float32Array | null {
  const [found, setFound] = useState<readonly [ExplorerSample, Float32Array] | null>(null);
  useEffect(() => {
    let isCurrent = true;
    unpack(sample.rows).then((rows) => isCurrent && setFound([sample, rows]));
    return () => {
      isCurrent = false;
    };
  }, [sample]);
  return found?.[0] === sample ? found[1] : null;
}

/** Goes to another sample. */
export function toSample(data: ExplorerData, index: number): Partial<View> {
  const count = data.samples.length, sample = (index + count) % count;
  return { sample, query: -1, panel: evidencePanel(data.samples[sample]) };
}

/** What is shown of heads that the file has no rows of. */
function missingLine(
  data: ExplorerData,
  { missing, shown }: Attention,
  query: number,
): string | null {
  if (missing.length === 0) return null;
  const names = missing.slice(0, 4).map((head) => headName(head, data.heads)).join(", ");
  const more = missing.length > 4 ? ` and ${missing.length - 4} more` : "";
  const what = query < 0 ? "attention" : "single rows";
  return `${names}${more}: ${what} not in this file (make it with --heads N or fewer --samples)` +
    (shown.length > 0 ? "; shown without." : ".");
}

export function SamplePanel({ data, view, dark, change }: PartProps) {
  const sample = data.samples[view.sample], rows = useRows(sample);
  const attention = useMemo(
    () => rows && attentionOf(data, sample, rows, view.heads, view.query),
    [data, sample, rows, view.heads, view.query],
  );
  const shown = attention && attention.shown.length > 0 ? attention : null;
  const values = useMemo(() => {
    if (!shown || view.sinks) return shown?.values ?? null;
    const hidden = shown.values.slice();
    for (const token of sample.sinks) if (!inSpans(token, sample.evidence)) hidden[token] = 0;
    return hidden;
  }, [shown, view.sinks, sample]);
  const peak = useMemo(() => {
    let most = 0;
    for (const [start, end] of sample.visual) {
      for (let i = start; i < end; i++) most = Math.max(most, values?.[i] ?? 0);
    }
    return most;
  }, [sample, values]);
  const panel = sample.panels[view.panel];
  const isThere = view.heads.some((head) => {
    const at = data.kept.indexOf(head);
    return at >= 0 && at < sample.singles;
  });
  const textEvidence = sample.texts.some(({ start, pieces }) =>
    pieces.some((_, i) => inSpans(start + i, sample.evidence))
  );
  const names = view.heads.map((head) => headName(head, data.heads));
  const missing = attention && missingLine(data, attention, view.query);
  return (
    <section class="sample" aria-label="Sample">
      <div class="row">
        <button
          type="button"
          class="quiet"
          aria-label="Previous sample"
          onClick={() => change(toSample(data, view.sample - 1))}
        >
          ‹
        </button>
        <select
          aria-label="Sample"
          value={view.sample}
          onChange={(event) => change(toSample(data, Number(event.currentTarget.value)))}
        >
          {data.samples.map(({ id, domain, question }, i) => (
            <option key={id} value={i}>{`${id} · ${domain} · ${question}`.slice(0, 90)}</option>
          ))}
        </select>
        <button
          type="button"
          class="quiet"
          aria-label="Next sample"
          onClick={() => change(toSample(data, view.sample + 1))}
        >
          ›
        </button>
        <span class="muted count">{view.sample + 1} of {data.samples.length}</span>
      </div>
      <h2>{sample.question}</h2>
      <p class="answer">
        <span class={sample.correct ? "verdict right" : "verdict wrong"}>
          {sample.correct ? "✓ right" : "✗ wrong"}
        </span>{" "}
        The model says <b>{sample.said || "nothing"}</b>
        {!sample.correct && (
          <>
            ; right: <b>{sample.answers.join(" or ")}</b>
          </>
        )}
      </p>
      <Queries sample={sample} view={view} change={change} isThere={isThere} />
      <div class="row tools">
        <Choice<Overlay>
          label="Overlay"
          value={view.overlay}
          values={[["grid", "Tokens"], ["smooth", "Smooth"], ["off", "Off"]]}
          onChange={(overlay) => change({ overlay })}
        />
        <Toggle
          checked={view.sinks}
          onChange={(sinks) => change({ sinks })}
          title="Tokens to which the median head gives over five times the even share"
        >
          sinks
        </Toggle>
        <Toggle checked={view.evidence} onChange={(evidence) => change({ evidence })}>
          evidence
        </Toggle>
        <label class="slide strength">
          <span>strength</span>
          <input
            type="range"
            min={0.1}
            max={1}
            step={0.05}
            value={view.strength}
            aria-label="Strength of the overlay"
            onInput={(event) => change({ strength: Number(event.currentTarget.value) })}
          />
        </label>
      </div>
      {missing && <p class="note" role="status">{missing}</p>}
      {view.heads.length === 0 && <p class="note" role="status">Choose a head in the map.</p>}
      {panel && (
        <>
          {sample.panels.length > 1 && (
            <Strip
              sample={sample}
              images={data.images}
              values={values}
              panel={view.panel}
              dark={dark}
              onChange={(index) => change({ panel: index })}
            />
          )}
          <ImageView
            sample={sample}
            panel={panel}
            url={data.images[panel.image]}
            values={values}
            peak={peak}
            overlay={view.overlay}
            strength={view.strength}
            evidence={view.evidence}
            dark={dark}
            name={`${sample.id}-${names.slice(0, 3).join("-")}`}
            alt={`${panel.label} of sample ${sample.id} with the attention of ${
              names.join(", ") || "no head"
            }`}
          />
          <p class="muted small">
            {names.length > 0 &&
              `${names.length > 6 ? `Mean of ${names.length} heads` : names.join(" + ")}${
                names.length > 1 && names.length <= 6 ? " (mean)" : ""
              }. `}
            Strongest colour: {number(peak)} of the row, the same on all images of the sample.
          </p>
        </>
      )}
      {shown && <Shares sample={sample} values={shown.values} />}
      <details class="all-text" open={!panel || textEvidence} key={`text${view.sample}`}>
        <summary>Text tokens</summary>
        <TextView
          sample={sample}
          values={values}
          evidence={view.evidence}
          strength={view.strength}
          query={view.query}
          isThere={isThere}
          choose={(query) => change({ query })}
        />
      </details>
    </section>
  );
}
