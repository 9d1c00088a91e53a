/**
 * Whose attention is shown, and where it goes.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useMemo } from "preact/hooks";
import type { ExplorerSample } from "../data.ts";
import { percent, tokenText } from "./format.ts";
import { sharesOf } from "./rows.ts";
import type { View } from "./view.ts";

/** Question and answer as chips. */
export function Queries({ sample, view, change, isThere }: {
  readonly sample: ExplorerSample;
  readonly view: View;
  readonly change: (part: Partial<View>) => void;
  readonly isThere: boolean;
}) {
  const groups = [["question", "Question"], ["last", "Answer begins"], [
    "answer",
    "Answer",
  ]] as const;
  return (
    <div class="queries" role="radiogroup" aria-label="Whose attention: the query row">
      <span class="group">
        <span class="muted">Rows</span>
        <button
          type="button"
          role="radio"
          class="chip"
          aria-checked={view.query < 0}
          onClick={() => change({ query: -1 })}
        >
          mean over the question
        </button>
      </span>
      {groups.map(([kind, label]) => {
        const own = sample.queries.flatMap((query, i) =>
          query.kind === kind ? [[query, i] as const] : []
        );
        if (own.length === 0) return null;
        return (
          <span class="group" key={kind}>
            <span class="muted">{label}</span>
            {own.map(([query, i]) => (
              <button
                key={i}
                type="button"
                role="radio"
                class="chip token"
                aria-checked={view.query === i}
                disabled={!isThere}
                title={isThere
                  ? `Attention that leaves token ${query.token}`
                  : "This file holds single rows of the best heads only"}
                onClick={() => change({ query: view.query === i ? -1 : i })}
              >
                {tokenText(query.text)}
              </button>
            ))}
          </span>
        );
      })}
    </div>
  );
}

/** Where the attention goes, as one bar. */
export function Shares({ sample, values }: { sample: ExplorerSample; values: Float32Array }) {
  const shares = useMemo(() => sharesOf(values, sample), [sample, values]);
  const parts = [
    ["evidence", "evidence"],
    ["visual", "other visual"],
    ["sinks", "sinks"],
    ["question", "question"],
    ["text", "other text"],
  ] as const;
  const total = parts.reduce((sum, [key]) => sum + shares[key], 0) || 1;
  return (
    <div class="shares">
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        {parts.map(([key], i) => {
          const before = parts.slice(0, i).reduce((sum, [other]) => sum + shares[other], 0);
          return (
            <rect
              key={key}
              class={`share-${key}`}
              x={100 * before / total}
              width={100 * shares[key] / total}
              height="8"
            />
          );
        })}
      </svg>
      <ul>
        {parts.map(([key, label]) => (
          <li key={key}>
            <span class={`swatch share-${key}`} />
            {label} <b data-share={key}>{percent(shares[key])}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
