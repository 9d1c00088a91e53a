import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { varietyOf } from "../../../lab/synthetic/options.ts";
import { Random } from "../../../lib/stats/random.ts";
import { domainNames, domainSpec } from "../../../lab/synthetic/specs.ts";
import { wordIds } from "../../../lab/synthetic/vocabulary.ts";

Deno.test("specs: five domains, found by name", () => {
  assertEquals(domainNames, ["scene", "video", "page", "document", "long-video"]);
  for (const name of domainNames) assertEquals(domainSpec(name).name, name);
  assertThrows(() => domainSpec("vidoe"), InputError, "nearest: video");
});

Deno.test("specs: every way to ask is in words of the vocabulary and has a place for the key", () => {
  for (const name of domainNames) {
    const spec = domainSpec(name);
    for (const keyWords of [1, 2] as const) {
      const variety = { ...varietyOf(name, 0, new Random(0)), keyWords };
      const { short, sentences, between } = spec.templates(variety);
      for (const pattern of [short, ...sentences]) {
        assertEquals(pattern.split("{k}").length, 2);
        wordIds(pattern.replace("{k}", "map"));
      }
      wordIds(between);
      assert(new Set(sentences).size === sentences.length);
    }
  }
});

Deno.test("specs: clutter is never of the section of the keys", () => {
  for (const name of domainNames) {
    const spec = domainSpec(name);
    for (const keyWords of [1, 2] as const) {
      const { keys, secondKeys } = spec.sections({
        ...varietyOf(name, 0, new Random(0)),
        keyWords,
      });
      assert(!spec.clutter.includes(keys));
      assert(!secondKeys || !spec.clutter.includes(secondKeys));
    }
  }
});
