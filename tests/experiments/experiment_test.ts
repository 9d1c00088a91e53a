import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { type LazySample, sampleUnits } from "../../lib/experiments/lazy_sample.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { testKernels } from "../suites/golden.ts";

interface Numbered {
  readonly id: string;
  readonly domain: string;
  readonly n: number;
}

interface Config extends ExperimentConfig {
  readonly samples: readonly (Numbered | LazySample<Numbered>)[];
  readonly factor: number;
  readonly failAt?: string;
  readonly worked?: string[];
}

/** Multiplies numbers; notes which samples were worked on. */
const products = (worked: string[] = [], failAt = ""): Experiment<Config, number, number[]> => ({
  name: "products",
  question: "What are the products?",
  action: "multiply",
  units: ({ samples, factor }) =>
    sampleUnits<Numbered, number>(samples, ({ id, n }) => {
      if (id === failAt) return Promise.reject(new Error("killed"));
      worked.push(id);
      return Promise.resolve(factor * n);
    }),
  result: (rows) => [...rows],
  record: (result) => ({
    options: {},
    files: { "results.json": JSON.stringify(result) },
  }),
});

const numbers = (...values: number[]): Numbered[] =>
  values.map((n, i) => ({ id: `u${i}`, domain: "d", n }));

const networks = {
  one: plantedModel(await testKernels(), { seed: 1, layers: 2 }).model,
  other: plantedModel(await testKernels(), { seed: 2, layers: 2 }).model,
};

