import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { inspectModel, resolveModel } from "../../lib/families/resolve.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { goldenDir } from "../suites/golden.ts";
import { FakeHub } from "../weights/fake_hub.ts";
import { entry, rawFile, withFolder } from "../weights/helpers.ts";

type Files = Record<string, Uint8Array<ArrayBuffer>>;

/** A golden checkpoint's files, weights included. */
function goldenFiles(name: string): Files {
  const files: Files = {};
  for (const { name: file, isFile } of Deno.readDirSync(goldenDir(name))) {
    if (isFile) files[file] = Deno.readFileSync(`${goldenDir(name)}/${file}`);
  }
  return files;
}

/** Changes one JSON file. */
function changed(files: Files, file: string, changes: Record<string, unknown>): Files {
  const json = JSON.parse(new TextDecoder().decode(files[file]));
  const bytes = new TextEncoder().encode(JSON.stringify({ ...json, ...changes }));
  return { ...files, [file]: bytes };
}

async function withHub(files: Files, body: (hub: FakeHub, cache: string) => Promise<void>) {
  await withFolder(async (folder) => {
    await using hub = new FakeHub(files);
    await body(hub, folder);
  });
}

/** Bytes of weights that the hub was asked for, and whether any request wanted a whole file. */
function weightRequests(hub: FakeHub): { ranges: number; whole: number } {
  const asked = hub.requests.filter(({ server, path }) =>
    server === "cdn" && path.includes(".safetensors?")
  );
  const ranges = asked.filter(({ headers }) => /^bytes=0-\d+$/.test(headers.get("Range") ?? ""));
  return { ranges: ranges.length, whole: asked.length - ranges.length };
}

for (const name of ["qwen3_vl", "qwen3_vl_bf16"]) {
  Deno.test(`${name} on a hub: what it is shows without its weights`, () =>
    withHub(goldenFiles(name), async (hub, cache) => {
      const found = await inspectModel("org/name", hub.options(cache));
      const { weights, config, family } = await inspectModel(goldenDir(name));
      assertEquals(found.weights, weights);
      assertEquals([found.config, found.family], [config, family]);
      const shards = Object.keys(goldenFiles(name)).filter((file) => file.endsWith(".safetensors"));
      assertEquals(weightRequests(hub), { ranges: shards.length, whole: 0 });
      const dir = await resolveModel("org/name", hub.options(cache));
      assertEquals(dir, found.dir);
      assertEquals(weightRequests(hub).whole, shards.length);
      // Now that they are there, their headers are read from disk.
      const before = weightRequests(hub);
      assertEquals((await inspectModel("org/name", hub.options(cache))).weights, weights);
      assertEquals(weightRequests(hub), before);
      const offline = { ...hub.options(cache), localFilesOnly: true };
      assertEquals((await inspectModel("org/name", offline)).weights, weights);
    }));
}

Deno.test("a hub model that cannot be used costs no weights", async () => {
  const golden = goldenFiles("qwen3_vl");
  const other = rawFile({ x: entry("U8", [4], 0, 4) }, new Uint8Array(4));
  const packed = { "model.layers.0.q_proj.qweight": entry("I32", [1], 0, 4) };
  const cases: [Files, string][] = [
    [changed(golden, "config.json", { model_type: "qwen3_5" }), 'type "qwen3_5"'],
    [changed(golden, "config.json", { quantization_config: { quant_method: "hqq" } }), "(hqq)"],
    [changed(golden, "config.json", { attn_logit_softcapping: 50 }), "bound attention scores"],
    [changed(golden, "preprocessor_config.json", { resample: 0 }), "resample"],
    [changed(golden, "video_preprocessor_config.json", { do_center_crop: true }), "cut out"],
    [{ ...golden, "model.safetensors": other }, "unknown 1 weights: x"],
    [{ ...golden, "model.safetensors": rawFile(packed, new Uint8Array(4)) }, "are quantised"],
  ];
  for (const [files, message] of cases) {
    await withHub(files, async (hub, cache) => {
      const load = () => resolveModel("org/name", hub.options(cache));
      await assertRejects(load, InputError, message);
      assertEquals(weightRequests(hub).whole, 0, message);
    });
  }
});

