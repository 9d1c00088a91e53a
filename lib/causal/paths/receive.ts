/**
 * The second half of path patching: heads receive their queries, keys and values, and everything
 * after them is computed.
 *
 * @module
 */
import { type AttentionCall, type AttentionFunction, keyLength } from "../../nn/attention.ts";
import { joinHeads, takeHeads } from "../../nn/grouped_attention.ts";
import type { Kernels, Tensor } from "../../nn/kernels.ts";
import { type HeadInput, type HeadInputName, rowsAt } from "./nodes.ts";
import { replaceRows } from "./rows.ts";
import type { Sent } from "./send.ts";

const ascending = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + i);

/** For every head of a layer the rows at which an input is received; none where it is not. */
function receivedRows(
  receivers: readonly HeadInput[],
  layer: number,
  input: HeadInputName,
  heads: number,
  tokens: number,
): (readonly number[])[] {
  const rows: (readonly number[])[] = Array.from({ length: heads }, () => []);
  for (const receiver of receivers) {
    if (receiver.head.layer !== layer || receiver.input !== input) continue;
    rows[receiver.head.head] = rowsAt(receiver.at, tokens);
  }
  return rows;
}

/** Heads that receive the same rows of everything that is named. */
function alike(...rows: readonly (readonly (readonly number[])[])[]): number[][] {
  const heads = [...rows[0].keys()];
  return [...Map.groupBy(heads, (head) => rows.map((own) => String(own[head])).join(";")).values()];
}

/**
 * The attention function in which heads receive.
 *
 * Keys and values that heads of a group share are received by the named heads only: attention is computed
 * once for each set of heads that receive alike, and each head is taken from its own.
 *
 * @param base the attention function otherwise
 * @param sent what arrives, of all variants
 * @param rows the tokens whose inputs arrive, ascending
 */
export function receiving(
  base: AttentionFunction,
  receivers: readonly HeadInput[],
  sent: Sent,
  rows: readonly number[],
  tokens: number,
): AttentionFunction {
  return (k, call) => {
    const inputs = sent.inputs.get(call.layer);
    if (!inputs) return base(k, call);
    const heads = call.query.shape[1], keys = keyLength(call.segments);
    const of = (input: HeadInputName) => receivedRows(receivers, call.layer, input, heads, tokens);
    const [queryRows, keyRows, valueRows] = [of("query"), of("key"), of("value")];
    const received = (own: Tensor, input: HeadInputName, wanted: readonly number[]) => {
      const arrived = inputs[input];
      if (!arrived || wanted.length === 0) return own;
      const placed = { x: own, rows: ascending(keys - own.shape[2], own.shape[2]) };
      return replaceRows(k, placed, { x: arrived, rows }, wanted);
    };
    return k.scope(() => {
      const query = perHead(
        k,
        alike(queryRows),
        (head) => received(call.query, "query", queryRows[head]),
      );
      return perHead(k, alike(keyRows, valueRows), (head) => {
        const own = call.segments.at(-1)!;
        const last = {
          key: received(own.key, "key", keyRows[head]),
          value: received(own.value, "value", valueRows[head]),
        };
        const whole: AttentionCall = {
          ...call,
          query,
          segments: [...call.segments.slice(0, -1), last],
        };
        return base(k, whole);
      });
    });
  };
}

/** Each set of heads from what is made for one of it, `[B, N, T, H]`. */
function perHead(
  k: Kernels,
  sets: readonly (readonly number[])[],
  make: (head: number) => Tensor,
): Tensor {
  if (sets.length === 1) return make(sets[0][0]);
  return joinHeads(k, sets.map((heads) => ({ heads, z: takeHeads(k, make(heads[0]), heads) })));
}
