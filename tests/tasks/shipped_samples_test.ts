import { assert, assertEquals, assertRejects } from "@std/assert";
import { listSamples, shippedSample } from "../../lib/tasks/shipped_samples.ts";
import { domainNames } from "../../lib/tasks/domains.ts";

Deno.test("every domain has shipped samples, 40 in all at least", async () => {
  const all = await listSamples("shipped");
  assert(all.length >= 40);
  for (const domain of domainNames) {
    const own = await listSamples(`shipped:${domain}`);
    assertEquals(own, all.filter((sample) => sample.domain === domain));
    assert(own.length > 0);
  }
});

Deno.test("a domain or sample that is not there is an error that says what is", async () => {
  await assertRejects(() => listSamples("shipped:maps"), Error, "it has");
  await assertRejects(() => shippedSample("scene", 10_000), Error, "samples 0 to");
});
