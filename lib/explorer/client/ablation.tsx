/**
 * Right answers without the chosen heads, with only these, and without controls.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ExplorerAblation, ExplorerSet } from "../data.ts";
import { Choice } from "./controls.tsx";
import { number, percent, probability } from "./format.ts";
import { NoRecord, Record, sameHeads } from "./record.tsx";
import type { PartProps } from "./sample_panel.tsx";

/** Bars with intervals; draws of one kind of control as dots. */
function Bars({ rows, isShare }: {
  readonly rows: readonly {
    readonly label: string;
    readonly value: number;
    readonly ci95?: readonly [number, number];
    readonly dots?: readonly number[];
    readonly strong?: boolean;
  }[];
  readonly isShare: boolean;
}) {
  const all = rows.flatMap(({ value, ci95, dots = [] }) => [value, ...ci95 ?? [], ...dots]);
  const low = isShare ? 0 : Math.min(...all), high = isShare ? 1 : Math.max(...all, 0);
  const x = (value: number) => 100 * (value - low) / (high - low || 1);
  return (
    <table class="bars">
      <tbody>
        {rows.map(({ label, value, ci95, dots = [], strong }, i) => (
          <tr key={i} class={strong ? "strong" : undefined}>
            <th scope="row">{label}</th>
            <td class="graph">
              <svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">
                <rect class="track" y="5.5" width="100" height="3" />
                <rect class="bar" y="2" width={Math.max(0.5, x(value))} height="10" />
                {ci95 && ci95.every(Number.isFinite) && (
                  <path class="interval" d={`M${x(ci95[0])} 7H${x(ci95[1])}`} />
                )}
                {dots.map((dot, j) => (
                  <rect key={j} class="dot" x={x(dot) - 0.6} y="3.5" width="1.2" height="7" />
                ))}
              </svg>
            </td>
            <td class="value">
              {isShare ? percent(value) : number(value)}
              {ci95 && ci95.every(Number.isFinite) && (
                <small>
                  {isShare ? ` ${Math.round(100 * ci95[0])}–${Math.round(100 * ci95[1])}` : ""}
                </small>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Draws of one kind of control as one row: their mean, each draw a mark. */
function controlRow(sets: readonly ExplorerSet[], metric: string) {
  const values = sets.flatMap(({ metrics }) => metrics[metric] ? [metrics[metric].value] : []);
  const value = values.reduce((a, b) => a + b, 0) / values.length;
  const { condition } = sets[0];
  return {
    label: values.length > 1 ? `${condition} ×${values.length}` : condition,
    value,
    ci95: values.length === 1 ? sets[0].metrics[metric].ci95 : undefined,
    dots: values.length > 1 ? values : undefined,
  };
}

/** Buttons that choose the sets that a record has. */
function SetButtons({ ablation, change, chosen }: {
  readonly ablation: ExplorerAblation;
  readonly change: PartProps["change"];
  readonly chosen: readonly number[];
}) {
  const core = ablation.sets.filter(({ condition }) => condition === "core");
  return (
    <span class="sets" role="group" aria-label="Sets of heads that were removed">
      {core.map((set, i) => (
        <button
          key={i}
          type="button"
          aria-pressed={sameHeads(set.heads, chosen)}
          title={`the ${set.heads.length} best heads`}
          onClick={() => change({ heads: set.heads })}
        >
          best {set.heads.length}
        </button>
      ))}
    </span>
  );
}

/** The ablation of the chosen heads. */
export function Ablation({ data, view, change }: PartProps) {
  const { ablation } = data;
  if (!ablation) {
    return <NoRecord kind="ablation" command="ablate" option="ablation" />;
  }
  const { sets } = ablation, baseline = sets.find(({ condition }) => condition === "none");
  const metrics = Object.keys(baseline?.metrics ?? sets[0]?.metrics ?? {});
  const metric = metrics.includes(view.metric) ? view.metric : metrics[0];
  const found = sets.find(({ heads, condition }) =>
    condition !== "none" && condition !== "keep" && heads.length > 0 && sameHeads(heads, view.heads)
  );
  const everyOther = data.layers * data.heads - view.heads.length;
  const only = sets.find(({ condition, heads }) =>
    condition === "keep" && heads.length === everyOther &&
    !heads.some((head) => view.heads.includes(head))
  );
  const controls = found?.condition === "core"
    ? ["random", "layer-matched", "score-matched", "bottom"].flatMap((condition) => {
      const own = sets.filter((set) =>
        set.condition === condition && set.heads.length === found.heads.length &&
        set.metrics[metric]
      );
      return own.length > 0 ? [controlRow(own, metric)] : [];
    })
    : [];
  const row = (set: ExplorerSet | undefined, label: string, strong = false) =>
    set?.metrics[metric]
      ? [{ label, value: set.metrics[metric].value, ci95: set.metrics[metric].ci95, strong }]
      : [];
  const outcome = found?.metrics[metric];
  const sample = data.samples[view.sample], own = ablation.bySample[sample?.id ?? ""];
  const place = found ? sets.indexOf(found) : -1, onlyPlace = only ? sets.indexOf(only) : -1;
  return (
    <>
      <div class="row">
        <SetButtons ablation={ablation} change={change} chosen={view.heads} />
        <Choice
          label="Metric"
          value={metric}
          values={metrics.map((name) =>
            [name, name === "log-probability" ? "log-prob." : name] as const
          )}
          onChange={(name) => change({ metric: name })}
        />
      </div>
      {found || only
        ? (
          <Bars
            isShare={metric !== "log-probability"}
            rows={[
              ...row(baseline, "all heads"),
              ...row(found, "without these", true),
              ...row(only, "only these", true),
              ...controls,
            ]}
          />
        )
        : (
          <p class="muted">
            The record has no set of exactly{" "}
            {view.heads.length === 1 ? "this head" : "these heads"}: choose one of its sets above.
          </p>
        )}
      {outcome && (
        <p class="finding">
          Without {found!.heads.length === 1 ? "it" : "them"}: {metric}{" "}
          <b>{outcome.drop >= 0 ? "−" : "+"}{number(Math.abs(outcome.drop))}</b>{" "}
          [{number(-outcome.dropCi95[1])}, {number(-outcome.dropCi95[0])}],{" "}
          {probability(outcome.pValue)}
        </p>
      )}
      {!only && found && (
        <p class="muted small">
          "Only these" needs the condition <code>keep</code>:{" "}
          <code>ablate --conditions core,keep,…</code>
        </p>
      )}
      {own && (found || only) && (
        <table class="facts">
          <caption>This sample: log-probability of the right answer</caption>
          <tbody>
            {[[0, "all heads"], [place, "without these"], [onlyPlace, "only these"]].flatMap((
              [set, label],
            ) =>
              Number(set) < 0 ? [] : [
                <tr key={label}>
                  <th scope="row">{label}</th>
                  <td>{own.correct[Number(set)] ? "✓ right" : "✗ wrong"}</td>
                  <td>{number(own.logProb[Number(set)])}</td>
                </tr>,
              ]
            )}
          </tbody>
        </table>
      )}
      <Record origin={ablation.origin} />
      {ablation.samplesInBoth > 0 && (
        <p class="note">
          {ablation.samplesInBoth} of {ablation.origin.samples}{" "}
          samples also chose the heads: effects look larger than they are.
        </p>
      )}
    </>
  );
}
