/**
 * The part of the kernel suite about decoder layers: the calls for what comes before and after their
 * attention give what the single steps give, to the last bit.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { composedAttentionInputs, plainAfterAttention } from "../../lib/nn/decoder_layer.ts";
import type {
  Activation,
  AfterAttentionCall,
  AttentionInputsCall,
  BlockFormat,
  Kernels,
  Tensor,
} from "../../lib/nn/kernels.ts";
import { grid, type KernelTest, upload } from "./kernel_check.ts";
import { sizeOf } from "./kernel_loops.ts";
import { blockFormats, randomBlocks } from "./kernel_packed.ts";

/** Sizes of a layer: whole blocks of every format, and such that no two are equal. */
const sizes = { heads: 8, keyHeads: 2, headDim: 64, width: 256, middle: 768 };

/** How the weights of a layer are held: the names of formats, one for each weight in turn, or plain. */
const holdings: readonly (readonly string[])[] = [
  ["plain"],
  ["Q4_K", "Q4_K", "Q6_K"],
  ["Q8_0", "plain", "IQ4_XS", "A4_64"],
  ["F16"],
  ["BF16", "F8_128"],
];

/** Batch and tokens: one row, as while decoding, and more than products of few rows take. */
const rowsOf: readonly (readonly [number, number])[] = [[1, 1], [3, 1], [1, 2], [2, 7], [1, 33]];

const blocks = new Map<string, Uint8Array>();

/** Random blocks of a weight, made once for all runs of the suite; each weight's of its own. */
function blocksOf(format: BlockFormat, size: number, seed: number): Uint8Array {
  const name = `${format.name} ${seed}`, count = size / format.elements;
  if (!blocks.has(name)) blocks.set(name, randomBlocks(format, 997, seed));
  const some = blocks.get(name)!, all = new Uint8Array(count * format.bytes);
  for (let at = 0; at < all.length; at += some.length) {
    all.set(some.subarray(0, Math.min(some.length, all.length - at)), at);
  }
  return all;
}

/** A layer's weights and gains as kernels hold them. */
function makerOf(k: Kernels, holding: readonly string[]) {
  let made = 0;
  const weight = (rows: number, columns: number): Tensor => {
    const name = holding[made++ % holding.length], shape = [rows, columns];
    const format = blockFormats.find((own) => own.name === name);
    if (format) return k.packedWeight(blocksOf(format, sizeOf(shape), made), format, shape);
    return k.cast(upload(k, grid(shape, 1, 0.05)), k.computeDType);
  };
  const vector = (size: number) => k.cast(upload(k, grid([size], 100 + made++)), k.computeDType);
  return { weight, vector };
}

/** A layer before its attention, on kernels' own tensors. */
export function inputsCall(
  k: Kernels,
  holding: readonly string[],
  [batch, tokens]: readonly [number, number],
  { biased, normed }: { readonly biased: boolean; readonly normed: boolean },
): AttentionInputsCall {
  const { heads, keyHeads, headDim, width } = sizes, { weight, vector } = makerOf(k, holding);
  const part = (count: number) => ({
    weight: weight(count * headDim, width),
    bias: biased ? vector(count * headDim) : null,
    gain: normed ? vector(headDim) : null,
  });
  return {
    ...{ x: upload(k, grid([batch, tokens, width], 7)), gain: vector(width), eps: 1e-5, headDim },
    ...{ query: part(heads), key: part(keyHeads), value: part(keyHeads) },
    tables: {
      cos: upload(k, grid([tokens, headDim], 8)),
      sin: upload(k, grid([tokens, headDim], 9)),
    },
    scale: 1 / Math.sqrt(headDim),
  };
}

/** A layer after its attention. */
function afterCall(
  k: Kernels,
  holding: readonly string[],
  [batch, tokens]: readonly [number, number],
  activation: Activation,
  { biased, normed }: { readonly biased: boolean; readonly normed: boolean },
): AfterAttentionCall {
  const { heads, headDim, width, middle } = sizes, { weight, vector } = makerOf(k, holding);
  const z = upload(k, grid([batch, tokens, heads, headDim], 17));
  return {
    ...{ x: upload(k, grid([batch, tokens, width], 16)), z: k.cast(z, k.computeDType), eps: 1e-5 },
    output: { weight: weight(width, heads * headDim), bias: biased ? vector(width) : null },
    ...{ outputGain: normed ? vector(width) : null, feedGain: normed ? vector(width) : null },
    ...{ gain: vector(width), gate: weight(middle, width), up: weight(middle, width) },
    ...{ down: weight(width, middle), activation },
  };
}

/** Equal to the last bit, and numbers. */
function assertSame(k: Kernels, found: Tensor, wanted: Tensor, what: string): void {
  assertEquals([found.dtype, ...found.shape], [wanted.dtype, ...wanted.shape], what);
  const [own, other] = [found, wanted].map((x) => k.readSync(x));
  assert(own.some((value) => value !== 0) && own.every(Number.isFinite), what);
  const at = own.findIndex((value, i) => value !== other[i]);
  assert(at < 0, `${what}: value ${at} is ${own[at]}, not ${other[at]}`);
}

/** Declares the tests of decoder layers. */
export function layerTests(test: KernelTest): void {
  for (const holding of holdings) {
    test(`a layer before its attention is its steps: ${holding}`, (k) => {
      rowsOf.forEach((rows, i) => {
        const normed = i % 2 === 0, biased = i < 3;
        k.scope(() => {
          const call = inputsCall(k, holding, rows, { biased, normed });
          const found = k.attentionInputs(call), wanted = composedAttentionInputs(k, call);
          for (const part of ["query", "key", "value"] as const) {
            assertSame(k, found[part], wanted[part], `${part} of ${rows} ${biased} ${normed}`);
          }
        });
      });
    });

    test(`a layer after its attention is its steps: ${holding}`, (k) => {
      const activations = ["silu", "gelu_pytorch_tanh"] as const;
      rowsOf.forEach((rows, i) => {
        const normed = i % 2 > 0;
        k.scope(() => {
          const call = afterCall(k, holding, rows, activations[i % 2], { biased: i < 3, normed });
          const found = k.afterAttention(call), wanted = plainAfterAttention(k, call);
          assertSame(k, found, wanted, `${rows} ${normed}`);
        });
      });
    });
  }

  test("a layer of which fewer queries are wanted gives the last", (k) => {
    k.scope(() => {
      const call = inputsCall(k, ["plain"], [1, 4], { biased: true, normed: true });
      const whole = k.attentionInputs(call), last = k.attentionInputs({ ...call, queryRows: 1 });
      assertEquals(last.query.shape, [1, sizes.heads, 1, sizes.headDim]);
      const wanted = k.readSync(k.slice(whole.query, [0, 0, 3, 0], [-1, -1, 1, -1]));
      const off = k.readSync(last.query).map((value, i) => Math.abs(value - wanted[i]));
      assert(Math.max(...off) <= 1e-2 * Math.max(...wanted.map(Math.abs)));
      assertEquals(k.readSync(last.key), k.readSync(whole.key));
    });
  });

  test("weights that are no layer's are refused", (k) => {
    k.scope(() => {
      const call = inputsCall(k, ["plain"], [1, 1], { biased: false, normed: false });
      const short = k.slice(call.value.weight, [0, 0], [-1, sizes.width - 8]);
      let refused = false;
      try {
        k.attentionInputs({ ...call, value: { ...call.value, weight: short } });
      } catch {
        refused = true;
      }
      assert(refused);
    });
  });
}
