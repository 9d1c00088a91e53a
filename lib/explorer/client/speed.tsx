/**
 * Right answers and speed with the other heads windowed.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ExplorerSpeedRow } from "../data.ts";
import { percent } from "./format.ts";
import { NoRecord, Record, sameHeads } from "./record.tsx";
import type { PartProps } from "./sample_panel.tsx";

/** Hybrid attention of about as many heads: a line for each length of prompt. */
export function Speed({ data, view }: PartProps) {
  const { speed } = data;
  if (!speed) {
    return <NoRecord kind="speed" command="accelerate" option="speed" />;
  }
  const count = data.layers * data.heads, share = view.heads.length / count;
  const core = speed.rows.filter(({ policy }) => policy === "core");
  const nearest = core.map(({ fullHeads }) => fullHeads)
    .sort((a, b) => Math.abs(a - share) - Math.abs(b - share))[0] ?? 0;
  const full = Math.round(nearest * count);
  const isThese = sameHeads(data.ranking.slice(0, full), view.heads);
  const lengths = [...new Set(speed.rows.map(({ tokens }) => tokens))];
  const found = (policy: string, tokens: number) =>
    speed.rows.find((row) =>
      row.policy === policy && row.tokens === tokens &&
      (policy === "local" || Math.abs(row.fullHeads - nearest) < 1e-9)
    );
  const answers = (row: ExplorerSpeedRow | undefined) => row ? percent(row.sparse) : "–";
  const [{ sink, window, pattern }] = speed.rows;
  return (
    <>
      <p class="small">
        {isThese ? "These heads" : `The nearest set that was measured, the best ${full},`}{" "}
        see everything; the others see{" "}
        {pattern ?? `the first ${sink} and the last ${window} tokens`}.
      </p>
      <table class="facts">
        <caption>Right answers, and prefill against dense attention</caption>
        <thead>
          <tr>
            <th scope="col">tokens</th>
            <th scope="col">dense</th>
            <th scope="col">{isThese ? "these" : `best ${full}`}</th>
            <th scope="col">random</th>
            <th scope="col">none</th>
            <th scope="col">speed</th>
          </tr>
        </thead>
        <tbody>
          {lengths.map((tokens) => {
            const own = found("core", tokens);
            return (
              <tr key={tokens}>
                <th scope="row">{tokens}</th>
                <td>{own ? percent(own.dense) : "–"}</td>
                <td>
                  <b>{answers(own)}</b>
                </td>
                <td>{answers(found("random", tokens))}</td>
                <td>{answers(found("local", tokens))}</td>
                <td>
                  {own && own.speedup !== null ? `${own.speedup.toFixed(2)}×` : "–"}
                  {own?.speedupCi95 && (
                    <small>{` ${own.speedupCi95.map((end) => end.toFixed(2)).join("–")}`}</small>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Record origin={speed.origin} />
    </>
  );
}
