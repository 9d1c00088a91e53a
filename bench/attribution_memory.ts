/**
 * Largest memory of attribution patching on a long text: resident after loading, at most in a pass
 * forward, and at most in an attribution of all heads at every position.
 *
 *     deno run -A bench/attribution_memory.ts [--model smol] [--tokens 4096] [--threads 1]
 *
 * @module
 */
import { attributionPatching } from "../lib/causal/attribution_patching.ts";
import { interventions } from "../lib/causal/interventions/registry.ts";
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { networkOf } from "../lib/model/network_of.ts";
import { Random } from "../lib/stats/random.ts";
import { options, peakMegabytes, residentMegabytes } from "./report.ts";

const asked = options(Deno.args, { model: "smol", tokens: "4096", threads: "1" });
const tokens = Number(asked.tokens);
await useBackend("tensorflow", { threads: Number(asked.threads) });
using model = await fromPretrained(asked.model, { dtype: "float32" });
const network = networkOf(model), random = new Random(1);
const inputs = {
  inputIds: Int32Array.from({ length: tokens }, () => random.integer(1000)),
  positionIds: Int32Array.from({ length: tokens }, (_, i) => i),
  ...{ nextPosition: tokens, media: {} },
};
const told = (what: string, megabytes: number, since: number) =>
  console.log(
    `${what.padEnd(12)}${megabytes.toFixed(0).padStart(7)} MB  ` +
      `${((performance.now() - since) / 1e3).toFixed(1)} s`,
  );
const start = performance.now();
told("loaded", residentMegabytes(), start);
await network.forward(inputs);
told("forward", peakMegabytes(), start);
const again = performance.now();
const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
const sample = { id: "long", inputs, spans, answerIds: Int32Array.of(1) };
const { heads } = await attributionPatching(network, sample, {
  intervention: interventions.zero(),
}, { scope: "all" });
told("attribution", peakMegabytes(), again);
console.log(`${heads.length} heads, ${tokens} tokens`);
