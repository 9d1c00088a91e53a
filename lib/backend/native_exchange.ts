/**
 * What passes between the native kernels and TensorFlow.js.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import { type NativeTensor, typeNumber } from "./native_tensors.ts";

/** The part of the kernels that takes in and hands out TensorFlow.js's tensors. */
export function exchange(ops: NativeOps): Pick<Kernels, "toTfjs" | "fromTfjs"> {
  const { store } = ops;
  const { binding } = store.tensorFlow;
  const live = (x: Tensor): NativeTensor => {
    store.idOf(x);
    return x as NativeTensor;
  };
  return {
    toTfjs: (x) =>
      store.scope(() => {
        const values = ops.cast(live(x), x.dtype === "bfloat16" ? "float32" : x.dtype);
        const attributes = [ops.type("T", values.dtype)];
        return store.tensorFlow.toTfjs(store.runRaw("Identity", attributes, [values.id]));
      }),
    fromTfjs: (x, dtype) => {
      const from = x.dtype === "bool" ? binding.TF_BOOL : x.dtype === "int32" ? 3 : 1;
      const to = typeNumber[dtype ?? (from === 1 ? "float32" : "int32")];
      const id = store.tensorFlow.idOf(x);
      if (from === to) {
        return store.run("Identity", [{ ...ops.type("T", "float32"), value: from }], [id]);
      }
      return store.run("Cast", [
        { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
        { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
      ], [id]);
    },
  };
}
