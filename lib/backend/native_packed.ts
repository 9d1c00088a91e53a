/**
 * Weights that stay in the blocks of their file, for the native kernels: `tools/native/ops/packed.h`
 * multiplies with the bytes, and unpacks a panel at a time or the rows that are asked for.
 *
 * The specification is {@link BlockFormat.unpack}; `tests/suites/kernel_packed.ts` holds the two equal.
 * @module
 */
import { composedAttentionInputs, plainAfterAttention } from "../nn/decoder_layer.ts";
import type { BlockFormat, FileBytes, Kernels, Tensor } from "../nn/kernels.ts";
import type { FusedOps } from "./native_fused.ts";
import { LayerOps } from "./native_layer.ts";
import type { NativeOps } from "./native_ops.ts";
import { nativeFormats } from "./native_formats.ts";
import { PackedOps } from "./native_packed_ops.ts";
import { type NativeTensor, PackedTensor } from "./native_tensors.ts";
import { bytesFromFile, checkPlain, plainWeight, weightFromFile } from "./native_weights.ts";
import { checkPacked } from "./packed_shape.ts";
import { storedBytes } from "./widen.ts";

const lengthOf = ({ ranges }: FileBytes) => ranges.reduce((sum, [, length]) => sum + length, 0);

/**
 * Native kernels that keep weights in their blocks.
 *
 * @param plain kernels that know no such weights
 * @param ops operations of the same store
 * @param fused which operations of our own there are
 */
export function withPacked(plain: Kernels, ops: NativeOps, fused: FusedOps): Kernels {
  const { store } = ops, packed = new PackedOps(ops, plain.computeDType);
  const layers = fused.layers ? new LayerOps(ops, plain.computeDType) : null;
  /** Numbers of 16 bits are kept where they would be widened: products in bfloat16 take them plain. */
  const keeps = ({ name, elements }: BlockFormat) =>
    Object.hasOwn(nativeFormats, name) && (elements > 1 || plain.computeDType === "float32");
  let holds = false;
  const isPacked = (x: unknown): x is PackedTensor => x instanceof PackedTensor;
  const alive = (x: PackedTensor): PackedTensor => {
    store.idOf(x);
    return x;
  };
  const opened = (x: unknown) => isPacked(x) ? packed.unpacked(alive(x)) : x;
  /** An operation that sees the numbers of a weight. */
  const seeing = <Args extends unknown[], Result>(operation: (...args: Args) => Result) => {
    return (...args: Args): Result =>
      args.some(isPacked)
        ? store.scope(() => operation(...args.map(opened) as Args))
        : operation(...args);
  };
  const kernels: Kernels = {
    ...plain,
    attentionInputs: (call) =>
      layers?.attentionInputs(call) ?? composedAttentionInputs(kernels, call),
    afterAttention: (call) => layers?.afterAttention(call) ?? plainAfterAttention(kernels, call),
    packedWeight: (bytes, format, shape, order) => {
      checkPacked(bytes.byteLength, format, shape);
      if (!keeps(format)) return plain.packedWeight(bytes, format, shape, order);
      holds = true;
      return packed.create(bytes, format, shape, order);
    },
    keepsPacked: keeps,
    files: {
      weight: (bytes, stored, shape) => {
        checkPlain(lengthOf(bytes), stored, shape);
        if (fused.layers) return weightFromFile(ops, bytes, stored, shape, plain.computeDType);
        const raw = bytesFromFile(ops, bytes, [...shape, storedBytes[stored]]);
        return plainWeight(ops, raw, stored, plain.computeDType);
      },
      packedWeight: (bytes, format, shape) => {
        checkPacked(lengthOf(bytes), format, shape);
        holds = true;
        return packed.create(bytes, format, shape);
      },
      groupedWeight: (parts, shape) => {
        holds = true;
        return packed.grouped(parts, shape);
      },
    },
    holdsPacked: () => holds,
    linear: (x, weight, bias, activation) => {
      if (!isPacked(weight)) return plain.linear(x, weight, bias, activation);
      return store.scope(() => {
        const [input, shift] = [x, bias ?? null].map((own) =>
          own && ops.cast(known(own), plain.computeDType)
        );
        if (activation && !fused.packedActivations) {
          return plain.activation(packed.linear(input!, alive(weight), shift), activation);
        }
        return packed.linear(input!, alive(weight), shift, activation);
      });
    },
    gather: (x, rows) =>
      isPacked(x) && x.shape.length === 2
        ? packed.rows(alive(x), known(rows).id)
        : seeing(plain.gather)(x, rows),
    slice: (x, begin, size) => {
      if (!isPacked(x)) return plain.slice(x, begin, size);
      const blocks = packed.sliced(alive(x), begin, size);
      if (blocks) return blocks;
      return store.scope(() => {
        if (x.shape.length !== 2) return plain.slice(packed.unpacked(x), begin, size);
        const count = size[0] === -1 ? x.shape[0] - begin[0] : size[0];
        return plain.slice(packed.range(x, begin[0], count), [0, begin[1]], [-1, size[1]]);
      });
    },
    reshape: (x, shape) =>
      isPacked(x)
        ? packed.reshaped(alive(x), shape) ?? seeing(plain.reshape)(x, shape)
        : plain.reshape(x, shape),
    cast: (x, dtype) =>
      isPacked(x) && dtype !== "int32"
        ? store.scope(() => packed.unpacked(alive(x), dtype))
        : seeing(plain.cast)(x, dtype),
    concat: (tensors, axis) =>
      tensors.some(isPacked)
        ? store.scope(() => plain.concat(tensors.map(opened) as Tensor[], axis))
        : plain.concat(tensors, axis),
    read: (x) => isPacked(x) ? Promise.resolve(seeing(plain.readSync)(x)) : plain.read(x),
    readSync: seeing(plain.readSync),
    toTfjs: seeing(plain.toTfjs),
    transpose: (x, order) =>
      isPacked(x)
        ? packed.turned(alive(x), order) ?? seeing(plain.transpose)(x, order)
        : plain.transpose(x, order),
    broadcastBatch: seeing(plain.broadcastBatch),
    add: seeing(plain.add),
    mul: seeing(plain.mul),
    scale: seeing(plain.scale),
    sum: seeing(plain.sum),
    argMax: seeing(plain.argMax),
    matMul: seeing(plain.matMul),
    softmax: seeing(plain.softmax),
    rmsNorm: seeing(plain.rmsNorm),
    activation: seeing(plain.activation),
  };
  return kernels;

  function known(x: Tensor): NativeTensor {
    store.idOf(x);
    return x as NativeTensor;
  }
}
