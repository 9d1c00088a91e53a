/**
 * What happens to the answer: without these heads, with only these, with the others windowed.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useEffect, useState } from "preact/hooks";
import { Ablation } from "./ablation.tsx";
import { number } from "./format.ts";
import { unpack } from "./rows.ts";
import type { PartProps } from "./sample_panel.tsx";
import { Speed } from "./speed.tsx";
import { headName } from "./view.ts";

/** The chosen heads, one line each. */
function Chosen({ data, view, change }: PartProps) {
  const sample = data.samples[view.sample];
  const [own, setOwn] = useState<Float32Array | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setOwn(null);
    if (sample?.scores) unpack(sample.scores).then((values) => isCurrent && setOwn(values));
    return () => {
      isCurrent = false;
    };
  }, [sample]);
  const most = 8, [score] = data.maps;
  const further = data.maps.filter(({ id }) => id === "effect" || id === "calibrated");
  if (view.heads.length === 0) return <p class="muted">None.</p>;
  return (
    <table class="facts">
      <thead>
        <tr>
          <th scope="col">head</th>
          <th scope="col">{score.label} [95%]</th>
          <th scope="col">here</th>
          {further.map(({ id }) => <th scope="col" key={id}>{id}</th>)}
          <th scope="col">
            <span class="hidden">remove</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {view.heads.slice(0, most).map((head) => (
          <tr key={head}>
            <th scope="row">{headName(head, data.heads)}</th>
            <td>
              {number(score.values[head]!)}
              {score.ci95?.[head] && (
                <small>{` ${number(score.ci95[head]![0])}–${number(score.ci95[head]![1])}`}</small>
              )}
            </td>
            <td>{own ? number(own[head]) : "–"}</td>
            {further.map(({ id, values }) => (
              <td key={id}>{values[head] === null ? "–" : number(values[head]!)}</td>
            ))}
            <td>
              <button
                type="button"
                class="quiet"
                aria-label={`Take ${headName(head, data.heads)} out`}
                onClick={() => change({ heads: view.heads.filter((other) => other !== head) })}
              >
                ×
              </button>
            </td>
          </tr>
        ))}
        {view.heads.length > most && (
          <tr>
            <td colSpan={5} class="muted">and {view.heads.length - most} more</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

/** The right side. */
export function Effects(props: PartProps) {
  return (
    <section class="effects" aria-label="What happens to the answer">
      <h2>Chosen heads</h2>
      <Chosen {...props} />
      <h2>Without these heads, and with only these</h2>
      <Ablation {...props} />
      <h2>The others windowed</h2>
      <Speed {...props} />
    </section>
  );
}
