import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import {
  chosenPattern,
  parsePattern,
  patternColumns,
  patternList,
  patternText,
} from "../../../lib/sparse/patterns/choice.ts";
import { patternId, type PatternKind } from "../../../lib/sparse/patterns/pattern.ts";
import { patternKinds, patterns } from "../../../lib/sparse/patterns/registry.ts";

for (const kind of patternKinds) {
  Deno.test(`${kind.kind}: written as one word and read again, and listed in the help`, () => {
    const numbers = Object.entries(kind.parameters).map(([name, { least }], i) =>
      [name, least + 3 + i] as const
    );
    const pattern = (kind as PatternKind<string>)(Object.fromEntries(numbers));
    assertEquals(patternId(parsePattern(patternText(pattern))), patternId(pattern));
    assertEquals(patternList().includes(`${kind.kind}`), true);
    assertEquals(patternList().includes(kind.summary), true);
  });
}

Deno.test("sink and window have defaults, and may stand by themselves", () => {
  const id = (...given: Parameters<typeof parsePattern>) => patternId(parsePattern(...given));
  assertEquals(id("local"), patternId(patterns.local({ sink: 64, window: 256 })));
  assertEquals(id("local", { sink: 2 }), patternId(patterns.local({ sink: 2, window: 256 })));
  assertEquals(id("local:sink=3", { sink: 2 }), id("local:sink=3,window=256"));
  assertEquals(patternId(chosenPattern({})), id("local"));
  assertEquals(patternId(chosenPattern({ window: 9 })), id("local:window=9"));
});

Deno.test("rows say a pattern where sink and window do not", () => {
  assertEquals(patternColumns(patterns.local({ sink: 1, window: 2 })), { sink: 1, window: 2 });
  assertEquals(patternColumns(patterns.strided({ sink: 1, window: 2, stride: 5 })), {
    sink: 1,
    window: 2,
    pattern: "strided:sink=1,window=2,stride=5",
  });
  assertEquals(patternColumns(patterns.dense()), { sink: 0, window: 0, pattern: "dense" });
});

Deno.test("what is no pattern is told", () => {
  const cases: [string, RegExp][] = [
    ["lokal", /nearest are local/],
    ["strided", /wanted strided:stride=N/],
    ["strided:step=2", /strided has sink, window, stride/],
    ["strided:stride=two", /wanted strided:NAME=N/],
    ["strided:stride=0", /stride 0: wanted a whole number of at least 1/],
    ["local:window=0", /window 0/],
    ["dense:window=4", /dense has no numbers/],
  ];
  for (const [text, message] of cases) {
    const error = assertThrows(() => parsePattern(text), InputError);
    assertEquals(message.test(error.message), true, error.message);
  }
  assertThrows(() => parsePattern("dense", { sink: 4 }), InputError, "no numbers");
  assertThrows(() => chosenPattern({ pattern: patterns.dense(), sink: 4 }), InputError, "beside");
});
