import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Pattern,
  patternId,
  type PatternKind,
  sees,
} from "../../../lib/sparse/patterns/pattern.ts";
import { patternKinds, patterns } from "../../../lib/sparse/patterns/registry.ts";

/** Patterns of a registered kind with random numbers. */
function drawn(kind: typeof patternKinds[number]): fc.Arbitrary<Pattern> {
  const numbers = Object.fromEntries(
    Object.entries(kind.parameters).map(([name, { least }]) =>
      [name, fc.integer({ min: least, max: least + 8 })] as const
    ),
  );
  return fc.record(numbers).map((values) => (kind as PatternKind<string>)(values));
}

const keysOf = (pattern: Pattern, query: number) =>
  Array.from({ length: query + 1 }, (_, key) => key).filter((key) => sees(pattern, query, key));
const positions = (pattern: Pattern, first: number, last: number) =>
  pattern.reach(first, last).flatMap(([start, end, step]) =>
    Array.from({ length: Math.ceil((end - start) / step) }, (_, i) => start + i * step)
  );

for (const kind of patternKinds) {
  const one = drawn(kind);

  Deno.test(`${kind.kind}: every query sees itself and nothing later, and as many keys as counted`, () => {
    fc.assert(fc.property(one, fc.nat(60), fc.nat(60), (pattern, query, later) => {
      assertEquals(sees(pattern, query, query), true);
      assertEquals(sees(pattern, query, query + 1 + later), false);
      assertEquals(pattern.keysSeen(query), keysOf(pattern, query).length);
    }));
  });

  Deno.test(`${kind.kind}: the runs that a block reaches are ascending and hold every key seen`, () => {
    fc.assert(fc.property(one, fc.nat(60), fc.nat(20), (pattern, first, more) => {
      const reached = positions(pattern, first, first + more);
      assertEquals(reached, [...new Set(reached)].sort((a, b) => a - b));
      assert(reached.at(-1) === first + more);
      const held = new Set(reached);
      for (let query = first; query <= first + more; query++) {
        for (const key of keysOf(pattern, query)) assert(held.has(key), `${query} sees ${key}`);
      }
    }));
  });

  Deno.test(`${kind.kind}: blocks that reach equally many keys have one mask, where it says so`, () => {
    const size = 5;
    fc.assert(fc.property(one, fc.nat(60), fc.nat(60), (pattern, a, b) => {
      const masks = [a, b].map((first) => {
        const keys = positions(pattern, first, first + size - 1);
        return Array.from(
          { length: size },
          (_, i) => keys.map((key) => sees(pattern, first + i, key)),
        );
      });
      if (!pattern.sameMasks || masks[0][0].length !== masks[1][0].length) return;
      assertEquals(masks[0], masks[1]);
    }));
  });

  Deno.test(`${kind.kind}: its range is what it sees, and a cache that keeps what it says loses nothing`, () => {
    fc.assert(fc.property(one, fc.nat(60), fc.nat(60), (pattern, query, key) => {
      const { range, retained } = pattern;
      const inRange = ({ sink, window }: { sink: number; window: number }) =>
        key < sink || query - key < window;
      if (key > query) return;
      if (range !== null) {
        assertEquals(range === "all" || inRange(range), sees(pattern, query, key));
      }
      if (retained && sees(pattern, query, key)) assert(inRange(retained), `${query} sees ${key}`);
    }));
  });
}

/** A prompt's layout: images one after the other, then a question. */
const layouts = fc.record({
  gaps: fc.array(fc.nat(3), { maxLength: 4 }),
  sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 }),
  after: fc.nat(6),
}).map(({ gaps, sizes, after }) => {
  let at = 0;
  const images = gaps.map((gap, i) => {
    const start = at + gap;
    return [start, at = start + sizes[i]] as const;
  });
  return { images, question: at + after };
});

for (const kind of patternKinds) {
  Deno.test(`${kind.kind}: on a prompt it counts and reaches what it sees, itself included`, () => {
    fc.assert(
      fc.property(drawn(kind), layouts, fc.nat(50), fc.nat(12), (one, layout, first, more) => {
        const pattern = one.placed?.(layout) ?? one;
        const reached = positions(pattern, first, first + more);
        assertEquals(reached, [...new Set(reached)].sort((a, b) => a - b));
        const held = new Set(reached);
        for (let query = first; query <= first + more; query++) {
          const keys = keysOf(pattern, query);
          assertEquals([pattern.keysSeen(query), keys.at(-1)], [keys.length, query]);
          for (const key of keys) assert(held.has(key), `${query} sees ${key}`);
          const range = pattern.rangeOf?.(first, first + more) ?? null;
          if (range === null) continue;
          for (let key = 0; key <= query; key++) {
            const inRange = range === "all" || key < range.sink || query - key < range.window;
            assertEquals(sees(pattern, query, key), inRange);
          }
        }
      }),
    );
  });
}

Deno.test("own-image sees its image alone, from-question everything once it is asked", () => {
  const layout = { images: [[2, 6], [7, 11]] as const, question: 12 };
  const own = patterns.ownImage({ sink: 1, window: 1 }).placed!(layout);
  assertEquals(keysOf(own, 9), [0, 7, 8, 9]);
  assertEquals(keysOf(own, 11), [0, 11]); // between images and question: text
  const question = patterns.fromQuestion({ sink: 1, window: 2 }).placed!(layout);
  assertEquals([keysOf(question, 11).length, keysOf(question, 12).length], [3, 13]);
  assert(patternId(own) !== patternId(patterns.ownImage({ sink: 1, window: 1 })));
});

Deno.test("kinds differ, and equal patterns have one id", () => {
  assertEquals(new Set(patternKinds.map(({ kind }) => kind)).size, patternKinds.length);
  const local = patterns.local({ sink: 1, window: 2 });
  assertEquals(patternId(local), patternId(patterns.local({ sink: 1, window: 2 })));
  assert(patternId(local) !== patternId(patterns.local({ sink: 2, window: 2 })));
});

Deno.test("a pattern with odd numbers is an error", () => {
  assertThrows(() => patterns.local({ sink: -1, window: 4 }), Error, "sink -1");
  assertThrows(() => patterns.local({ sink: 0, window: 0 }), Error, "window 0");
  assertThrows(() => patterns.strided({ sink: 0, window: 2, stride: 0.5 }), Error, "stride");
});
