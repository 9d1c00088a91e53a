import { assertEquals } from "@std/assert";
import { foldConvolution } from "../../lib/model/folded_convolution.ts";
import { testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";
import { grid } from "../suites/kernel_check.ts";

const values = (shape: readonly number[], seed: number) => grid(shape, seed).data as Float32Array;

Deno.test("a folded convolution is the convolution and its batch norm, or its factors", async () => {
  const k = await testKernels();
  const eps = 1e-3;
  for (
    const [inputs, outputs, kernel, depthwise, bias] of [
      [3, 4, 3, false, false],
      [3, 6, 5, true, true],
      [5, 7, 1, false, true],
    ] as const
  ) {
    const layer = {
      name: "c",
      kernel,
      stride: 1,
      padding: "same",
      inputs,
      outputs,
      depthwise,
      bias,
    };
    const config = { ...layer, padding: "same" as const };
    const stored = {
      weight: values([outputs, depthwise ? 1 : inputs, kernel, kernel], 1),
      bias: bias ? values([outputs], 2) : null,
      norm: {
        weight: values([outputs], 3),
        bias: values([outputs], 4),
        running_mean: values([outputs], 5),
        running_var: values([outputs], 6).map((v) => v * v),
      },
    };
    const run = (own: ReturnType<typeof foldConvolution>) =>
      k.scope(() => {
        const x = k.tensor(values([2, 4, 3, inputs], 7), [2, 4, 3, inputs]);
        const folded = {
          kernel: k.tensor(own.kernel, own.shape),
          bias: own.bias && k.tensor(own.bias, [outputs]),
        };
        const call = { stride: 1, padding: "same", depthwise } as const;
        return Float32Array.from(k.readSync(k.convolution({ x, ...folded, ...call })));
      });
    const plain = run(foldConvolution(config, { ...stored, norm: null }));
    const factors = values([outputs], 8);
    const scaled = foldConvolution(config, { ...stored, norm: null, scale: factors });
    assertNear(run(scaled), plain.map((v, i) => v * factors[i % outputs]), 1e-5);
    const { weight, bias: shift, running_mean, running_var } = stored.norm;
    const wanted = plain.map((v, i) => {
      const c = i % outputs;
      return weight[c] * (v - running_mean[c]) / Math.sqrt(running_var[c] + eps) + shift[c];
    });
    const folded = foldConvolution({ ...config, norm: { name: "n", eps } }, stored);
    assertEquals(folded.bias!.length, outputs);
    assertNear(run(folded), wanted, 1e-5);
  }
});
