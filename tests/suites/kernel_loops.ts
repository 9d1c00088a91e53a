/**
 * The operations of a transformer in plain loops and double precision, for the kernel suite.
 */
import type { Activation } from "../../lib/nn/kernels.ts";

/** Values in row-major order. */
export interface Grid {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | readonly number[];
}

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Values computed from their index. */
function fill(shape: readonly number[], value: (index: number[]) => number): Grid {
  const data = new Array<number>(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = value(index);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) {
      index[axis] = 0;
    }
  }
  return { shape, data };
}

/** Value at an index, with axes of size 1 repeated and missing leading axes ignored. */
function at({ shape, data }: Grid, index: readonly number[]): number {
  const missing = index.length - shape.length;
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    flat = flat * shape[axis] + (shape[axis] === 1 ? 0 : index[axis + missing]);
  }
  return data[flat];
}

/** An element-wise function of two grids, with broadcasting. */
export function broadcast(a: Grid, b: Grid, f: (x: number, y: number) => number): Grid {
  const rank = Math.max(a.shape.length, b.shape.length);
  const size = (g: Grid, axis: number) => g.shape[axis - rank + g.shape.length] ?? 1;
  const shape = Array.from(
    { length: rank },
    (_, axis) => size(a, axis) === 1 ? size(b, axis) : size(a, axis),
  );
  return fill(shape, (index) => f(at(a, index), at(b, index)));
}

/** A convolution: `x [n, h, w, in]` in a border of `[top, left]` zeros, to `[n, rows, columns, out]`. */
export function convolve(
  x: Grid,
  kernel: Grid,
  bias: Grid,
  call: {
    readonly stride: number;
    readonly depthwise: boolean;
    readonly border: readonly [top: number, left: number];
    readonly size: readonly [rows: number, columns: number];
  },
): Grid {
  const { stride, depthwise, border: [top, left], size } = call;
  const [count, height, width, channels] = x.shape, [side, , , last] = kernel.shape;
  const outputs = depthwise ? channels * last : last;
  return fill([count, ...size, outputs], ([image, row, column, out]) => {
    let sum = bias.data[out];
    for (let i = 0; i < side * side; i++) {
      const [down, along] = [Math.floor(i / side), i % side];
      const y = row * stride + down - top, across = column * stride + along - left;
      if (y < 0 || y >= height || across < 0 || across >= width) continue;
      const entering = depthwise ? [Math.floor(out / last)] : [...Array(channels).keys()];
      for (const c of entering) {
        const factor = at(kernel, [down, along, c, depthwise ? out % last : out]);
        sum += at(x, [image, y, across, c]) * factor;
      }
    }
    return sum;
  });
}

/** Axes in another order. */
export function transpose(x: Grid, order: readonly number[]): Grid {
  return fill(order.map((axis) => x.shape[axis]), (index) => {
    const source = new Array<number>(order.length);
    order.forEach((axis, i) => source[axis] = index[i]);
    return at(x, source);
  });
}

/** A box. */
export function slice(x: Grid, begin: readonly number[], size: readonly number[]): Grid {
  const shape = size.map((length, axis) => length < 0 ? x.shape[axis] - begin[axis] : length);
  return fill(shape, (index) => {
    let flat = 0;
    index.forEach((i, axis) => flat = flat * x.shape[axis] + begin[axis] + i);
    return x.data[flat];
  });
}

/** Grids one after the other. */
export function concat(parts: readonly Grid[], axis: number): Grid {
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return fill(shape, (index) => {
    let start = 0;
    for (const part of parts) {
      const own = index[axis] - start;
      if (own < part.shape[axis]) {
        let flat = 0;
        index.forEach((i, a) => flat = flat * part.shape[a] + (a === axis ? own : i));
        return part.data[flat];
      }
      start += part.shape[axis];
    }
    return NaN;
  });
}

