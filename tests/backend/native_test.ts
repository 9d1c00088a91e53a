import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { registerFusedOps } from "../../lib/backend/native_fused.ts";
import { nativeKernels, type NativeOptions } from "../../lib/backend/native.ts";
import type { OwnProduct } from "../../lib/backend/product_choice.ts";
import { tensorStore } from "../../lib/backend/native_tensors.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { tensorFlow } from "../../lib/backend/tensorflow.ts";
import { Random } from "../../lib/stats/random.ts";
import { bindingIsBuilt } from "../suites/built_binding.ts";
import { inputsCall } from "../suites/kernel_layer.ts";
import { kernelSuite } from "../suites/kernel_suite.ts";
import { assertNear } from "../suites/near.ts";

async function native(options: NativeOptions): Promise<Kernels> {
  await useBackend("tensorflow");
  return nativeKernels(options);
}

/** Our products of floats that this processor has; `software_tiles_test.ts` runs the others. */
const ownProducts: OwnProduct[] = ["strassen"];
if (bindingIsBuilt) {
  await useBackend("tensorflow");
  if (registerFusedOps(tensorFlow())?.splitProducts) ownProducts.push("bf16x3");
}

if (!bindingIsBuilt) {
  Deno.test.ignore("native kernels (`deno task setup` did not make them here)", () => {});
}
if (bindingIsBuilt) {
  for (const dtype of ["float32", "bfloat16"] as const) {
    const variants: [string, Partial<NativeOptions>][] = [
      ...ownProducts.map((floatProducts) =>
        [
          ` with our product of floats${
            floatProducts === "strassen" ? "" : ` as ${floatProducts}`
          }`,
          { floatProducts },
        ] as [string, Partial<NativeOptions>]
      ),
      [" with TensorFlow's product of floats", { floatProducts: false }],
      [" without our operations", { fused: false }],
      [" without our operations and oneDNN's", { fused: false, oneDnn: false }],
    ];
    for (const [how, options] of variants) {
      if (dtype === "bfloat16" && options.floatProducts) continue; // the same as without
      kernelSuite(`native ${dtype}${how}`, () => native({ dtype, ...options }));
    }
  }
  for (const floatProducts of ownProducts) testOwnProduct(floatProducts);

  Deno.test("native kernels", async (t) => {
    const k = await native({ dtype: "bfloat16" });
    await t.step("say what they are", () => {
      assertEquals([k.name, k.computeDType], ["native", "bfloat16"]);
    });
    await t.step("take a layer before its attention in one call, where that was compiled", () => {
      const store = tensorStore(), plain = { biased: true, normed: true };
      let calls = 0;
      const counted = (name: "run" | "runAll") => {
        const own = store[name].bind(store) as (...given: unknown[]) => never;
        Object.assign(store, { [name]: (...given: unknown[]) => (calls++, own(...given)) });
      };
      k.scope(() => {
        const call = inputsCall(k, ["Q4_K", "BF16", "plain"], [1, 1], plain);
        counted("run");
        counted("runAll");
        k.attentionInputs(call);
      });
      for (const name of ["run", "runAll"]) Reflect.deleteProperty(store, name);
      if (registerFusedOps(tensorFlow())?.layers) assertEquals(calls, 1);
      else assert(calls > 10);
    });
    await t.step("hold no raw tensor after a scope but cached constants", () => {
      const { binding } = tensorFlow();
      const work = () =>
        k.scope(() => {
          const x = k.tensor(Float32Array.from({ length: 48 }, Math.sin), [1, 6, 8]);
          const heads = k.transpose(k.reshape(k.rmsNorm(x, null, 1e-6), [1, 6, 2, 4]), [
            0,
            2,
            1,
            3,
          ]);
          const scores = k.matMul(heads, heads, { transposeB: true });
          const z = k.matMul(k.causalSoftmax(scores, 0), heads);
          const table = k.zeros([6, 4]);
          k.toTfjs(k.rotate(z, table, table)).dispose();
          return k.readSync(k.gatedActivation(z, z, "gelu"));
        });
      const first = work();
      const before = binding.getNumOfTensors();
      assertEquals(work(), first);
      assertEquals(binding.getNumOfTensors(), before);
    });
    await t.step("share scopes between element types", () => {
      const wide = nativeKernels({ dtype: "float32" });
      const before = wide.tensorCount();
      k.scope(() => {
        const x = wide.tensor(new Float32Array([1, 2]), [1, 2]);
        const y = k.matMul(x, wide.reshape(x, [2, 1]));
        assertEquals([y.dtype, wide.matMul(y, y).dtype], ["bfloat16", "float32"]);
      });
      assertEquals(wide.tensorCount(), before);
    });
    await t.step("refuse foreign and freed tensors, and asynchronous scopes", () => {
      const foreign = tf.scalar(1);
      assertThrows(() => k.scale(foreign as never, 2), TypeError, "did not make");
      foreign.dispose();
      const x = k.zeros([2]);
      k.dispose(x, x);
      assertThrows(() => k.readSync(x), Error, "freed tensor [2]");
      assertThrows(() => k.scope(() => Promise.resolve(1)), TypeError, "asynchronous");
    });
    await t.step("keep weights in half the memory", () => {
      const weight = k.weight(new Uint8Array(8), "BF16", [2, 2]);
      assertEquals(weight.dtype, "bfloat16");
      k.dispose(weight);
    });
    assert(k.tensorCount() >= 0);
  });
}

