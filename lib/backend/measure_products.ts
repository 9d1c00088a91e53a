/**
 * Times our product of many rows of floats beside TensorFlow's, for `product_choice.ts`.
 * @module
 */
import { median } from "../stats/summary.ts";
import { nativeKernels } from "./native.ts";
import { registerFusedOps } from "./native_fused.ts";
import { type OwnProduct, type ProductChoice, productChoice } from "./product_choice.ts";
import { tensorFlow } from "./tensorflow.ts";

/** Rows, columns in, columns out: those of a small language model's layers. */
const products = [[1024, 1024, 1024], [1024, 1024, 3072], [1024, 3072, 1024]] as const;

/**
 * Measures each of ours and TensorFlow's in turn, for about two seconds; native TensorFlow must run.
 *
 * @param rounds how often each product is timed
 * @returns null where there is nothing to choose: no product of ours on this processor or device
 *
 * @example
 * ```ts
 * import { measureProducts } from "./measure_products.ts";
 * import { useBackend } from "./select.ts";
 * if ((await useBackend("auto")).backend === "tensorflow") measureProducts();
 * ```
 */
export function measureProducts(rounds = 7): ProductChoice | null {
  const fused = registerFusedOps(tensorFlow());
  if (!fused?.floatProducts) return null;
  const strassen = ratioTo("strassen", rounds);
  return productChoice(strassen, fused.splitProducts ? ratioTo("bf16x3", rounds) : undefined);
}

/** Time of one of our products over that of TensorFlow's. */
function ratioTo(floatProducts: OwnProduct, rounds: number): number {
  const ours = nativeKernels({ dtype: "float32", floatProducts });
  const theirs = nativeKernels({ dtype: "float32", floatProducts: false });
  const ratios = products.map(([rows, inner, outer]) =>
    ours.scope(() => {
      const data = (size: number) => Float32Array.from({ length: size }, (_, i) => i % 7 - 3);
      const x = ours.tensor(data(rows * inner), [rows, inner]);
      const weight = ours.tensor(data(outer * inner), [outer, inner]);
      const times: [number[], number[]] = [[], []];
      for (let round = 0; round <= rounds; round++) {
        [ours, theirs].forEach((kernels, i) => {
          const start = performance.now();
          kernels.dispose(kernels.linear(x, weight));
          if (round > 0) times[i].push(performance.now() - start); // the first warms up
        });
      }
      return median(times[0]) / median(times[1]);
    })
  );
  return median(ratios);
}
