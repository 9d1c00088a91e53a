import { assertEquals, assertMatch } from "@std/assert";
import { corelens } from "../suites/command_line.ts";

Deno.test("heads: exported scores come back as a run that ablate and accelerate take", async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => `${folder}/${name}`;
  const good = async (...args: string[]) => {
    const { code, out, err } = await corelens(...args);
    assertEquals(code, 0, err);
    return { out, err };
  };
  try {
    const data = ["--dataset", "shipped:scene", "--limit", "2", "--seed", "1"];
    await good("identify", ...data, "--out", at("run"));
    const record = JSON.parse(await Deno.readTextFile(at("run/scores.json")));
    const { ranking, layers, heads, ci95 } = record;
    for (const to of ["duo-attention", "retrieval-head", "mmrethead", "csv"]) {
      const { err } = await good(
        "heads",
        "export",
        "--scores",
        at("run"),
        "--to",
        to,
        "--out",
        at(to),
      );
      const back = await good("heads", "import", "--from", to, at(to), "--out", at(`${to}-run`));
      const found = JSON.parse(await Deno.readTextFile(at(`${to}-run/scores.json`)));
      assertEquals([found.model, found.layers, found.heads], ["mini", layers, heads]);
      if (to === "duo-attention") assertMatch(err, /highest of its query heads/);
      else assertEquals(found.ranking.slice(0, 20), ranking.slice(0, 20), to);
      if (to === "retrieval-head") assertMatch(back.err, /taken for heads of mini/);
      if (to !== "csv") continue;
      assertEquals(found.ci95, ci95);
      const again = ["heads", "export", "--scores", at("csv-run"), "--to", to];
      await good(...again, "--out", at("again.csv"));
      // scores of a record take four bytes; all else is the same
      const rows = async (name: string) =>
        (await Deno.readTextFile(at(name))).split("\n").slice(1, -1).map((line) => {
          const [layer, head, score, ...ends] = line.split(",");
          return [layer, head, Math.fround(Number(score)), ...ends];
        });
      assertEquals(await rows("again.csv"), await rows("csv"));
    }
    const use = [
      "--dataset",
      "shipped:scene",
      "--limit",
      "1",
      "--scores",
      at("retrieval-head-run"),
    ];
    const few = ["--fractions", "0.05", "--max-new-tokens", "2"];
    await good("ablate", ...use, ...few, "--conditions", "core", "--out", at("a"));
    const policies = ["--policies", "core", "--rounds", "1"];
    const { code, err } = await corelens(
      "accelerate",
      ...use,
      ...few,
      ...policies,
      "--out",
      at("b"),
    );
    assertEquals(code, 0, err);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("heads: mistakes end with code 2 and one line", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/bad.json`, "[1]");
    const out = `${folder}/out`;
    const mistakes: [string[], RegExp][] = [
      [["heads"], /wanted heads export or heads import/],
      [["heads", "show"], /Cannot use heads "show"/],
      [["heads", "export", "x", "--to", "csv"], /it takes --scores RUN/],
      [["heads", "export", "--to", "xml", "--out", out], /there are duo-attention/],
      [["heads", "export", "--to", "csv", "--out", out, "--scores", folder], /identify run/],
      [["heads", "import", "--from", "csv", "--out", out], /Missing the csv file/],
      [
        ["heads", "import", "--from", "mmrethead", `${folder}/bad.json`, "--out", out],
        /head_score/,
      ],
      [["heads", "import", "--from", "csv", `${folder}/none.csv`, "--out", out], /none.csv/],
      [["heads", "import", "a", "b", "--from", "csv"], /it takes export\|import/],
    ];
    for (const [args, pattern] of mistakes) {
      const { code, err } = await corelens(...args);
      assertEquals([code, err.trim().split("\n").length], [2, 1], err);
      assertMatch(err, pattern);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