/** What each of our products of floats must hold. */
function testOwnProduct(floatProducts: OwnProduct): void {
  Deno.test(`our product ${floatProducts} equals TensorFlow's for random sizes`, async () => {
    const ours = await native({ dtype: "float32", floatProducts });
    const theirs = await native({ dtype: "float32", floatProducts: false });
    const sizes = fc.tuple(
      fc.integer({ min: 256, max: 800 }),
      fc.integer({ min: 1, max: 40 }).map((blocks) => 32 * blocks),
      fc.integer({ min: 1, max: 40 }).map((blocks) => 32 * blocks),
    );
    const strips = [256, 4096, 544] as [number, number, number]; // a weight packed in two parts
    fc.assert(
      fc.property(sizes, fc.integer(), fc.boolean(), ([rows, inner, outer], seed, biased) => {
        const random = new Random(seed);
        const data = (size: number) => Float32Array.from({ length: size }, () => random.normal());
        ours.scope(() => {
          const x = ours.tensor(data(rows * inner), [rows, inner]);
          const weight = ours.tensor(data(outer * inner), [outer, inner]);
          const bias = biased ? ours.tensor(data(outer), [outer]) : null;
          const [found, wanted] = [ours, theirs].map((k) => k.readSync(k.linear(x, weight, bias)));
          assertNear(found, wanted, 1e-5, `[${rows}, ${inner}] by [${outer}, ${inner}]`);
        });
      }),
      { numRuns: 12, examples: [[strips, 1, true]] },
    );
  });

  Deno.test(`our product ${floatProducts} keeps rows of very different sizes apart`, async () => {
    const k = await native({ dtype: "float32", floatProducts });
    const [rows, inner, outer] = [300, 96, 64];
    const random = new Random(5);
    /** Rows of sizes from 2^-40 to 2^40, some of them zero. */
    const data = (count: number) => {
      const values = Array.from({ length: count }, () => {
        const size = random.integer(10) === 0 ? 0 : 2 ** (random.integer(81) - 40);
        return Array.from({ length: inner }, () => size * random.normal());
      });
      return values.map((row) => Float32Array.from(row));
    };
    const [x, weight] = [data(rows), data(outer)];
    const flat = (values: Float32Array[]) => Float32Array.from(values.flatMap((row) => [...row]));
    const found = k.scope(() =>
      k.readSync(
        k.linear(k.tensor(flat(x), [rows, inner]), k.tensor(flat(weight), [outer, inner])),
      )
    );
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
    const norm = (a: Float32Array) => Math.sqrt(dot(a, a));
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < outer; j++) {
        const error = Math.abs(found[i * outer + j] - dot(x[i], weight[j]));
        assert(error <= 5e-7 * norm(x[i]) * norm(weight[j]), `row ${i}, column ${j}: ${error}`);
      }
    }
  });

  Deno.test(`what is not finite stays in its row and column of our product ${floatProducts}`, async () => {
    const k = await native({ dtype: "float32", floatProducts });
    const [rows, inner, outer] = [300, 64, 96];
    const notFinite = (where: "x" | "weight", value: number) =>
      k.scope(() => {
        const x = new Float32Array(rows * inner).fill(1);
        const weight = new Float32Array(outer * inner).fill(1);
        if (where === "x") x[7 * inner + 3] = value;
        else weight[7 * inner + 3] = value;
        const y = k.linear(k.tensor(x, [rows, inner]), k.tensor(weight, [outer, inner]));
        return k.readSync(y);
      });
    for (const value of [NaN, Infinity]) {
      const [inX, inWeight] = [notFinite("x", value), notFinite("weight", value)];
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < outer; j++) {
          assertEquals(inX[i * outer + j], i === 7 ? value : inner);
          assertEquals(inWeight[i * outer + j], j === 7 ? value : inner);
        }
      }
    }
  });
}

if (ownProducts.includes("bf16x3")) {
  Deno.test("bfloat16 parts of floats leave out no more than they may", async () => {
    const [rows, inner, outer] = [256, 1030, 40], random = new Random(3);
    const data = (size: number) => Float32Array.from({ length: size }, () => random.normal());
    const x = data(rows * inner), weight = data(outer * inner);
    const products = { bf16x3: 2 ** -23, bf16x2: 3 * 2 ** -16 };
    for (const [floatProducts, left] of Object.entries(products)) {
      const k = await native({ dtype: "float32", floatProducts: floatProducts as OwnProduct });
      const found = k.scope(() =>
        k.readSync(k.linear(k.tensor(x, [rows, inner]), k.tensor(weight, [outer, inner])))
      );
      let worst = 0; // error over the sum of absolute products
      for (let i = 0; i < rows; i += 17) {
        for (let j = 0; j < outer; j++) {
          let sum = 0, size = 0;
          for (let d = 0; d < inner; d++) {
            const product = x[i * inner + d] * weight[j * inner + d];
            sum += product;
            size += Math.abs(product);
          }
          worst = Math.max(worst, Math.abs(found[i * outer + j] - sum) / size);
        }
      }
      assert(worst <= left + 2 ** -23, `${floatProducts}: ${worst}`); // sums round as well
      assert(worst > left * 1e-3, `${floatProducts} is not in parts: ${worst}`);
    }
  });
}
