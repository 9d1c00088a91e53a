/** What README and docs/method.md say of prior heads is what the record says. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readPriorHeads } from "../../lab/studies/prior_heads.ts";
import { repository } from "../suites/program.ts";

const text = (path: string) => Deno.readTextFileSync(join(repository, path)).replace(/\s+/g, " ");
const nats = (value: number) => value.toFixed(1).replace("-", "−");

Deno.test("docs/results.md and method: margins and answers without text, prior and retrieval heads, as recorded", async () => {
  const rows = await readPriorHeads(join(repository, "data/results/smol/priors/sets"));
  const of = (name: string) => rows.find((row) => row.name === name)!;
  const method = /## Prior heads.*?## Questions/.exec(text("docs/method.md"))![0];
  for (
    const name of [
      "text heads",
      "retrieval heads",
      "prior heads",
      "random",
      "layers of prior heads",
    ]
  ) {
    const { change, changeCi95: [low, high] } = of(name);
    assert(method.includes(`${nats(change)} [${nats(low)}, ${nats(high)}]`), name);
  }
  const none = of("none"), percent = (share: number) => Math.round(100 * share);
  const ends = none.followsTextCi95.map(percent).join(", ");
  assert(method.includes(`(${none.samples} facts, margin ${nats(none.margin)} nats`));
  assert(method.includes(`in ${percent(none.followsText)}% [${ends}]`));
  assert(method.includes(`${of("random").draws} draws`));
  assertEquals(
    ["text heads", "retrieval heads", "prior heads"].map((name) => of(name).followsText),
    [0, 0, 1],
  );
  const results = /- Where a text contradicts.*?priors`\)/.exec(text("docs/results.md"))![0];
  assert(results.includes(`in ${percent(none.followsText)}% of ${none.samples} cases`));
  assert(results.includes(`without random heads in ${percent(of("random").followsText)}%`));
});
