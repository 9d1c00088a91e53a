import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headMap } from "../../lib/figures/head_map.ts";
import { headRecord, joinSentences, sampleNote } from "../../lib/figures/records.ts";

Deno.test("a saved score table becomes a record in the same order", () => {
  const record = headRecord({
    layers: 2,
    heads: 2,
    samples: 40,
    scores: [[0.1, 0.2], [0.3, 0.4]],
    ci95: [[[0, 0.2], [0.1, 0.3]], [[0.2, 0.4], [0.3, 0.5]]],
    topMembership: { fraction: 0.25, probability: [[0, 0], [0.1, 0.9]] },
  });
  assertEquals(record.values, [0.1, 0.2, 0.3, 0.4]);
  assertEquals(record.low, [0, 0.1, 0.2, 0.3]);
  assertEquals(record.high, [0.2, 0.3, 0.4, 0.5]);
  assertEquals(record.membership, [0, 0, 0.1, 0.9]);
  assertEquals(record.samples, 40);
});

Deno.test("tables that do not fit are refused", () => {
  const json = { layers: 2, heads: 2, samples: 1, scores: [[1, 2]] };
  assertThrows(() => headRecord(json), InputError, "2 values, wanted 4");
  assertThrows(
    () => headRecord({ layers: 0, heads: 2, samples: 1, scores: [] }),
    InputError,
    "at least 1 of each",
  );
});

Deno.test("captions read as sentences", () => {
  assertEquals(sampleNote(1, undefined), "n = 1 sample");
  assertEquals(sampleNote(20, "95% intervals"), "n = 20 samples; 95% intervals");
  assertEquals(joinSentences("One", "", undefined, "Two?"), "One. Two?");
});

Deno.test("calibrated scores come first where RAM has them, with raw RAM beside them in the map", () => {
  const json = {
    ...{ layers: 1, heads: 2, samples: 4, rule: "ram", scores: [[0.5, 0.4]] },
    ...{
      calibrated: [[0.1, 0.4]],
      calibratedCi95: [[[0, 0.2], [0.3, 0.5]]] as [number, number][][],
    },
  };
  const record = headRecord(json);
  assertEquals([record.values, record.raw, record.low], [[0.1, 0.4], [0.5, 0.4], [0, 0.3]]);
  assertEquals(headRecord(json, { values: "scores" }).raw, undefined);
  assertEquals(headRecord({ ...json, rule: "per-token" }).values, [0.5, 0.4]);
  assertThrows(
    () => headRecord({ ...json, calibrated: undefined }, { values: "calibrated" }),
    Error,
    "no null query",
  );
  const { data } = headMap(record, { title: "Heads", quantity: "RAM" });
  assertEquals(data.map((trace) => trace.type), ["heatmap", "heatmap"]);
  const [left, right] = data as unknown as { z: number[][]; zmax: number }[];
  assertEquals([left.z, right.z, left.zmax, right.zmax], [[[0.1, 0.4]], [[0.5, 0.4]], 0.5, 0.5]);
});
