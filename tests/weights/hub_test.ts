import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type DownloadProgress, isHubId, resolveCheckpoint } from "../../lib/weights/hub.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { broken, commit, contentResponse, FakeHub, gitSha1, sha256 } from "./fake_hub.ts";
import { entry, rawFile, withFolder } from "./helpers.ts";

const weights = rawFile({ a: entry("F32", [50_000], 0, 200_000) }, new Uint8Array(200_000).fill(7));
const single = {
  "config.json": '{"model_type": "x"}',
  "tokenizer.json": "{}",
  "chat_template.jinja": "{{ messages }}",
  "model.safetensors": weights,
  "README.md": "# not needed",
  "pytorch_model.bin": "not needed",
  "onnx/model.safetensors": weights,
};

/** Two shards and an index. */
const sharded = {
  "config.json": "{}",
  "tokenizer.json": "{}",
  "1.safetensors": weights,
  "sub/2.safetensors": rawFile({ b: entry("U8", [4], 0, 4) }, new Uint8Array(4)),
  "model.safetensors.index.json": JSON.stringify({
    weight_map: { a: "1.safetensors", b: "sub/2.safetensors" },
  }),
};

async function withHub(
  files: ConstructorParameters<typeof FakeHub>[0],
  body: (hub: FakeHub, cache: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await using hub = new FakeHub(files);
    await Deno.mkdir(`${folder}/cache`);
    await body(hub, `${folder}/cache`);
    // Whatever the hub did: nothing outside of the cache was touched.
    assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["cache"]);
  });
}

Deno.test("resolveCheckpoint: downloads what is needed into huggingface_hub's layout, once", () =>
  withHub(single, async (hub, cache) => {
    const progress: DownloadProgress[] = [];
    const onProgress = (event: DownloadProgress) => void progress.push(event);
    const dir = await resolveCheckpoint("org/name", { ...hub.options(cache), onProgress });
    const repository = `${cache}/models--org--name`;
    assertEquals(dir, `${repository}/snapshots/${commit}`);
    assertEquals(await Deno.readTextFile(`${repository}/refs/main`), commit);
    const needed = ["chat_template.jinja", "config.json", "model.safetensors", "tokenizer.json"];
    const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
    assertEquals(names, needed);
    for (const name of needed) {
      const bytes = hub.files.get(name)!;
      assertEquals(await Deno.readFile(`${dir}/${name}`), bytes);
      const oid = name === "model.safetensors" ? sha256(bytes) : gitSha1(bytes);
      assertEquals(await Deno.readLink(`${dir}/${name}`), `../../blobs/${oid}`);
    }
    const total = needed.reduce((sum, name) => sum + hub.files.get(name)!.length, 0);
    assertEquals(progress.at(-1)?.received, total);
    assertEquals(progress.at(-1)?.total, total);
    assert(
      progress.every(({ received, total }, i) =>
        received >= (progress[i - 1]?.received ?? 0) && received <= total
      ),
    );
    {
      using opened = await openSafetensors(dir);
      assertEquals((await opened.read("a")).length, 200_000);
    }
    assertEquals(hub.downloads().length, needed.length);
    assertEquals(await resolveCheckpoint("org/name", hub.options(cache)), dir);
    assertEquals(hub.downloads().length, needed.length);
  }));

Deno.test("resolveCheckpoint: the token goes to the hub and not to where it redirects", () =>
  withHub(single, async (hub, cache) => {
    await resolveCheckpoint("org/name", hub.options(cache));
    for (const { server, headers } of hub.requests) {
      assertEquals(headers.get("Authorization"), server === "hub" ? "Bearer hf_secret" : null);
    }
    assert(hub.requests.some(({ server }) => server === "cdn"));
  }));

Deno.test("resolveCheckpoint: shards, also after a break in the middle of one", () =>
  withHub(sharded, async (hub, cache) => {
    let failed = false;
    hub.misbehave = ({ path, headers }) => {
      if (!path.startsWith("/cdn/1") || failed) return null;
      failed = true;
      return broken(contentResponse(hub.files.get("1.safetensors")!, headers), 90_000);
    };
    const first = () => resolveCheckpoint("org/name", { ...hub.options(cache), retries: 0 });
    await assertRejects(first, InputError, '"1.safetensors"');
    // Nothing half-finished can be taken for a model.
    const offline = { ...hub.options(cache), localFilesOnly: true };
    await assertRejects(() => resolveCheckpoint("org/name", offline), InputError);
    const dir = await resolveCheckpoint("org/name", hub.options(cache));
    const ranges = hub.downloads().filter(({ path }) => path.startsWith("/cdn/1"))
      .map(({ headers }) => headers.get("Range"));
    assert(ranges.length === 2 && ranges[1]!.startsWith("bytes="));
    using opened = await openSafetensors(dir);
    assertEquals(opened.names(), ["a", "b"]);
    assertEquals(await resolveCheckpoint("org/name", offline), dir);
  }));

