/**
 * The left side: one head map, or two side by side with the same heads chosen.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useMemo, useState } from "preact/hooks";
import type { ExplorerData, ExplorerMap } from "../data.ts";
import { agreementOf, topOf } from "./agreement.ts";
import { Toggle } from "./controls.tsx";
import { HeadMap, type Marks } from "./head_map.tsx";
import { Record } from "./record.tsx";
import type { PartProps } from "./sample_panel.tsx";
import { headName, topCount } from "./view.ts";

/** Names of the maps that can be chosen. */
function MapChoices({ data }: { readonly data: ExplorerData }) {
  return (
    <>
      {data.maps.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
      {data.samples.length > 0 && (
        <option value="sample">{data.maps[0].label} on this sample</option>
      )}
    </>
  );
}

/** How far two maps agree, in one line. */
function Agreement({ data, maps: [first, second] }: {
  readonly data: ExplorerData;
  readonly maps: readonly [ExplorerMap, ExplorerMap];
}) {
  const count = topCount(data);
  const { rank, both, only } = useMemo(() => agreementOf(first, second, count), [first, second]);
  const names = only.slice(0, 4).map((head) => headName(head, data.heads)).join(", ");
  return (
    <p class="agreement" role="status">
      Rank correlation <b>{rank === null ? "–" : rank.toFixed(2)}</b>; of the top {count} of each
      {" "}
      <b>{both.length}</b> are the same{only.length > 0 && (
        <>
          ; on the left alone: {names}
          {only.length > 4 && ` and ${only.length - 4} more`}
        </>
      )}.
    </p>
  );
}

/** The left side. */
export function HeadsPanel(
  { data, view, dark, change, ownMap }: PartProps & { readonly ownMap: ExplorerMap | null },
) {
  const [several, setSeveral] = useState(false);
  const [marks, setMarks] = useState<Marks>({ pointed: null, cursor: null });
  const find = (id: string): ExplorerMap | null =>
    id === "sample" ? ownMap : data.maps.find((map) => map.id === id) ?? null;
  const map = find(view.map) ?? data.maps[0], beside = find(view.beside);
  const drawn = (shown: ExplorerMap, name: string) => (
    <div class="one">
      <p class="muted small">{shown.about}</p>
      <HeadMap
        data={data}
        map={shown}
        name={name}
        marks={marks}
        mark={(part) => setMarks((old) => ({ ...old, ...part }))}
        chosen={view.heads}
        several={several}
        dark={dark}
        choose={(heads) => change({ heads })}
      />
      <Record origin={shown.origin ?? data.origin} />
    </div>
  );
  return (
    <section class="heads" aria-label="Heads">
      <div class="row">
        <select
          aria-label="Value of the head map"
          value={view.map}
          onChange={(event) => change({ map: event.currentTarget.value })}
        >
          <MapChoices data={data} />
        </select>
        <select
          aria-label="A second map beside it"
          value={view.beside}
          onChange={(event) => change({ beside: event.currentTarget.value })}
        >
          <option value="">no second map</option>
          <MapChoices data={data} />
        </select>
      </div>
      <div class="row">
        <label class="top">
          top{" "}
          <input
            type="number"
            min={1}
            max={data.layers * data.heads}
            placeholder={String(topCount(data))}
            aria-label="Choose the top heads of this map"
            onInput={(event) => {
              const count = Math.round(Number(event.currentTarget.value));
              if (count >= 1) change({ heads: topOf(map, count) });
            }}
          />
        </label>
        <Toggle
          checked={several}
          onChange={setSeveral}
          title="Add heads to the choice (or hold Shift)"
        >
          several
        </Toggle>
        <button type="button" class="quiet" onClick={() => change({ heads: [] })}>Clear</button>
      </div>
      <div class="maps">
        {drawn(map, "head")}
        {beside && drawn(beside, "beside")}
      </div>
      {beside && <Agreement data={data} maps={[map, beside]} />}
      <details class="keys">
        <summary>Keys</summary>
        <dl>
          <dt>arrows</dt>
          <dd>move over the map or the image</dd>
          <dt>Enter, Shift+Enter</dt>
          <dd>choose a head, add it</dd>
          <dt>l</dt>
          <dd>choose its layer (or click the layer's number)</dd>
          <dt>[ and ]</dt>
          <dd>previous, next sample</dd>
          <dt>o, s, e</dt>
          <dd>overlay, sinks, evidence</dd>
        </dl>
      </details>
    </section>
  );
}
