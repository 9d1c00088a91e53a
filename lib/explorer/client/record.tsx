/**
 * What several parts of the right side share.
 *
 * @module
 */
/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ExplorerOrigin } from "../data.ts";

/** Whether two lists hold the same heads. */
export function sameHeads(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((head) => b.includes(head));
}

/** Where numbers come from. */
export function Record({ origin }: { readonly origin: ExplorerOrigin }) {
  const { model, data, samples, seed, backend, dtype, date, version } = origin;
  return (
    <p class="record">
      {model} on {data}; n = {samples}, seed {seed}, {backend}, {dtype}, CoReLens {version},{" "}
      {date.slice(0, 10)}
    </p>
  );
}

/** Says how a record that the page lacks is made. */
export function NoRecord({ kind, command, option }: {
  readonly kind: string;
  readonly command: string;
  readonly option: string;
}) {
  return (
    <p class="muted">
      No {kind} record in this file. Make one with <code>corelens {command}</code> and give it as
      {" "}
      <code>--{option} RUN</code>.
    </p>
  );
}
