import { assertEquals } from "@std/assert";
import { causalBias, causalBiasAt, hiddenScore, rangeBias } from "../../lib/nn/mask.ts";
import { testKernels } from "../suites/golden.ts";

const hidden = Math.fround(hiddenScore);

Deno.test("the causal bias hides exactly the later keys", async () => {
  const k = await testKernels();
  assertEquals(k.scope(() => [...k.readSync(causalBias(k, 2, 4, 2))]), [
    ...[0, 0, 0, hidden],
    ...[0, 0, 0, 0],
  ]);
  assertEquals(k.scope(() => [...k.readSync(causalBiasAt(k, [0, 2], 3))]), [
    ...[0, hidden, hidden],
    ...[0, 0, 0],
  ]);
});

Deno.test("the bias of ranges shows sink and window of each head", async () => {
  const k = await testKernels();
  const ranges = [null, { sink: 1, window: 2 }];
  assertEquals(k.scope(() => [...k.readSync(rangeBias(k, ranges, 2, 5, 3))]), [
    ...[0, 0, 0, 0, hidden], // head 0 sees everything up to itself
    ...[0, 0, 0, 0, 0],
    ...[0, hidden, 0, 0, hidden], // head 1 the first key and the last two
    ...[0, hidden, hidden, 0, 0],
  ]);
});

Deno.test("beside a seen key, a hidden one has probability exactly 0", async () => {
  const k = await testKernels();
  const bias = () =>
    k.softmax(
      k.add(k.tensor(Float32Array.of(-50, 90), [2]), k.tensor(Float32Array.of(0, hidden), [2])),
    );
  assertEquals(k.scope(() => [...k.readSync(bias())]), [1, 0]);
});