Deno.test("unknown keys of a hub model are told, and refused before its weights where strict", () =>
  withHub(changed(goldenFiles("qwen3_vl"), "config.json", { my_note: 1 }), async (hub, cache) => {
    const strict = new CheckpointRules({ strict: true });
    const load = (rules: CheckpointRules) => resolveModel("org/name", hub.options(cache), rules);
    const error = await assertRejects(() => load(strict), InputError, "my_note");
    assert(!error.message.includes("not here"), error.message);
    assertEquals(weightRequests(hub).whole, 0);
    const rules = new CheckpointRules();
    await load(rules);
    assert(rules.warning?.includes("my_note"));
  }));

Deno.test("a header by range: servers without ranges, long headers, and lies", async () => {
  const golden = goldenFiles("qwen3_vl");
  await withHub(golden, async (hub, cache) => {
    hub.misbehave = ({ server, path }) =>
      server === "cdn" && path.includes("model.safetensors")
        ? new Response(golden["model.safetensors"])
        : null;
    const { weights } = await inspectModel("org/name", hub.options(cache));
    assert(weights!.length > 50);
  });
  await withHub(golden, async (hub, cache) => {
    hub.misbehave = ({ server }) =>
      server === "cdn"
        ? new Response(golden["model.safetensors"].slice(100, 200), {
          status: 206,
          headers: { "Content-Range": "bytes 100-199/1000" },
        })
        : null;
    const get = () => inspectModel("org/name", { ...hub.options(cache), retries: 1 });
    await assertRejects(get, InputError, "asked for its beginning");
  });
  await withHub(golden, async (hub, cache) => {
    hub.misbehave = ({ server }) =>
      server === "cdn" ? new Response(golden["model.safetensors"].slice(0, 50)) : null;
    const get = () => inspectModel("org/name", { ...hub.options(cache), retries: 1 });
    await assertRejects(get, InputError, "the connection ended after 50 of");
  });
  const long = Object.fromEntries(
    Array.from({ length: 6000 }, (_, i) => [`${"n".repeat(40)}${i}`, entry("U8", [1], i, i + 1)]),
  );
  await withHub({ ...golden, "model.safetensors": rawFile(long, new Uint8Array(6000)) }, async (
    hub,
    cache,
  ) => {
    const get = () => inspectModel("org/name", hub.options(cache));
    await assertRejects(get, InputError, "unknown 6000 weights");
    assertEquals(weightRequests(hub).ranges, 2);
  });
});

Deno.test("a folder is described also without its weights, tokenizer or processor settings", () =>
  withFolder(async (dir) => {
    const put = async (files: Files) => {
      for (const [name, bytes] of Object.entries(files)) {
        await Deno.writeFile(`${dir}/${name}`, bytes);
      }
    };
    const { "config.json": config, "preprocessor_config.json": preprocessor, ...rest } =
      goldenFiles("internvl");
    const gaps = async () => (await inspectModel(dir)).missing;
    await put({ "config.json": config });
    assertEquals(await gaps(), ["preprocessor_config.json", "tokenizer.json", "weights"]);
    await put({ "preprocessor_config.json": preprocessor });
    assertEquals(await gaps(), ["tokenizer.json", "weights"]);
    // what is there is read
    const settings = { "preprocessor_config.json": preprocessor };
    await put(changed(settings, "preprocessor_config.json", { size: "large" }));
    await assertRejects(() => inspectModel(dir), InputError, "size");
    await put(settings);
    const { "model.safetensors": weights, ...others } = rest;
    await put(others);
    assertEquals(await gaps(), ["weights"]);
    assertEquals((await inspectModel(dir)).weights, null);
    await Deno.writeTextFile(`${dir}/pytorch_model.bin`, "");
    await assertRejects(() => inspectModel(dir), InputError, "pickle");
    await put({ "model.safetensors": weights });
    assertEquals(await gaps(), []);
  }));
