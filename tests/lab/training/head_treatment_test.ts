import { assert, assertEquals } from "@std/assert";
import { portableKernels } from "../../../lib/backend/portable.ts";
import { useBackend } from "../../../lib/backend/select.ts";
import type { KernelHook } from "../../../lib/hooks/hook_point.ts";
import { Random } from "../../../lib/stats/random.ts";
import { silencingHooks, sparseTreatment } from "../../../lab/training/head_treatment.ts";

await useBackend("auto");

Deno.test("silencingHooks silences the named heads and no other", async () => {
  const k = portableKernels();
  const hooks = silencingHooks([{ layer: 2, head: 1 }, { layer: 2, head: 2 }], 3);
  assertEquals(Object.keys(hooks), ["blocks.2.attn.z"]);
  const z = k.tensor(Float32Array.from({ length: 12 }, (_, i) => i + 1), [1, 2, 3, 2]);
  const context = { name: "blocks.2.attn.z", layer: 2, firstPosition: 0 };
  const out = (hooks["blocks.2.attn.z"] as KernelHook).onTensor(z, k, context)!;
  assertEquals([...await k.read(out)], [1, 2, 0, 0, 0, 0, 7, 8, 0, 0, 0, 0]);
  k.dispose(z, out);
});

Deno.test("the sparse finish never touches the full heads, and restricts the others in half of the steps", () => {
  const full = [{ layer: 0, head: 1 }, { layer: 1, head: 3 }];
  const finish = { layers: 2, heads: 4, full, sink: 4, window: 16, dropout: 0.25 };
  const random = new Random(1);
  let restricted = 0, silenced = 0;
  const steps = 400;
  for (let i = 0; i < steps; i++) {
    const { local, hooks } = sparseTreatment(finish, random);
    restricted += Number(local!.length > 0);
    for (const { layer, head } of full) {
      if (local!.length > 0) assertEquals(local![layer]!.heads[head], false);
    }
    silenced += Object.keys(hooks!).length;
  }
  assert(Math.abs(restricted / steps - 0.5) < 0.1);
  // a layer has a hook when any of its three other heads is silent
  const expected = 2 * (1 - 0.75 ** 3);
  assert(Math.abs(silenced / steps - expected) < 0.15);
});