Deno.test("resolveCheckpoint: without weights only the small files", () =>
  withHub(sharded, async (hub, cache) => {
    const options = { ...hub.options(cache), weights: false };
    const dir = await resolveCheckpoint("org/name", options);
    const names = (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name).sort();
    assertEquals(names, ["config.json", "tokenizer.json"]);
    const offline = { ...options, localFilesOnly: true };
    assertEquals(await resolveCheckpoint("org/name", offline), dir);
    const all = () => resolveCheckpoint("org/name", { ...offline, weights: true });
    await assertRejects(all, InputError, "lacks model.safetensors");
  }));

Deno.test("resolveCheckpoint: paths that leave, in the listing and in the index", async () => {
  await withHub({ ...single, "../../x": "evil" }, async (hub, cache) => {
    const get = () => resolveCheckpoint("org/name", hub.options(cache));
    await assertRejects(get, InputError, '"../../x": it has a part ".."');
    assertEquals(hub.downloads(), []);
  });
  const index = JSON.stringify({ weight_map: { a: "../../../../x.safetensors" } });
  const files = { ...sharded, "model.safetensors.index.json": index };
  await withHub(files, async (hub, cache) => {
    const get = () => resolveCheckpoint("org/name", hub.options(cache));
    await assertRejects(
      get,
      InputError,
      '"../../../../x.safetensors", which the repository does not',
    );
  });
});

Deno.test("resolveCheckpoint: a listing that lies about a size", () =>
  withHub(single, async (hub, cache) => {
    hub.changeListing = (listing) => {
      for (const file of listing.siblings as { lfs?: { size: number } }[]) {
        if (file.lfs) file.lfs.size -= 100;
      }
      return listing;
    };
    const get = () => resolveCheckpoint("org/name", hub.options(cache));
    await assertRejects(get, InputError, `offers ${weights.length} bytes`);
    const dir = `${cache}/models--org--name/snapshots/${commit}`;
    assertEquals(await Deno.stat(`${dir}/model.safetensors`).catch(() => null), null);
    assertEquals(await Deno.stat(`${cache}/models--org--name/refs/main`).catch(() => null), null);
  }));

Deno.test("resolveCheckpoint: repositories that are no usable checkpoint", async () => {
  const { "config.json": config, "pytorch_model.bin": pickle } = single;
  const refused = (files: Record<string, string>, message: string) =>
    withHub(files, async (hub, cache) => {
      const get = () => resolveCheckpoint("org/name", hub.options(cache));
      await assertRejects(get, InputError, message);
      assertEquals(hub.downloads(), []);
    });
  await refused({ "README.md": "" }, "it has no config.json");
  await refused({ "config.json": config }, "but no weights at all");
  await refused({ "config.json": config, "pytorch_model.bin": pickle }, '"pytorch_model.bin"');
});

Deno.test("resolveCheckpoint: a commit or a hub that cannot be reached is served from the cache", () =>
  withHub(single, async (hub, cache) => {
    const options = hub.options(cache);
    const dir = await resolveCheckpoint("org/name", options);
    const before = hub.requests.length;
    assertEquals(await resolveCheckpoint("org/name", { ...options, revision: commit }), dir);
    assertEquals(hub.requests.length, before);
    const notices: string[] = [];
    hub.misbehave = () => new Response(null, { status: 502 });
    const onNotice = (text: string) => void notices.push(text);
    assertEquals(await resolveCheckpoint("org/name", { ...options, onNotice }), dir);
    assert(notices.at(-1)!.includes("using the copy that was downloaded before"));
    // A refusal is not a failure of the network: the model may have been withdrawn.
    hub.misbehave = () => new Response(null, { status: 403 });
    await assertRejects(() => resolveCheckpoint("org/name", options), InputError, "403");
  }));