const config = (samples: Config["samples"], given: Partial<Config> = {}): Config => ({
  network: networks.one,
  samples,
  factor: 10,
  ...given,
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/run`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name } of Deno.readDirSync(folder)) {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    found[name] = name === "manifest.json" ? text.replace(/"date": "[^"]*"/, "") : text;
  }
  return found;
}

/** What a run in a new folder writes. */
async function undisturbed(given: Config): Promise<Record<string, string>> {
  let found = {};
  await inFolder(async (folder) => {
    await runExperiment(products(), given, { folder });
    found = await bytesOf(folder);
  });
  return found;
}

const killed = (given: Config, failAt: string, context: RunContext) =>
  assertRejects(() => runExperiment(products([], failAt), given, context), Error, "killed");

Deno.test("rows come in order; progress counts what this run does", async () => {
  const progress: [number, number][] = [];
  const onProgress = (...args: [number, number]) => void progress.push(args);
  const result = await runExperiment(products(), config(numbers(0, 1, 2)), { onProgress });
  assertEquals(result, [0, 10, 20]);
  assertEquals(progress, [[0, 3], [1, 3], [2, 3], [3, 3]]);
});

Deno.test("stopped anywhere and begun again, every unit is done once and the record is the same", async () => {
  const given = config(numbers(0, 1, 2, 3));
  const wanted = await undisturbed(given);
  for (let at = 0; at < 4; at++) {
    await inFolder(async (folder) => {
      await killed(given, `u${at}`, { folder });
      const worked: string[] = [], notices: string[] = [];
      const onNotice = (text: string) => void notices.push(text);
      const result = await runExperiment(products(worked), given, { folder, onNotice });
      assertEquals(result, [0, 10, 20, 30]);
      assertEquals(worked, ["u0", "u1", "u2", "u3"].slice(at));
      assertEquals(await bytesOf(folder), wanted);
      assertEquals(notices.length, at === 0 ? 0 : 1);
      if (at > 0) assert(notices[0].includes(`${at} results kept, 0 computed again`), notices[0]);
    });
  }
});

Deno.test("the signal stops between units; what was done stays done", async () => {
  await inFolder(async (folder) => {
    const stop = new AbortController();
    const onProgress = (done: number) => done === 1 && stop.abort(new Error("enough"));
    const given = config(numbers(0, 1, 2));
    const context = { folder, signal: stop.signal, onProgress };
    await assertRejects(() => runExperiment(products(), given, context), Error, "enough");
    const worked: string[] = [];
    assertEquals(await runExperiment(products(worked), given, { folder }), [0, 10, 20]);
    assertEquals(worked, ["u1", "u2"]);
  });
});

Deno.test("two units of one key are an error", async () => {
  const [one] = numbers(1);
  await assertRejects(
    () => runExperiment(products(), config([one, one])),
    Error,
    'Cannot run "u0" twice',
  );
});

Deno.test("samples changed, added, removed or moved in between: the bytes of a run on the new ones", async () => {
  const before = numbers(1, 2, 3, 4, 5);
  const [a, b, c, d] = before;
  const changes: Record<string, [samples: Numbered[], kept: number]> = {
    "one changed": [[a, { ...b, n: 20 }, c, d], 2],
    "all changed under their ids": [numbers(6, 7, 8, 9, 10), 0],
    "the failing one removed": [[a, b, c, before[4]], 3],
    "one added first": [[{ id: "new", domain: "d", n: 9 }, a, b, c, d], 3],
    "reversed": [[d, c, b, a], 3],
    "another domain": [[{ ...a, domain: "e" }, b, c], 2],
  };
  for (const [name, [samples, kept]] of Object.entries(changes)) {
    const wanted = await undisturbed(config(samples));
    await inFolder(async (folder) => {
      await killed(config(before), "u3", { folder });
      const worked: string[] = [];
      await runExperiment(products(worked), config(samples), { folder });
      assertEquals(await bytesOf(folder), wanted, name);
      assertEquals(worked.length, samples.length - kept, name);
    });
  }
});

Deno.test("a finished run is read again; changed samples are computed, the others kept", async () => {
  await inFolder(async (folder) => {
    const given = config(numbers(1, 2, 3));
    const notices: string[] = [];
    const onNotice = (text: string) => void notices.push(text);
    await runExperiment(products(), given, { folder });
    const before = await bytesOf(folder);
    const worked: string[] = [];
    assertEquals(await runExperiment(products(worked), given, { folder, onNotice }), [10, 20, 30]);
    assertEquals([worked, notices], [[], [
      `nothing to do: ${folder} holds the results of this run`,
    ]]);
    assertEquals(await bytesOf(folder), before);

    const mended = config(numbers(1, 5, 3, 4));
    await killed(mended, "u3", { folder }); // after one of two
    const again = await runExperiment(products(worked), mended, { folder, onNotice });
    assertEquals([again, worked], [[10, 50, 30, 40], ["u3"]]);
    assertEquals(await bytesOf(folder), await undisturbed(mended));

    const others = config(numbers(7, 8));
    await assertRejects(
      () => runExperiment(products(), others, { folder }),
      Error,
      "holds the results of a finished run on other samples (2 changed, 2 gone); start over with --fresh",
    );
    assertEquals(await bytesOf(folder), await undisturbed(mended));
    await runExperiment(products(), others, { folder, fresh: true });
    assertEquals(await bytesOf(folder), await undisturbed(others));
  });
});

Deno.test("ids that are numbers keep their own results", async () => {
  await inFolder(async (folder) => {
    const ids = ["10", "b", "2", "__proto__", "1", "constructor"];
    const named = config(ids.map((id, i) => ({ id, domain: "d", n: i })));
    const all = [0, 10, 20, 30, 40, 50];
    assertEquals(await runExperiment(products(), named, { folder }), all);
    const worked: string[] = [];
    assertEquals(await runExperiment(products(worked), named, { folder }), all);
    const more = { ...named, samples: [{ id: "5", domain: "d", n: 9 }, ...named.samples] };
    assertEquals(await runExperiment(products(worked), more, { folder }), [90, ...all]);
    assertEquals(worked, ["5"]);
  });
});

Deno.test("other options, another model: refused with what changed, begun or finished", async () => {
  const given = config(numbers(1, 2, 3));
  const changes: [given: Partial<Config>, said: string][] = [
    [{ factor: 11 }, "option factor (10 then, 11 now)"],
    [{ seed: 3 }, "option seed (none then, 3 now)"],
    [{ network: networks.other }, "weights"],
  ];
  for (const state of ["begun", "finished"] as const) {
    for (const [change, said] of changes) {
      await inFolder(async (folder) => {
        if (state === "begun") await killed(given, "u1", { folder });
        else await runExperiment(products(), given, { folder });
        const before = await bytesOf(folder);
        const other = { ...given, ...change };
        await assertRejects(
          () => runExperiment(products(), other, { folder }),
          Error,
          `a run was ${state} there with other settings (${said}); start over with --fresh`,
        );
        assertEquals(await bytesOf(folder), before, "untouched");
        await runExperiment(products(), other, { folder, fresh: true });
        assertEquals(await bytesOf(folder), await undisturbed(other));
      });
    }
  }
});

Deno.test("the folder of another experiment is refused, and --fresh does not delete its results", async () => {
  const given = config(numbers(1, 2)), sums = { ...products(), name: "sums" };
  for (const state of ["begun", "finished"] as const) {
    await inFolder(async (folder) => {
      if (state === "begun") await killed(given, "u1", { folder });
      else await runExperiment(products(), given, { folder });
      const before = await bytesOf(folder);
      for (const fresh of [false, true]) {
        await assertRejects(
          () => runExperiment(sums, given, { folder, fresh }),
          Error,
          'it holds a run of "products", this is one of "sums"; choose another folder',
        );
      }
      assertEquals(await bytesOf(folder), before, "untouched");
    });
  }
});

Deno.test("names of model and data are no part of a run's identity", async () => {
  await inFolder(async (folder) => {
    const given = config(numbers(1, 2));
    await killed({ ...given, about: { model: "here", data: "a" } }, "u1", { folder });
    const worked: string[] = [];
    const moved = { ...given, about: { model: "there", data: "b" } };
    await runExperiment(products(worked), moved, { folder });
    assertEquals(worked, ["u1"]);
    assertEquals(await bytesOf(folder), await undisturbed(moved));
  });
});

Deno.test("results that were edited, or do not say what made them, are not taken over", async () => {
  await inFolder(async (folder) => {
    const given = config(numbers(1, 2));
    await runExperiment(products(), given, { folder });
    const text = await Deno.readTextFile(`${folder}/rows.json`);
    await Deno.writeTextFile(`${folder}/rows.json`, text.replace("20", "21"));
    const run = () => runExperiment(products(), given, { folder });
    await assertRejects(run, Error, "it holds results whose rows.json was changed or removed");
    await Deno.remove(`${folder}/rows.json`);
    await assertRejects(run, Error, "it holds results whose rows.json was changed or removed");
    await Deno.writeTextFile(`${folder}/manifest.json`, '{"experiment": "products"}');
    await assertRejects(run, Error, "it holds results that do not say what made them");
    await Deno.writeTextFile(`${folder}/manifest.json`, "null");
    await assertRejects(run, Error, "it holds results that do not say what made them");
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    assertEquals(names, ["manifest.json", "results.json"]); // and no empty journal
  });
});

Deno.test("temporary files of a killed process go at the next start, other files stay", async () => {
  await inFolder(async (folder) => {
    const given = config(numbers(1, 2));
    const wanted = await undisturbed(given);
    await killed(given, "u1", { folder });
    await Deno.writeTextFile(`${folder}/results.json.0123abcd.tmp`, "half");
    await Deno.writeTextFile(`${folder}/.corelens-0123abcd.tmp`, "tried");
    await Deno.writeTextFile(`${folder}/notes.tmp`, "mine");
    await runExperiment(products(), given, { folder });
    assertEquals(await bytesOf(folder), { ...wanted, "notes.tmp": "mine" });
  });
});

Deno.test("a manifest of strangers cannot name files outside of its folder, nor be anything else", async () => {
  await inFolder(async (folder) => {
    const given = config(numbers(1, 2));
    const outside = `${folder}/../outside.txt`;
    const manifests = [
      { files: { "../outside.txt": "x", "/etc/hostname": "x", "a/../../outside.txt": "x" } },
      { files: ["../outside.txt"] },
      { files: "x", identity: "x", digests: 3 },
      { files: null, identity: null, digests: [1] },
    ];
    for (const manifest of manifests) {
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(outside, "mine");
      await Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify(manifest));
      await assertRejects(() => runExperiment(products(), given, { folder }), Error, "--fresh");
      await runExperiment(products(), given, { folder, fresh: true });
      assertEquals(await Deno.readTextFile(outside), "mine");
      await Deno.remove(folder, { recursive: true });
    }
  });
});

Deno.test("kept results are not loaded where the sample says its digest; others are digested as loaded", async () => {
  for (const withDigest of [true, false]) {
    await inFolder(async (folder) => {
      const loads: string[] = [];
      const lazy = numbers(1, 2, 3).map((sample): LazySample<Numbered> => ({
        id: sample.id,
        domain: sample.domain,
        load: () => {
          loads.push(sample.id);
          return Promise.resolve(sample);
        },
        ...(withDigest ? { digest: () => Promise.resolve(`${sample.n}`) } : {}),
      }));
      await killed(config(lazy), "u2", { folder });
      assertEquals(loads, ["u0", "u1", "u2"]); // each once
      await runExperiment(products(), config(lazy), { folder });
      assertEquals(loads.slice(3), withDigest ? ["u2"] : ["u0", "u1", "u2"]);
    });
  }
});

Deno.test("how samples become prompts is part of the identity", async () => {
  await inFolder(async (folder) => {
    const with_ = (settings: string) =>
      numbers(1, 2).map((sample): LazySample<Numbered> => ({
        id: sample.id,
        domain: sample.domain,
        load: () => Promise.resolve(sample),
        settings: { nullQuery: settings },
      }));
    await killed(config(with_("N/A")), "u1", { folder });
    await assertRejects(
      () => runExperiment(products(), config(with_("none")), { folder }),
      Error,
      'option prompts ({"nullQuery":"N/A"} then, {"nullQuery":"none"} now)',
    );
  });
});

Deno.test("the planted models are freed", () => {
  for (const network of Object.values<VisionLanguageModel>(networks)) network.dispose();
});
