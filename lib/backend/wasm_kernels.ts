/**
 * Operations that TensorFlow.js's WASM backend lacks or gets wrong and that training needs: the sum
 * by segments, which is the gradient of a look-up, and one-hot rows in float32.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What is used here of the WASM backend. */
interface WasmBackend {
  /** Values of a tensor. */
  readSync(dataId: tf.DataId): tf.TypedArray;
  /** An empty tensor in WASM's memory. */
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view of a tensor's values in WASM's memory; until the next allocation. */
  typedArrayFromHeap(info: tf.TensorInfo): tf.TypedArray;
}

/** A kernel of the WASM backend, as TensorFlow.js calls it. */
type Kernel = (
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attributes: Readonly<Record<string, number | string>>,
  backend: WasmBackend,
) => tf.TensorInfo;

/** `x [S, ...]` summed by `segmentIds [S]` to `[numSegments, ...]`; negative segments are left out. */
const unsortedSegmentSum: Kernel = ({ x, segmentIds }, { numSegments }, backend) => {
  const count = Number(numSegments);
  const out = backend.makeOutput([count, ...x.shape.slice(1)], x.dtype);
  const values = backend.readSync(x.dataId);
  const segments = backend.readSync(segmentIds.dataId);
  const sums = backend.typedArrayFromHeap(out).fill(0);
  const width = sums.length / count;
  segments.forEach((segment, row) => {
    if (segment < 0 || segment >= count) return;
    for (let i = 0; i < width; i++) sums[segment * width + i] += values[row * width + i];
  });
  return out;
};

/** `indices [...]` as rows `[..., depth]` of `offValue` with `onValue` at the index. */
const oneHot: Kernel = ({ indices }, { dtype, depth, onValue, offValue }, backend) => {
  const width = Number(depth);
  const out = backend.makeOutput([...indices.shape, width], dtype as tf.DataType);
  const places = backend.readSync(indices.dataId);
  const rows = backend.typedArrayFromHeap(out).fill(Number(offValue));
  places.forEach((place, row) => {
    if (place >= 0 && place < width) rows[row * width + place] = Number(onValue);
  });
  return out;
};

const kernels: Readonly<Record<string, Kernel>> = {
  OneHot: oneHot,
  UnsortedSegmentSum: unsortedSegmentSum,
};

/** Registers the operations with the WASM backend; again makes no difference. */
export function registerWasmKernels(): void {
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    if (tf.getKernel(kernelName, "wasm")) tf.unregisterKernel(kernelName, "wasm");
    const kernelFunc: tf.KernelFunc = ({ inputs, attrs, backend }) =>
      kernel(
        inputs as Readonly<Record<string, tf.TensorInfo>>,
        attrs as Readonly<Record<string, number | string>>,
        backend as WasmBackend,
      );
    tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc });
  }
}
