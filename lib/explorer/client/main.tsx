/**
 * The head explorer in a browser: a page of its own, or a widget for anywidget.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { render as draw } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ExplorerData, ExplorerMap } from "../data.ts";
import { Choice, Toggle } from "./controls.tsx";
import { Effects } from "./effects.tsx";
import { HeadMap } from "./head_map.tsx";
import { Record } from "./record.tsx";
import { unpack } from "./rows.ts";
import { SamplePanel, toSample } from "./sample_panel.tsx";
import { fromFragment, type Theme, toFragment, topCount, type View } from "./view.ts";

/** Whether the system wants dark pages. */
function useSystemDark(): boolean {
  const query = useMemo(() => matchMedia("(prefers-color-scheme: dark)"), []);
  const [isDark, setDark] = useState(query.matches);
  useEffect(() => {
    const listen = () => setDark(query.matches);
    query.addEventListener("change", listen);
    return () => query.removeEventListener("change", listen);
  }, [query]);
  return isDark;
}

/** This sample's scores as a map, once they are unpacked. */
function useSampleMap(data: ExplorerData, index: number): ExplorerMap | null {
  const [map, setMap] = useState<ExplorerMap | null>(null);
  const { scores = null, id = "" } = data.samples[index] ?? {};
  useEffect(() => {
    let isCurrent = true;
    setMap(null);
    if (scores) {
      unpack(scores).then((values) =>
        isCurrent && setMap({
          id: "sample",
          label: `${data.maps[0].label} on ${id}`,
          about: "The score on this sample alone.",
          diverging: data.maps[0].diverging,
          values: [...values],
          samples: 1,
        })
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [scores]);
  return map;
}

/** The best heads of a map. */
function topOf(map: ExplorerMap, count: number): number[] {
  return [...map.values.keys()].filter((i) => map.values[i] !== null)
    .sort((a, b) => map.values[b]! - map.values[a]! || a - b).slice(0, count);
}

/** The whole explorer. */
function Explorer({ data, linked }: { data: ExplorerData; linked: boolean }) {
  const [view, setView] = useState<View>(() => fromFragment(linked ? location.hash : "", data));
  const [several, setSeveral] = useState(false), [copied, setCopied] = useState(false);
  const dark = useSystemDark() ? view.theme !== "light" : view.theme === "dark";
  const change = (part: Partial<View>) => setView((old) => ({ ...old, ...part }));
  const ownMap = useSampleMap(data, view.sample);
  const map = (view.map === "sample" ? ownMap : data.maps.find(({ id }) => id === view.map)) ??
    data.maps[0];
  useEffect(() => {
    if (!linked) return;
    try {
      history.replaceState(null, "", `#${toFragment(view, data)}`);
    } catch {
      // a frame without an address of its own
    }
  }, [view]);
  useEffect(() => {
    if (!linked) return;
    const listen = () => setView(fromFragment(location.hash, data));
    addEventListener("hashchange", listen);
    return () => removeEventListener("hashchange", listen);
  }, []);
  useEffect(() => {
    if (!linked) return;
    const listen = (event: KeyboardEvent) => {
      const target = event.target as Element | null;
      if (
        event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, select, textarea")
      ) return;
      const keys: { readonly [key: string]: () => void } = {
        "]": () => setView((old) => ({ ...old, ...toSample(data, old.sample + 1) })),
        "[": () => setView((old) => ({ ...old, ...toSample(data, old.sample - 1) })),
        "o": () =>
          setView((old) => ({
            ...old,
            overlay: old.overlay === "grid" ? "smooth" : old.overlay === "smooth" ? "off" : "grid",
          })),
        "s": () => setView((old) => ({ ...old, sinks: !old.sinks })),
        "e": () => setView((old) => ({ ...old, evidence: !old.evidence })),
      };
      keys[event.key]?.();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    } catch {
      prompt("The link to this view", location.href);
    }
  };
  const part = { data, view, dark, change };
  return (
    <div class={dark ? "explorer dark" : "explorer light"}>
      <header>
        <h1>{data.title}</h1>
        <p class="muted">
          {data.layers} layers × {data.heads} heads, scored on {data.origin.samples} samples
        </p>
        <span class="row">
          {linked && location.protocol !== "about:" && (
            <button type="button" onClick={copy}>{copied ? "Copied" : "Copy link"}</button>
          )}
          <Choice<Theme>
            label="Colours"
            value={view.theme}
            values={[["auto", "Auto"], ["light", "Light"], ["dark", "Dark"]]}
            onChange={(theme) => change({ theme })}
          />
        </span>
      </header>
      <main>
        <section class="heads" aria-label="Heads">
          <div class="row">
            <select
              aria-label="Value of the head map"
              value={view.map}
              onChange={(event) => change({ map: event.currentTarget.value })}
            >
              {data.maps.map(({ id, label }) => <option key={id} value={id}>{label}</option>)}
              {data.samples.length > 0 && (
                <option value="sample">{data.maps[0].label} on this sample</option>
              )}
            </select>
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
          <p class="muted small">{map.about}</p>
          <HeadMap
            data={data}
            map={map}
            chosen={view.heads}
            several={several}
            dark={dark}
            choose={(heads) => change({ heads })}
          />
          <Record origin={data.origin} />
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
        {data.samples.length > 0
          ? <SamplePanel {...part} />
          : <p class="muted">No samples in this file.</p>}
        <Effects {...part} />
      </main>
    </div>
  );
}

/** Shows data in an element. @returns a function that takes it away again */
export function mount(element: Element, data: ExplorerData, linked = false): () => void {
  draw(<Explorer data={data} linked={linked} />, element);
  return () => draw(null, element);
}

/** anywidget's entry: the model's `data` is what an explorer shows, its `style` the look. */
export function render(
  { model, el }: { readonly model: { get(name: string): unknown }; readonly el: HTMLElement },
): () => void {
  const data = model.get("data");
  return mount(el, (typeof data === "string" ? JSON.parse(data) : data) as ExplorerData);
}

const block = globalThis.document?.getElementById("corelens-data");
const root = globalThis.document?.getElementById("corelens-explorer");
if (block && root) {
  root.replaceChildren();
  mount(root, JSON.parse(block.textContent!) as ExplorerData, true);
}

export default { render };
