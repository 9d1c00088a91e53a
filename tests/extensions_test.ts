/**
 * A scoring rule, an intervention or a pattern is one file (or entry) and one line of a registry:
 * nothing else knows it. `CONTRIBUTING.md` adds one of each, and its examples run with the tests.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { interventionKinds } from "../lib/causal/interventions/registry.ts";
import { scoringRules } from "../lib/heads/scoring_rules.ts";
import { patternKinds } from "../lib/sparse/patterns/registry.ts";
import { repository } from "./suites/program.ts";

/** TypeScript sources by path from the repository. */
function sources(folder: string): [path: string, text: string][] {
  return [...Deno.readDirSync(join(repository, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return sources(path);
    if (!path.endsWith(".ts")) return [];
    return [[path, Deno.readTextFileSync(join(repository, path))] as [string, string]];
  });
}

const all = ["lib", "cli"].flatMap(sources);

for (
  const [folder, shared, kinds] of [
    ["lib/causal/interventions", ["intervention", "one_head", "registry"], interventionKinds],
    ["lib/sparse/patterns", ["choice", "pattern", "registry"], patternKinds],
  ] as const
) {
  Deno.test(`${folder}: one file for each kind, which only the registry imports`, () => {
    const own = all.map(([path]) => path).filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1, -3))
      .filter((name) => !(shared as readonly string[]).includes(name));
    assertEquals(own.length, kinds.length);
    for (const name of own) {
      const importing = all.filter(([, text]) =>
        new RegExp(`^(?:import|export)[^;]*from "[^"]*/${name}\\.ts";`, "m").test(text)
      ).map(([path]) => path).filter((path) => path.startsWith(folder.split("/", 2).join("/")));
      assertEquals(importing, [`${folder}/registry.ts`], name);
    }
  });
}

Deno.test("nothing asks for the kind of an intervention or a pattern", () => {
  const asking = all.filter(([, text]) =>
    [...interventionKinds, ...patternKinds].some(({ kind }) =>
      new RegExp(`kind [!=]== "${kind}"|case "${kind}":(?!.*\\[\\])`).test(text)
    )
  ).map(([path]) => path);
  // "local" is a policy's name as well: no head full
  assertEquals(asking.filter((path) => !path.endsWith("sparse/policies.ts")), []);
});

Deno.test("CONTRIBUTING adds one of each kind with an example", () => {
  const names = scoringRules.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const documentation = Deno.readTextFileSync(join(repository, "CONTRIBUTING.md"));
  const added = ["scoring rule", "intervention", "sparse pattern", "data set", "figure"];
  for (const what of added) {
    const section = documentation.split(`## Add a ${what}\n`)[1] ??
      documentation.split(`## Add an ${what}\n`)[1];
    assert(section?.split("\n## ")[0].includes("```ts"), `an example of a ${what}`);
  }
});
