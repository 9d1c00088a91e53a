import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { resolveCheckpoint } from "../../lib/weights/hub.ts";
import { FakeHub, type Misbehaviour, noise } from "./fake_hub.ts";
import { entry, rawFile, withFolder } from "./helpers.ts";

const weights = rawFile({ a: entry("U8", [9_000_000], 0, 9_000_000) }, noise(9_000_000));
const files = { "config.json": "{}", "tokenizer.json": '{"a": 1}', "model.safetensors": weights };

async function withHub(body: (hub: FakeHub, cache: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await using hub = new FakeHub(files);
    await body(hub, folder);
  });
}

/** A body that comes byte by byte, without end. */
function drip(every: number, headers: HeadersInit = {}): Response {
  let timer: ReturnType<typeof setInterval>;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(1)), every);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(body, { headers });
}

Deno.test("a server that sends a byte now and then is given up, as weights and as a list", () =>
  withHub(async (hub, cache) => {
    const patience = { retries: 1, backoffMs: 1, speedWindowMs: 300 };
    for (const pattern of [/resolve.*model\.safetensors|^\/blob|cdn/, /^\/api/]) {
      hub.misbehave = ({ path, server }) =>
        pattern.test(path) || server === "cdn" && pattern.test("cdn") ? drip(20) : null;
      const start = performance.now();
      await assertRejects(
        () => resolveCheckpoint("org/name", { ...hub.options(cache), ...patience }),
        InputError,
        "sends fewer than 1000 bytes a second",
      );
      assert(performance.now() - start < 10_000);
      await Deno.remove(`${cache}/models--org--name`, { recursive: true }).catch(() => {});
    }
  }));

Deno.test("a fast transfer is not taken for a slow one, whatever the window", () =>
  withHub(async (hub, cache) => {
    await resolveCheckpoint("org/name", { ...hub.options(cache), speedWindowMs: 1 });
  }));

/** Changes one byte of a file in the cache, its size and name unchanged. */
async function spoil(path: string, at: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[at] ^= 1;
  await Deno.writeFile(await Deno.realPath(path), bytes);
}

Deno.test("a cached file of the right size and other content is downloaded again", () =>
  withHub(async (hub, cache) => {
    const dir = await resolveCheckpoint("org/name", hub.options(cache));
    await spoil(`${dir}/tokenizer.json`, 2);
    await resolveCheckpoint("org/name", hub.options(cache));
    assertEquals(await Deno.readTextFile(`${dir}/tokenizer.json`), files["tokenizer.json"]);

    await spoil(`${dir}/model.safetensors`, 5_000_000);
    await resolveCheckpoint("org/name", { ...hub.options(cache), verify: true });
    assertEquals(await Deno.readFile(`${dir}/model.safetensors`), weights);
  }));

Deno.test("verify tells a changed file also without the network, and passes a whole copy", () =>
  withHub(async (hub, cache) => {
    const dir = await resolveCheckpoint("org/name", hub.options(cache));
    const offline = { ...hub.options(cache), localFilesOnly: true, verify: true };
    assertEquals(await resolveCheckpoint("org/name", offline), dir);
    await spoil(`${dir}/model.safetensors`, 5_000_000);
    await assertRejects(() => resolveCheckpoint("org/name", offline), InputError, "not what was");
  }));

const lies: Record<string, Misbehaviour> = {
  "success without content": ({ path }) => path.includes("resolve") ? new Response("") : null,
  "a page in place of a file": ({ path }) =>
    path.includes("resolve")
      ? new Response("<html>", { headers: { "Content-Type": "text/html" } })
      : null,
  "no content": ({ path }) => path.includes("resolve") ? new Response(null, { status: 204 }) : null,
  "a part that nobody asked for": ({ path }) =>
    path.includes("resolve")
      ? new Response("{", { status: 206, headers: { "Content-Range": "bytes 1-1/2" } })
      : null,
  "more than promised": ({ path }) =>
    path.includes("config.json") ? new Response("{}".repeat(1000)) : null,
  "other content of the same size": ({ path }) =>
    path.includes("config.json") ? new Response("[]") : null,
  "a list that is none": ({ path }) => path.startsWith("/api") ? new Response("[]") : null,
  "a status that does not exist": ({ path }) =>
    path.includes("resolve") ? new Response("x", { status: 599 }) : null,
};

for (const [name, misbehave] of Object.entries(lies)) {
  Deno.test(`a hub that lies is told in one line, and nothing of it is kept: ${name}`, () =>
    withHub(async (hub, cache) => {
      hub.misbehave = misbehave;
      const quick = { ...hub.options(cache), retries: 1, backoffMs: 1 };
      const error = await assertRejects(() => resolveCheckpoint("org/name", quick), InputError);
      assert(!error.message.includes("\n") && error.message.length < 600, error.message);
      hub.misbehave = () => null;
      const dir = await resolveCheckpoint("org/name", quick);
      assertEquals(await Deno.readFile(`${dir}/model.safetensors`), weights);
      assertEquals(await Deno.readTextFile(`${dir}/config.json`), "{}");
    }));
}
