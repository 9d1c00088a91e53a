import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import type { FolderSample } from "../../lib/data/folder_data_set.ts";
import { Listing } from "../../lib/data/listing.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { leftOutLine } from "../../lib/data/unusable.ts";
import { withFiles } from "./published/data_set.ts";

const sample = (domain: string, id: string) => ({
  id,
  domain,
  images: ["a.png"],
  question: "what?",
  answer: "x",
  evidence: [],
});
const lines = (...samples: unknown[]) => samples.map((one) => JSON.stringify(one)).join("\n");

Deno.test("listing: the first samples of each domain that are accepted, after those skipped, in order", () => {
  const samples = fc.array(fc.record({ domain: fc.constantFrom("a", "b", "c"), n: fc.nat(9) }));
  fc.assert(fc.property(samples, fc.integer({ min: 1, max: 5 }), fc.nat(3), (some, limit, skip) => {
    const all = some.map(({ domain, n }, i) => ({
      ...sample(domain, `${i}`),
      folder: "",
      chance: n / 9,
    }));
    const accept = ({ chance }: FolderSample) => chance! > 0.2;
    const listing = new Listing({ limit, skip, accept });
    for (const one of all) listing.add(one);
    for (const domain of ["a", "b", "c"]) {
      const of = (list: readonly FolderSample[]) => list.filter((one) => one.domain === domain);
      assertEquals(of(listing.samples), of(all.filter(accept)).slice(skip, skip + limit));
    }
    assertEquals(listing.samples, all.filter((one) => listing.samples.includes(one)));
  }));
});

Deno.test("listing: a folder's domain is read no further than its limit; malformed lines stop or are named", () =>
  withFiles({
    "samples.jsonl": lines(sample("p", "1"), sample("q", "2"), { id: "3" }, sample("p", "1")) +
      `\n{"id"\n${lines(sample("p", "4"))}`,
  }, async (folder) => {
    await assertRejects(() => listSamples(folder), InputError, '"3"');
    const left: string[] = [];
    const options = {
      skipBad: true,
      onLeftOut: ({ sample }: { sample: string }) => left.push(sample),
    };
    const ids = async (limit?: number) =>
      (await listSamples(folder, { ...options, limit })).map(({ id }) => id);
    assertEquals(await ids(), ["1", "2", "4"]);
    assertEquals(left, [3, 4, 5].map((i) => `line ${i} of samples.jsonl`));
    assertEquals(await ids(1), ["1", "2"]);
  }));

Deno.test("left out: one line counts all and names the first", () => {
  const leftOut = ["a", "b", "c", "d", "e"].map((id) => ({ sample: id, reason: `no ${id}` }));
  assertEquals(leftOutLine([]), "");
  assertEquals(
    leftOutLine(leftOut.slice(0, 1)),
    "left out: 1 sample that cannot be used (a: no a), all named in manifest.json",
  );
  assertEquals(
    leftOutLine(leftOut),
    "left out: 5 samples that cannot be used (a: no a; b: no b; c: no c; 2 more), all named in " +
      "manifest.json",
  );
});

Deno.test("what is no data set is told with what one may be", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/a.txt`, "");
    const wanted = "wanted a folder with samples.jsonl, shipped, shipped:DOMAIN, or NAME:FOLDER";
    const cases = [[folder, "the folder has no samples.jsonl"], [`${folder}/a.txt`, "no folder"]]
      .concat([[`${folder}/none`, "there is no such folder"]]);
    for (const [name, found] of cases) {
      const { message } = await assertRejects(() => listSamples(name), InputError, wanted);
      assert(message.includes(found), message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
