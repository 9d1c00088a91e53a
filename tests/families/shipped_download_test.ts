import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { dataFolder } from "../../lib/families/shipped.ts";
import { fetchShipped } from "../../lib/families/shipped_download.ts";
import shippedModels from "../../lib/families/shipped_models.json" with { type: "json" };

/** Serves the repository's data below `/data`, as a package over HTTP would have it beside it. */
function serve(change: (path: string, bytes: Uint8Array) => Uint8Array = (_, bytes) => bytes) {
  const asked: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const path = new URL(request.url).pathname;
      asked.push(path);
      const bytes = await Deno.readFile(join(dataFolder(), path.replace(/^\/data\//, ""))).catch(
        () => null,
      );
      return bytes === null
        ? new Response("none", { status: 404 })
        : new Response(change(path, bytes) as Uint8Array<ArrayBuffer>);
    },
  );
  return { server, asked, root: new URL(`http://127.0.0.1:${server.addr.port}/`) };
}

Deno.test("shipped models: the digests are those of the files in the repository", async () => {
  for (const [model, files] of Object.entries(shippedModels)) {
    const folder = join(dataFolder(), "models", model);
    const there = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assertEquals(Object.keys(files).sort(), there);
    for (const [name, digest] of Object.entries(files)) {
      const bytes = await Deno.readFile(join(folder, name));
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      assertEquals(
        hash.toHex(),
        digest,
        `digest of ${model}/${name} in lib/families/shipped_models.json`,
      );
    }
  }
});

Deno.test("fetchShipped: an installed package fetches a model once, whole", async () => {
  const data = await Deno.makeTempDir();
  const { server, asked, root } = serve();
  await fetchShipped("mini", { root, data });
  assertEquals(asked.at(-1), "/data/models/mini/config.json");
  const count = asked.length;
  await fetchShipped("mini", { root, data });
  assertEquals(asked.length, count);
  await fetchShipped("some/model", { root, data });
  assertEquals(asked.length, count);
  assertEquals(
    await Deno.readFile(join(data, "models", "mini", "model.safetensors")),
    await Deno.readFile(join(dataFolder(), "models", "mini", "model.safetensors")),
  );
  await server.shutdown();
  await Deno.remove(data, { recursive: true });
});

Deno.test("fetchShipped: a file of other content, and a missing one, are named, and nothing is kept", async () => {
  const data = await Deno.makeTempDir();
  const changed = serve((path, bytes) => path.endsWith("tokenizer.json") ? bytes.slice(1) : bytes);
  await assertRejects(
    () => fetchShipped("mini", { root: changed.root, data }),
    InputError,
    "tokenizer.json: its SHA-256 is",
  );
  await assertRejects(() => Deno.stat(join(data, "models", "mini", "tokenizer.json")));
  await assertRejects(() => Deno.stat(join(data, "models", "mini", "config.json")));
  await changed.server.shutdown();
  await assertRejects(
    () => fetchShipped("mini-natural", { root: new URL("file:///x/node_modules/corelens/"), data }),
    InputError,
    "data/models",
  );
  await Deno.remove(data, { recursive: true });
});
