import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { repository } from "./suites/program.ts";

const { exports, imports } = JSON.parse(Deno.readTextFileSync(join(repository, "deno.json"))) as {
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
};
const entries = Object.entries(exports).filter(([, file]) => file.startsWith("./lib/"));

/** The front door. What is added here is a promise to users; everything else has a sub-entry. */
const frontDoor = {
  values: [
    ...["InputError", "ablateHeads", "ablationSamples", "allHeads", "attentionFrom"],
    ...["attentionPanels", "cacheCost", "compareVariants", "concentrationRows", "dataFolder"],
    ...["detectHeads", "domainAgreement", "effectCorrelation", "effectPoints", "findHeads"],
    ...["fromPretrained", "fullHeads", "halfAgreement", "headAt", "headConcentration"],
    ...[
      "headEffects",
      "headName",
      "headPanels",
      "headSamples",
      "likeliest",
      "planFrom",
      "probabilities",
      "hybridAttention",
      "hybridPlan",
    ],
    ...["hybridQuality", "interventions", "intervene", "kendallTau", "logitLens", "meanScores"],
    ...["otherHeads", "patchedHeads", "patterns", "imagesOf", "policyTitles", "prefillSpeed"],
    ...["readAblatedHeads", "readFolderDataSet", "readFoundHeads", "readHybridQuality"],
    ...["readManifest", "ruleAgreement", "ruleNamed", "rulesFor", "sampleMap", "samplePrompt"],
    ...["scoresRecord", "scoringRule", "scoringRules", "shippedSample", "spearman", "tokensOf"],
    ...["topHeadRows", "topHeads", "writeFolderDataSet", "zeroHeads"],
    ...["concentrationLine", "otherPolicyTitles", "retrievalRows"],
  ],
  types: [
    ...["Answer", "HeadGrid", "HeadId", "HeadScores", "HeadView", "Intervention", "Interval"],
    ...["Pattern", "PreparedPrompt", "PretrainedModel", "Sample", "ScoringRule", "Variant"],
  ],
};

/** Names that a file exports as types. */
function typeNames(file: string): string[] {
  const text = Deno.readTextFileSync(join(repository, file));
  return [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, all, list]) =>
    list.split(",").map((name) => name.trim()).filter((name) => all ?? name.startsWith("type "))
      .map((name) => name.replace("type ", "")).filter(Boolean)
  );
}

const load = (file: string): Promise<Record<string, unknown>> =>
  import(pathToFileURL(join(repository, file)).href);

Deno.test("the front door has exactly the pinned names, at most 80", async () => {
  const values = Object.keys(await load("lib/mod.ts"));
  assertEquals(values.sort(), [...frontDoor.values].sort());
  assertEquals(typeNames("lib/mod.ts").sort(), [...frontDoor.types].sort());
  assert(values.length + frontDoor.types.length <= 80);
  assert(!/^export \*/m.test(Deno.readTextFileSync(join(repository, "lib/mod.ts"))));
});

Deno.test("inside the repository each entry is imported by its public name", () => {
  for (const [name, file] of entries) {
    assertEquals(imports[name.replace(/^\./, "corelens")], file);
  }
});

Deno.test("one name means one thing, whichever entry it comes from", async () => {
  const known = new Map<string, { readonly entry: string; readonly value: unknown }>();
  for (const [entry, file] of entries) {
    for (const [name, value] of Object.entries(await load(file))) {
      const other = known.get(name);
      assert(
        !other || other.value === value,
        `${name} of ${entry} is not that of ${other?.entry}`,
      );
      known.set(name, { entry, value });
    }
  }
});