Deno.test("resolveCheckpoint: finds what Python's huggingface_hub downloaded", () =>
  withFolder(async (cache) => {
    const repository = `${cache}/models--org--name`;
    const snapshot = `${repository}/snapshots/${commit}`;
    for (const made of [snapshot, `${repository}/refs`, `${repository}/blobs`]) {
      await Deno.mkdir(made, { recursive: true });
    }
    await Deno.writeTextFile(`${repository}/refs/main`, commit);
    for (const name of ["config.json", "tokenizer.json", "model.safetensors"] as const) {
      await Deno.writeFile(
        `${repository}/blobs/${name}-blob`,
        new TextEncoder().encode(single["config.json"]),
      );
      await Deno.symlink(`../../blobs/${name}-blob`, `${snapshot}/${name}`);
    }
    const options = { cacheDir: cache, localFilesOnly: true, token: null };
    assertEquals(await resolveCheckpoint("org/name", options), snapshot);
    assertEquals(await resolveCheckpoint("org/name", { ...options, revision: commit }), snapshot);
    await Deno.remove(`${repository}/blobs/tokenizer.json-blob`);
    const get = () => resolveCheckpoint("org/name", options);
    await assertRejects(get, InputError, "lacks tokenizer.json");
    const other = () => resolveCheckpoint("org/other", options);
    await assertRejects(other, InputError, "no copy of it is in");
  }));

Deno.test("resolveCheckpoint: a damaged copy is repaired", () =>
  withHub(single, async (hub, cache) => {
    const dir = await resolveCheckpoint("org/name", hub.options(cache));
    await Deno.truncate(await Deno.realPath(`${dir}/model.safetensors`), 1000);
    await Deno.remove(`${dir}/config.json`);
    assertEquals(await resolveCheckpoint("org/name", hub.options(cache)), dir);
    assertEquals(await Deno.readFile(`${dir}/model.safetensors`), weights);
    assertEquals(await Deno.readTextFile(`${dir}/config.json`), single["config.json"]);
    const again = hub.downloads().filter(({ path }) => path.includes("config.json"));
    assertEquals(again.length, 1); // its blob was still there
  }));

Deno.test("resolveCheckpoint: the root of a repository in a cache stands for its snapshot", () =>
  withFolder(async (folder) => {
    const root = `${folder}/models--org--name`, [one, two] = ["a".repeat(40), "b".repeat(40)];
    await Deno.mkdir(`${root}/snapshots/${one}`, { recursive: true });
    await Deno.writeTextFile(`${root}/snapshots/${one}/config.json`, "{}");
    assertEquals(await resolveCheckpoint(root), `${root}/snapshots/${one}`);
    await Deno.mkdir(`${root}/snapshots/${two}`);
    const several = () => resolveCheckpoint(`${root}/`);
    await assertRejects(
      several,
      InputError,
      "2 snapshots, none of which is main; name one, such as",
    );
    await Deno.mkdir(`${root}/refs`);
    await Deno.writeTextFile(`${root}/refs/main`, `${two}\n`);
    assertEquals(await several(), `${root}/snapshots/${two}`);
  }));

Deno.test("resolveCheckpoint: adapters and pickles are named as what they are", async () => {
  const adapter = { "adapter_config.json": '{"base_model_name_or_path": "org/base"}' };
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/adapter_config.json`, adapter["adapter_config.json"]);
    const get = () => resolveCheckpoint(folder);
    await assertRejects(get, InputError, 'it is an adapter of "org/base", not a model; merge it');
  });
  await withHub(adapter, async (hub, cache) => {
    const get = () => resolveCheckpoint("org/name", hub.options(cache));
    await assertRejects(get, InputError, "it is an adapter, not a model; merge it");
  });
  const pickled = { "config.json": "{}", "tokenizer.json": "{}", "pytorch_model.bin": "x" };
  await withHub(pickled, async (hub, cache) => {
    const get = () => resolveCheckpoint("org/name", hub.options(cache));
    await assertRejects(get, InputError, "a pickle is not read; load it with transformers");
  });
});

Deno.test("resolveCheckpoint: directories, and names that are neither", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/model`);
    await Deno.writeTextFile(`${folder}/file`, "");
    const refused = async (name: string, message: string) => {
      await assertRejects(() => resolveCheckpoint(name), InputError, message);
    };
    await refused(`${folder}/model`, "it has no config.json");
    await Deno.writeTextFile(`${folder}/model/config.json`, "{}");
    await refused(folder, 'it has no config.json; folders in it that have one: "model"');
    await refused(`${folder}/modle`, `no such directory (nearest: "${folder}/model")`);
    assertEquals(await resolveCheckpoint(`${folder}/model`), `${folder}/model`);
    await refused(`${folder}/file`, "it is a file");
    await refused(`${folder}/file/x`, "no such directory");
    for (const name of ["qwen3", "a/b/c", "../x/y", "./a", "a/..", "a--b/c", "", "a/b.git"]) {
      await refused(name, "it is not a hub id");
      assert(!isHubId(name), name);
    }
    for (const name of ["Qwen/Qwen3-VL-4B-Instruct", "a/b", "a_b/c.d-e"]) {
      assert(isHubId(name), name);
    }
    const revision = () => resolveCheckpoint("org/name", { revision: "../../x", token: null });
    await assertRejects(revision, InputError, 'Cannot use revision "../../x"');
  }));
