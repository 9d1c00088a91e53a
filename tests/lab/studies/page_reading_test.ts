import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { pageReadingResults, textTwin } from "../../../lab/studies/page_reading.ts";

const inputs = (ids: readonly number[]) => ({
  inputIds: Int32Array.from(ids),
  positionIds: Int32Array.from(ids, (_, i) => i),
  nextPosition: ids.length,
  media: { pixel_values: { data: new Float32Array(1), shape: [1] } },
});

Deno.test("a twin has the words in the places of the visual tokens, all else as it was", () => {
  const image = 99;
  const ids = fc.array(fc.oneof(fc.constant(image), fc.integer({ min: 0, max: 50 })));
  fc.assert(fc.property(ids, (given) => {
    const places = given.filter((id) => id === image).length;
    const words = Array.from({ length: places }, (_, i) => 100 + i);
    const twin = textTwin(inputs(given), image, words);
    assertEquals([...twin.inputIds].filter((id) => id > image), words);
    assertEquals([...twin.inputIds].map((id) => id > image ? image : id), given);
    assertEquals(twin.media, {});
    assertEquals(twin.nextPosition, given.length);
  }));
});

Deno.test("too few or too many words are refused", () => {
  for (const words of [[1], [1, 2, 3]]) {
    assertThrows(
      () => textTwin(inputs([9, 5, 9]), 9, words),
      InputError,
      "places of 2 visual tokens",
    );
  }
});

Deno.test("results are shares by kind, with intervals that hold them", () => {
  const row = (i: number, kind: string, seen: number, read: number) => ({
    ...{ id: `${i}`, kind, seen, read, rightCells: 60 + seen, cells: 64 },
  });
  const rows = [
    ...[1, 1, 0, 1].map((seen, i) => row(i, "document-needle, 1 page", seen, 1)),
    ...[0, 1].map((seen, i) => row(9 + i, "scene-needle, 1 page", seen, seen)),
  ];
  const [documents, scenes] = pageReadingResults(rows);
  assertEquals([documents.samples, documents.seen, documents.read], [4, 0.75, 1]);
  assertEquals(documents.cells, (4 * 60 + 3) / 256);
  assert(documents.seen95[0] < 0.75 && documents.seen95[1] > 0.75);
  assert(documents.difference95[0] <= -0.25 && documents.difference95[1] >= -0.25);
  assertEquals([scenes.kind, scenes.seen, scenes.read], ["scene-needle, 1 page", 0.5, 0.5]);
  assertEquals([...scenes.difference95], [0, 0]);
});
