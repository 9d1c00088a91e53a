import { assertEquals, assertMatch } from "@std/assert";
import { recordHeadList } from "../../lib/experiments/imported_heads.ts";
import { explorerPage } from "../../lib/explorer/page.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";
import { exampleData } from "../explorer/example.ts";
import { writeMaskedLogits } from "../suites/masked_logits.ts";
import { repository } from "../suites/program.ts";

/** Runs Python: that of `CORELENS_PYTHON`, else the one on the path. */
async function python(...args: string[]): Promise<{ code: number; out: string }> {
  const program = Deno.env.get("CORELENS_PYTHON") ?? "python3";
  try {
    const command = new Deno.Command(program, {
      args,
      cwd: repository,
      env: { OMP_NUM_THREADS: "2" },
    });
    const { code, stdout, stderr } = await command.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout) + text(stderr) };
  } catch {
    return { code: 127, out: `no ${program}` };
  }
}

/** Whether Python has these packages. */
async function hasPackages(...names: string[]): Promise<boolean> {
  const found = names.map((name) => `find_spec("${name}")`).join(" and ");
  const script = `from importlib.util import find_spec; raise SystemExit(not (${found}))`;
  return (await python("-c", script)).code === 0;
}

if (await hasPackages("torch", "transformers", "safetensors", "numpy")) {
  Deno.test("corelens.py: without heads, transformers computes what we compute", async () => {
    const folder = await Deno.makeTempDir();
    try {
      await writeMaskedLogits(folder);
      const { code, out } = await python("python/tests/check_golden.py", folder);
      assertEquals(code, 0, out);
      assertMatch(out, /12 checkpoints, 0 faults/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
} else {
  Deno.test.ignore(
    "corelens.py in transformers (no Python with torch, transformers and safetensors; " +
      "CORELENS_PYTHON names one)",
    () => {},
  );
}

if (await hasPackages("numpy")) {
  Deno.test("corelens.py reads records, and tells when they were changed", async () => {
    const folder = await Deno.makeTempDir();
    try {
      const random = new Random(3);
      const samples = ["a", "b", "c"].map((id) => ({
        id,
        domain: id === "a" ? "page" : "scene",
        map: Float32Array.from({ length: 12 }, () => random.uniform()),
      }));
      const scores = headScores("ram", { layers: 3, heads: 4 }, samples);
      const list = { scores, model: "mini", listed: 12, notes: {} };
      await recordHeadList(list, { folder, format: "csv" });
      const { code, out } = await python("python/tests/check_records.py", folder);
      assertEquals(code, 0, out);
      assertMatch(out, /checked: experiment, whole, .*faults: none/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
} else {
  Deno.test.ignore("corelens.py on records (no Python with numpy)", () => {});
}

if (await hasPackages("numpy", "anywidget")) {
  Deno.test("corelens.py shows the explorer as a widget whose heads are those chosen", async () => {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/heads.html`, explorerPage(await exampleData(4, 4)));
      const { code, out } = await python("python/tests/check_explorer.py", `${folder}/heads.html`);
      assertEquals(code, 0, out);
      assertMatch(out, /checked: says what is missing, .*chosen in the browser; faults: none/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
} else {
  Deno.test.ignore(
    "corelens.py's explorer widget (no Python with numpy and anywidget; CORELENS_PYTHON names one)",
    () => {},
  );
}
