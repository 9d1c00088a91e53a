import { assert, assertEquals } from "@std/assert";
import {
  interventionKinds,
  interventions,
  promptForms,
} from "../../../lib/causal/interventions/registry.ts";

Deno.test("kinds and command-line names differ from each other, and each is described", () => {
  for (const names of [interventionKinds.map(({ kind }) => kind), promptForms.map((f) => f.name)]) {
    assertEquals(new Set(names).size, names.length);
  }
  for (const { summary } of [...interventionKinds, ...promptForms]) assert(summary.length > 0);
});

Deno.test("the command line offers what its contract names", () => {
  assertEquals(
    promptForms.map(({ name }) => name).sort(),
    ["block-visual", "mean", "uniform", "zero"],
  );
});

Deno.test("what is made says its kind, and its parameters tell it from others of the kind", () => {
  assertEquals(interventions.zero().kind, interventions.zero.kind);
  assertEquals(interventions.knockOut("visual").kind, "knock-out");
  assertEquals(interventions.scale(2).parameters, { factor: 2 });
  assertEquals(interventions.knockOut("evidence").parameters, { span: "evidence" });
  const from = { id: "a", tokens: 1, layers: new Map() };
  assertEquals(interventions.resample(from, 3).parameters, { from, seed: 3 });
});
