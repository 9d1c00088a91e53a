/** Misspelt options, which callers without types would not learn of otherwise: notebooks check none. */
import { assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import { compareVariants } from "../../lib/experiments/compare_variants.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { hybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { patchedHeads } from "../../lib/experiments/patched_heads.ts";
import { prefillSpeed } from "../../lib/experiments/prefill_speed.ts";
import { planFrom } from "../../lib/sparse/plan_from.ts";

/** Stands for what is not looked at before the options. */
const any = null as never;

Deno.test("an option that there is not is told with the nearest one, before anything is computed", async () => {
  const calls: [() => Promise<unknown>, string][] = [
    [() => findHeads(any, any, { rule: "ram" } as never), 'no option "rule"; nearest: rules'],
    [() => ablateHeads(any, any, any, { fraction: 1 } as never), '"fraction"; nearest: fractions'],
    [() => compareVariants(any, any, any, { max_new_tokens: 1 } as never), "nearest: maxNewTokens"],
    [() => patchedHeads(any, any, { leastloss: 1 } as never), '"leastloss"; nearest: leastLoss'],
    [() => hybridQuality(any, any, { setting: [] } as never), '"setting"; nearest: settings'],
    [() => prefillSpeed(any, any, { round: 1 } as never), '"round"; nearest: rounds'],
  ];
  for (const [call, message] of calls) await assertRejects(call, InputError, message);
  assertThrows(() => planFrom(any, any, { windows: 64 } as never), InputError, "nearest: window");
});
