/**
 * The prompt and its answer as text, token by token, with attention behind it.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import { useMemo, useState } from "preact/hooks";
import type { ExplorerSample } from "../data.ts";
import { css, overlayColour } from "./colours.ts";
import { number, percent, tokenText } from "./format.ts";
import { inSpans } from "./view.ts";

/** What the text is drawn with. */
export interface TextProps {
  readonly sample: ExplorerSample;
  readonly values: Float32Array | null;
  readonly evidence: boolean;
  readonly strength: number;
  /** The chosen query row; -1 for the mean. */
  readonly query: number;
  /** Whether chosen heads have single rows. */
  readonly isThere: boolean;
  /** Chooses a query row. */
  readonly choose: (query: number) => void;
}

/** The text. */
export function TextView(props: TextProps) {
  const { sample, values, evidence, strength, query, isThere, choose } = props;
  const [token, setToken] = useState<number | null>(null);
  const peak = useMemo(() => {
    let most = 0;
    for (const { start, pieces } of sample.texts) {
      for (let i = 0; i < pieces.length; i++) most = Math.max(most, values?.[start + i] ?? 0);
    }
    return most;
  }, [sample, values]);
  const runs = useMemo(() =>
    sample.texts.flatMap(({ start, pieces }, i) => {
      const next = sample.texts[i + 1]?.start, end = start + pieces.length;
      const between = next === undefined ? 0 : next - end;
      return [
        ...pieces.map((piece, j) => {
          const at = start + j, share = peak > 0 ? (values?.[at] ?? 0) / peak : 0;
          const row = sample.queries.findIndex(({ token }) => token === at);
          const names = [
            "token",
            ...(evidence && inSpans(at, sample.evidence) ? ["evidence"] : []),
            ...(isThere && row >= 0 ? ["source"] : []),
            ...(row >= 0 && row === query ? ["chosen"] : []),
          ];
          return (
            <span
              key={at}
              data-token={at}
              class={names.join(" ")}
              style={{
                backgroundColor: share < 0.01 ? "" : css(overlayColour(share, 0.8 * strength)),
              }}
            >
              {tokenText(piece)}
              {piece.includes("\n") ? <br /> : null}
            </span>
          );
        }),
        ...(between > 0
          ? [<span key={`v${end}`} class="visual">{`▦ ${between} visual tokens`}</span>]
          : []),
      ];
    }), [sample, values, evidence, peak, strength, query, isThere]);
  const point = (target: EventTarget | null) => {
    const found = (target as Element | null)?.closest?.("[data-token]");
    setToken(found ? Number(found.getAttribute("data-token")) : null);
  };
  return (
    <div class="text">
      <div
        class="tokens"
        onPointerOver={(event) => point(event.target)}
        onPointerDown={(event) => point(event.target)}
        onPointerLeave={() => setToken(null)}
        onClick={(event) => {
          const found = (event.target as Element).closest("[data-token]");
          const at = Number(found?.getAttribute("data-token") ?? NaN);
          const row = sample.queries.findIndex(({ token }) => token === at);
          if (isThere && row >= 0) choose(row === query ? -1 : row);
        }}
      >
        {runs}
      </div>
      <p class="readout">
        {token === null || !values
          ? `Strongest colour: ${number(peak)}.${
            isThere ? " Click a word of question or answer to see where it looks." : ""
          }`
          : `token ${token}: ${number(values[token])} (${percent(values[token])} of the row)` +
            (inSpans(token, sample.evidence) ? " · evidence" : "") +
            (sample.sinks.includes(token) ? " · sink" : "")}
      </p>
    </div>
  );
}