/** Sum over an axis. */
export function sum(x: Grid, axis: number, keepDims: boolean): Grid {
  const kept = x.shape.map((size, a) => a === axis ? 1 : size);
  const summed = fill(kept, (index) => {
    let total = 0;
    for (let i = 0; i < x.shape[axis]; i++) {
      total += at(x, index.map((j, a) => a === axis ? i : j));
    }
    return total;
  });
  return keepDims ? summed : { shape: kept.filter((_, a) => a !== axis), data: summed.data };
}

/** Batched matrix product, with broadcasting of the leading axes. */
export function matMul(a: Grid, b: Grid): Grid {
  const lead = a.shape.slice(0, -2).map((size, axis) => Math.max(size, b.shape[axis]));
  const [rows, inner] = a.shape.slice(-2), columns = b.shape[b.shape.length - 1];
  const [left, right] = [a, b].map(({ data }) => Float64Array.from(data));
  /** Where the matrix of a batch index starts. */
  const start = ({ shape }: Grid, batch: number) => {
    let matrix = 0, size = 1;
    for (let axis = lead.length - 1; axis >= 0; axis--) {
      matrix += shape[axis] === 1 ? 0 : batch % lead[axis] * size;
      batch = Math.floor(batch / lead[axis]);
      size *= shape[axis];
    }
    return matrix * shape[lead.length] * shape[lead.length + 1];
  };
  const data = new Float64Array(sizeOf(lead) * rows * columns);
  for (let batch = 0; batch < sizeOf(lead); batch++) {
    const startA = start(a, batch), startB = start(b, batch);
    for (let row = 0; row < rows; row++) {
      const to = (batch * rows + row) * columns;
      for (let i = 0; i < inner; i++) {
        const x = left[startA + row * inner + i], from = startB + i * columns;
        for (let column = 0; column < columns; column++) {
          data[to + column] += x * right[from + column];
        }
      }
    }
  }
  return { shape: [...lead, rows, columns], data };
}

/** One call of attention: `[B, N, T, H]` queries; keys and values `[1 or B, K, S, H]` in runs. */
export interface AttentionInputs {
  readonly query: Grid;
  readonly keys: readonly Grid[];
  readonly values: readonly Grid[];
  /** Whether a head's query at a position sees a key. */
  readonly sees: (head: number, position: number, key: number) => boolean;
}

/**
 * Attention with grouped heads; the queries are the last positions. What a query does not see is not
 * read for it.
 *
 * `allowed` is what rounding may change, with the unit roundoff u of the compute type. A product of
 * scores that is stored is cut off or rounded, by at most 2 u |s|: its share is then wrong by a factor of
 * at most exp(2 u |s|), over a sum of shares that is wrong by at most the exponential of their mean
 * 2 u |s|. Shares are rounded, each run's part of the result cut off or rounded, and parts summed up.
 *
 * @param u unit roundoff of the compute type; 0 for none
 * @param stored whether scores are stored in the compute type, and not kept in float32
 */
export function attention(
  { query, keys, values, sees }: AttentionInputs,
  u = 0,
  stored = true,
): Grid & { readonly allowed: Float64Array } {
  const [batches, heads, queries, width] = query.shape;
  const keyHeads = keys[0].shape[1];
  /** Run and position within it of each key. */
  const places = keys.flatMap(({ shape }, run) =>
    Array.from({ length: shape[2] }, (_, position): [number, number] => [run, position])
  );
  const start = ({ shape }: Grid, b: number, head: number, position: number) =>
    (((shape[0] === 1 ? 0 : b) * shape[1] + head) * shape[2] + position) * width;
  const data = new Float64Array(sizeOf(query.shape)), allowed = new Float64Array(data.length);
  for (let b = 0; b < batches; b++) {
    for (let head = 0; head < heads; head++) {
      const keyHead = Math.floor(head * keyHeads / heads);
      for (let t = 0; t < queries; t++) {
        const to = start(query, b, head, t);
        const seen = places.filter((_, key) => sees(head, places.length - queries + t, key));
        const scores = seen.map(([run, position]) => {
          const key = keys[run].data, from = start(keys[run], b, keyHead, position);
          let score = 0;
          for (let h = 0; h < width; h++) score += query.data[to + h] * key[from + h];
          return score;
        });
        const shares = softmax({ shape: [1, scores.length], data: scores }).data;
        const off = scores.map((score) => stored ? 2 * u * Math.abs(score) : 0);
        const drift = off.reduce((sum, own, i) => sum + shares[i] * own, 0);
        seen.forEach(([run, position], i) => {
          const value = values[run].data, from = start(values[run], b, keyHead, position);
          const relative = Math.expm1(off[i] + drift) + (2 + keys.length) * u;
          for (let h = 0; h < width; h++) {
            const part = shares[i] * value[from + h];
            data[to + h] += part;
            allowed[to + h] += relative * Math.abs(part);
          }
        });
      }
    }
  }
  return { shape: query.shape, data, allowed };
}

