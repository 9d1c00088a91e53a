import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { capitals, contradictedFacts } from "../../../lab/pages/contradicted_facts.ts";

Deno.test("capitals: single words, each country once", () => {
  assertEquals(new Set(capitals.map(({ country }) => country)).size, capitals.length);
  assert(capitals.every(({ country, capital }) => /^\w+$/.test(country) && /^\w+$/.test(capital)));
  assert(capitals.some(({ country, capital }) => country === "Jordan" && capital === "Amman"));
});

Deno.test("contradicted facts: the text says another country's capital, once; the same every time", () => {
  const options = { sentences: 3, split: "test" } as const, facts = capitals.slice(0, 20);
  const made = contradictedFacts(facts, options);
  assertEquals(made, contradictedFacts(facts, options));
  for (const { country, capital, said, context, sentence, begun } of made) {
    assert(said !== capital && facts.some((fact) => fact.capital === said));
    assertEquals(context.split(sentence).length, 2);
    assertEquals(sentence, `${begun} ${said}.`);
    assert(!context.includes(capital) && sentence.includes(country));
    assertEquals(context.match(/\./g)!.length, 4);
  }
  assertThrows(() => contradictedFacts(facts.slice(0, 1), options), InputError, "1 facts");
  assertThrows(() => contradictedFacts(facts, { ...options, sentences: -1 }), InputError, "-1");
});
