import { assert } from "@std/assert";
import { shippedSample } from "../../lib/data/shipped_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";

Deno.test("models that are loaded, asked and disposed of again and again keep no memory", async () => {
  const sample = await shippedSample("scene");
  const round = async () => {
    using model = await fromPretrained("mini");
    await model.ask(sample, { maxNewTokens: 2 });
    return model.network.kernels.tensorCount();
  };
  const first = await round();
  for (let i = 0; i < 2; i++) await round(); // what TensorFlow and the allocator take once
  const before = Deno.memoryUsage().rss, rounds = 8;
  let last = first;
  for (let i = 0; i < rounds; i++) last = await round();
  assert(last === first, `${last} tensors in the last model, ${first} in the first`);
  // mini has 9.6 MB of float32 weights: eight of them kept would be 77 MB
  const grown = (Deno.memoryUsage().rss - before) / 1e6;
  assert(grown < 40, `${grown.toFixed(0)} MB more after ${rounds} models`);
});