/** Runs a function on every row of the last axis. */
function rows(x: Grid, f: (row: number[]) => number[]): Grid {
  const width = x.shape[x.shape.length - 1];
  const data: number[] = [];
  for (let start = 0; start < x.data.length; start += width) {
    data.push(...f(Array.from(x.data.slice(start, start + width))));
  }
  return { shape: x.shape, data };
}

const mean = (row: readonly number[]) => row.reduce((a, v) => a + v, 0) / row.length;

/** Softmax over the last axis. */
export const softmax = (x: Grid): Grid =>
  rows(x, (row) => {
    const top = Math.max(...row);
    const weights = row.map((v) => Math.exp(v - top));
    const total = weights.reduce((a, v) => a + v, 0);
    return weights.map((v) => v / total);
  });

/** Scores with -Infinity where row i must not see key j (`j > first + i`). */
export const causal = (x: Grid, first: number): Grid =>
  fill(x.shape, (index) => {
    const [row, key] = index.slice(-2);
    return key > first + row ? -Infinity : at(x, index);
  });

/** `x / sqrt(mean(x^2) + eps)`. */
export const rmsNorm = (x: Grid, eps: number): Grid =>
  rows(x, (row) => {
    const scale = 1 / Math.sqrt(mean(row.map((v) => v * v)) + eps);
    return row.map((v) => v * scale);
  });

/** `(x - mean) / sqrt(var + eps)`. */
export const layerNorm = (x: Grid, eps: number): Grid =>
  rows(x, (row) => {
    const centre = mean(row);
    const scale = 1 / Math.sqrt(mean(row.map((v) => (v - centre) ** 2)) + eps);
    return row.map((v) => (v - centre) * scale);
  });

/** Rotary embedding in rotate-half layout; tables `[T, H]`. */
export const rotate = (x: Grid, cos: Grid, sin: Grid): Grid => {
  const width = x.shape[x.shape.length - 1], half = width / 2;
  return fill(x.shape, (index) => {
    const front = index.slice(0, -1), i = index[index.length - 1];
    const partner = at(x, [...front, (i + half) % width]);
    return at(x, index) * at(cos, index.slice(-2)) +
      (i < half ? -partner : partner) * at(sin, index.slice(-2));
  });
};

/** The error function: its Taylor series near 0, else a continued fraction for its complement. */
function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 3) {
    let term = size, total = size;
    for (let n = 1; n < 100; n++) {
      term *= -size * size / n;
      total += term / (2 * n + 1);
    }
    return Math.sign(x) * total * 2 / Math.sqrt(Math.PI);
  }
  let fraction = size;
  for (let n = 60; n >= 1; n--) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-size * size) / fraction / Math.sqrt(Math.PI));
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Activations by their formulas. */
export const activations: Readonly<Record<Activation, (x: number) => number>> = {
  silu: (x) => x * sigmoid(x),
  gelu: (x) => x / 2 * (1 + erf(x / Math.SQRT2)),
  gelu_pytorch_tanh: (x) =>
    x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => Math.max(x, 0),
};
