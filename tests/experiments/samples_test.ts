import { assert, assertEquals, assertRejects } from "@std/assert";
import { domainsFor } from "../../lab/synthetic/domains_for.ts";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { headSamples, samplePrompt } from "../../lib/experiments/samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { domainNames } from "../../lab/synthetic/domains.ts";
import { madeSamples } from "../../lab/synthetic/made_samples.ts";
import { goldenDir } from "../suites/golden.ts";

Deno.test("samples of every domain become prompts with question and evidence", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  assertEquals(domainsFor(model), [...domainNames]);
  for (const lazy of headSamples(model, madeSamples(1), { nullQuery: "?" })) {
    const { spans, inputs, nullQuery } = await lazy.load();
    assert(tokensOf(spans.evidence).length > 0, lazy.domain);
    assert(tokensOf(spans.question).length > 0, lazy.domain);
    assert(nullQuery!.length > 0);
    const visual = new Set(tokensOf(spans.visual));
    assert(tokensOf(spans.evidence).every((token) => visual.has(token)), lazy.domain);
    assert(tokensOf(spans.question).every((token) => token < inputs.inputIds.length));
  }
});

Deno.test("a sample that cannot be used is named", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const [sample] = madeSamples(1, { domains: ["scene"] });
  const evidence = [{ image: 7 }];
  await assertRejects(() => samplePrompt(model, { ...sample, evidence }), Error, sample.id);
});

Deno.test("a model without videos is asked about images only", async () => {
  using model = await fromPretrained(goldenDir("llava"));
  const domains = domainsFor(model);
  assertEquals(domains.includes("video"), false);
  const [sample] = madeSamples(1, { domains });
  assert((await samplePrompt(model, sample)).spans.evidence.length > 0);
});

Deno.test("a sample whose evidence has no tokens is one that cannot be used, for heads only", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const [sample] = madeSamples(1, { domains: ["scene"] });
  const bare = { ...sample, evidence: [] };
  const error = await assertRejects(
    () => headSamples(model, [bare])[0].load(),
    UnusableSampleError,
    "evidence has no tokens",
  );
  assertEquals(error.leftOut.sample, sample.id);
  assert((await samplePrompt(model, bare)).inputIds.length > 0);
});

Deno.test("evidence between the frames that the model sees: no score of heads, but an answer", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const [made] = madeSamples(1, { domains: ["video"] });
  const { frames } = made.video!;
  const held = Array.from({ length: 40 }, (_, i) => frames[i % frames.length]);
  const at = (...seen: number[]) => ({
    ...made,
    images: undefined,
    video: { frames: held, fps: 20 }, // the model sees two a second
    evidence: seen.map((frame) => ({ frames: [frame, frame] as const })),
  });
  await assertRejects(
    () => headSamples(model, [at(3, 5)])[0].load(),
    UnusableSampleError,
    "sees frames",
  );
  assertEquals((await samplePrompt(model, at(3, 5))).spans.evidence, []);
  const { spans } = await headSamples(model, [at(0, 3, 5)])[0].load();
  assert(tokensOf(spans.evidence).length > 0);
});
