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
import { Choice } from "./controls.tsx";
import { Effects } from "./effects.tsx";
import { HeadsPanel } from "./heads_panel.tsx";
import { unpack } from "./rows.ts";
import { SamplePanel, toSample } from "./sample_panel.tsx";
import { fromFragment, type Theme, toFragment, type View } from "./view.ts";

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

/** What surrounds the explorer: a page of its own with links, or a notebook that follows its heads. */
export interface Surroundings {
  /** Whether the address holds the view. */
  readonly linked?: boolean;
  /** Where the view begins, other than at first. */
  readonly start?: Partial<View>;
  /** Told the chosen heads when they change. */
  readonly onHeads?: (heads: readonly number[]) => void;
  /** Calls back when heads are chosen from outside. @returns a function that ends it */
  readonly listen?: (choose: (heads: readonly number[]) => void) => () => void;
}

/** The whole explorer. */
function Explorer({ data, around }: { data: ExplorerData; around: Surroundings }) {
  const { linked = false, start, onHeads, listen: outside } = around;
  const [view, setView] = useState<View>(() => ({
    ...fromFragment(linked ? location.hash : "", data),
    ...start,
  }));
  const [copied, setCopied] = useState(false);
  const dark = useSystemDark() ? view.theme !== "light" : view.theme === "dark";
  const change = (part: Partial<View>) => setView((old) => ({ ...old, ...part }));
  const ownMap = useSampleMap(data, view.sample);
  useEffect(() => onHeads?.(view.heads), [view.heads]);
  useEffect(() => outside?.((heads) => change({ heads })), []);
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
      <main class={view.beside === "" ? "" : "compared"}>
        <HeadsPanel {...part} ownMap={ownMap} />
        {data.samples.length > 0
          ? <SamplePanel {...part} />
          : <p class="muted">No samples in this file.</p>}
        <Effects {...part} />
      </main>
    </div>
  );
}

/** Shows data in an element. @returns a function that takes it away again */
export function mount(
  element: Element,
  data: ExplorerData,
  around: Surroundings = {},
): () => void {
  draw(<Explorer data={data} around={around} />, element);
  return () => draw(null, element);
}

/** What a widget's model offers, in notebooks that show anywidgets. */
interface WidgetModel {
  get(name: string): unknown;
  set?(name: string, value: unknown): void;
  save_changes?(): void;
  on?(event: string, act: () => void): void;
  off?(event: string, act: () => void): void;
}

/** The notebook's own colours, where it tells them. */
function notebookTheme(): Theme {
  const { classList, dataset } = document.body;
  if (dataset.jpThemeLight !== undefined) {
    return dataset.jpThemeLight === "false" ? "dark" : "light";
  }
  if (classList.contains("vscode-dark")) return "dark";
  return classList.contains("vscode-light") ? "light" : "auto";
}

/**
 * anywidget's entry. The model's `data` is what an explorer shows; its `heads`, pairs of layer and
 * head, are the chosen heads in both directions: empty at first for the top ones.
 */
export function render(
  { model, el }: { readonly model: WidgetModel; readonly el: HTMLElement },
): () => void {
  const given = model.get("data");
  const data = (typeof given === "string" ? JSON.parse(given) : given) as ExplorerData;
  const read = () => {
    const pairs = model.get("heads");
    return Array.isArray(pairs) ? pairs.map(([layer, head]) => layer * data.heads + head) : [];
  };
  const asked = read();
  return mount(el, data, {
    start: { theme: notebookTheme(), ...(asked.length > 0 ? { heads: asked } : {}) },
    onHeads(heads) {
      if (String(heads) === String(read())) return;
      model.set?.("heads", heads.map((i) => [Math.floor(i / data.heads), i % data.heads]));
      model.save_changes?.();
    },
    listen(choose) {
      const act = () => choose(read());
      model.on?.("change:heads", act);
      return () => model.off?.("change:heads", act);
    },
  });
}

const block = globalThis.document?.getElementById("corelens-data");
const root = globalThis.document?.getElementById("corelens-explorer");
if (block && root) {
  root.replaceChildren();
  mount(root, JSON.parse(block.textContent!) as ExplorerData, { linked: true });
}

export default { render };
