import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { downloadFile } from "../../lib/weights/hub_download.ts";
import type { HubFile } from "../../lib/weights/hub_listing.ts";
import { type HubOptions, hubSettings } from "../../lib/weights/hub_settings.ts";
import {
  broken,
  commit,
  contentResponse,
  FakeHub,
  gitSha1,
  type Misbehaviour,
  noise,
  sha256,
} from "./fake_hub.ts";
import { withFolder } from "./helpers.ts";

const content = noise(200_000);
const wanted: HubFile = {
  path: "model.safetensors",
  size: content.length,
  oid: sha256(content),
  checksum: "sha256",
};

/** Everything that one test needs; `download` may be called several times. */
interface Setting {
  readonly hub: FakeHub;
  readonly target: string;
  readonly notices: string[];
  readonly received: number[];
  onReceived: (count: number) => void;
  download(options?: HubOptions): Promise<void>;
}

async function withDownload(
  misbehave: Misbehaviour,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await using hub = new FakeHub({ "model.safetensors": content });
    hub.misbehave = misbehave;
    const target = `${folder}/blob`;
    const notices: string[] = [];
    const received: number[] = [];
    const setting: Setting = { hub, target, notices, received, onReceived() {}, download };
    async function download(options: HubOptions = {}) {
      const onNotice = (text: string) => void notices.push(text);
      const settings = hubSettings({ ...hub.options(folder), onNotice, ...options });
      const url = `${hub.endpoint}/org/name/resolve/${commit}/model.safetensors`;
      await downloadFile(settings, url, wanted, target, (count) => {
        received.push(count);
        setting.onReceived(count);
      });
    }
    await body(setting);
  });
}

/** Only the answers that carry the content, the first as call 0. */
function onContent(answer: (call: number, headers: Headers) => Response | null): Misbehaviour {
  let call = 0;
  return ({ server, headers }) => server === "cdn" ? answer(call++, headers) : null;
}

async function assertWhole({ target }: Setting): Promise<void> {
  assertEquals(await Deno.readFile(target), content);
  const folder = target.slice(0, target.lastIndexOf("/"));
  assertEquals((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["blob"]);
}

const ranges = (hub: FakeHub) => hub.downloads().map(({ headers }) => headers.get("Range"));

Deno.test("downloadFile: one request, progress to the end, nothing to do the second time", () =>
  withDownload(() => null, async (setting) => {
    await setting.download();
    await assertWhole(setting);
    assertEquals(setting.received[0], 0);
    assertEquals(setting.received.at(-1), content.length);
    assertEquals(setting.received.toSorted((a, b) => a - b), setting.received);
    await setting.download();
    assertEquals(ranges(setting.hub), [null]);
    assertEquals(setting.notices, []);
  }));

Deno.test("downloadFile: dropped connections are continued where they broke", () =>
  withDownload(
    onContent((call, headers) =>
      call < 3 ? broken(contentResponse(content, headers), 50_000) : null
    ),
    async (setting) => {
      await setting.download();
      await assertWhole(setting);
      const starts = ranges(setting.hub).slice(1).map((range) => parseInt(range!.slice(6)));
      assertEquals(starts.length, 3);
      assert(starts.every((start, i) => start > (starts[i - 1] ?? 0)), String(starts));
      assertEquals(setting.notices.length, 3);
    },
  ));

Deno.test("downloadFile: what a run that gave up has received, the next one keeps", () =>
  withDownload(
    onContent((call, headers) =>
      call === 0 ? broken(contentResponse(content, headers), 150_000) : null
    ),
    async (setting) => {
      await assertRejects(() => setting.download({ retries: 0 }), InputError, "gave up after 1");
      assertEquals(await Deno.stat(setting.target).catch(() => null), null);
      const { size } = await Deno.stat(`${setting.target}.part`);
      assertEquals(await Deno.readFile(`${setting.target}.part`), content.slice(0, size));
      assert(size > 0);
      await setting.download();
      await assertWhole(setting);
      assertEquals(ranges(setting.hub), [null, `bytes=${size}-`]);
    },
  ));

Deno.test("downloadFile: leftovers that are damaged, too long or complete", () =>
  withDownload(() => null, async (setting) => {
    const part = `${setting.target}.part`;
    await Deno.writeFile(part, noise(5000, 9));
    await setting.download();
    await assertWhole(setting);
    assert(setting.notices[0].includes("damaged; starting again"));
    assertEquals(ranges(setting.hub), ["bytes=5000-", null]);
    await Deno.remove(setting.target);
    await Deno.writeFile(part, noise(content.length + 1));
    await setting.download();
    await assertWhole(setting);
    await Deno.rename(setting.target, part);
    const before = setting.hub.requests.length;
    await setting.download();
    await assertWhole(setting);
    assertEquals(setting.hub.requests.length, before);
  }));

Deno.test("downloadFile: a server that ignores ranges, or refuses them, still serves", () =>
  withDownload(
    onContent((call, headers) => {
      if (call === 0) return broken(contentResponse(content, headers), 70_000);
      if (call === 1) return broken(contentResponse(content, new Headers()), 80_000);
      return call === 2 ? new Response(null, { status: 416 }) : null;
    }),
    async (setting) => {
      await setting.download();
      await assertWhole(setting);
      assertEquals(ranges(setting.hub).map((range) => range !== null), [false, true, true, false]);
    },
  ));

Deno.test("downloadFile: an etag that changes between parts starts the file again", () => {
  const other = noise(content.length, 2);
  return withDownload(
    onContent((call, headers) => {
      if (call === 0) return broken(contentResponse(other, headers, '"old"'), 60_000);
      // Ignores If-Range, as careless servers do.
      const plain = new Headers(headers);
      plain.delete("If-Range");
      return contentResponse(content, plain, '"new"');
    }),
    async (setting) => {
      await setting.download();
      await assertWhole(setting);
      assert(setting.notices.some((text) => text.includes("changed between two parts")));
      const { headers } = setting.hub.downloads()[1];
      assertEquals(headers.get("If-Range"), '"old"');
    },
  );
});

Deno.test("downloadFile: a server that honours If-Range sends all of the changed file", () => {
  const other = noise(content.length, 2);
  return withDownload(
    onContent((call, headers) =>
      call === 0
        ? broken(contentResponse(other, headers, '"old"'), 60_000)
        : contentResponse(content, headers, '"new"')
    ),
    assertDownloadsWhole,
  );
});

async function assertDownloadsWhole(setting: Setting): Promise<void> {
  await setting.download();
  await assertWhole(setting);
}

/** Refusals: nothing may appear at the target, and the message names file, found and wanted. */
function refusal(what: string, message: string, misbehave: Misbehaviour): void {
  Deno.test(`downloadFile: refuses ${what}`, () =>
    withDownload(misbehave, async (setting) => {
      const error = await assertRejects(() => setting.download(), InputError, message);
      assert((error as Error).message.includes('"model.safetensors"'));
      assertEquals(await Deno.stat(setting.target).catch(() => null), null);
    }));
}

refusal(
  "content with another checksum",
  `its sha256 is ${sha256(noise(content.length, 3))}; wanted ${wanted.oid}`,
  onContent((_, headers) => contentResponse(noise(content.length, 3), headers)),
);
refusal(
  "content that is shorter than promised",
  "the server offers 1000 bytes",
  onContent((_, headers) => contentResponse(content.slice(0, 1000), headers)),
);
refusal(
  "content that is longer than promised",
  `the server offers ${content.length + 1} bytes`,
  onContent((_, headers) => contentResponse(noise(content.length + 1), headers)),
);
refusal(
  "an endless body without a length",
  `more than the ${content.length} bytes`,
  onContent(() =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65536)) }),
    )
  ),
);
refusal(
  "a login page in place of the file",
  '(type "text/html',
  onContent(() =>
    new Response("<html>Please log in</html>", { headers: { "Content-Type": "text/html" } })
  ),
);
refusal(
  "a range that was not asked for",
  'the server sends "bytes 0-199999/200000"',
  onContent((call, headers) =>
    call === 0 ? broken(contentResponse(content, headers), 50_000) : new Response(content, {
      status: 206,
      headers: { "Content-Range": "bytes 0-199999/200000" },
    })
  ),
);
refusal(
  "a range of a file of another size",
  "the server offers 300000 bytes, the listing says 200000",
  onContent((call, headers) => {
    if (call === 0) return broken(contentResponse(content, headers), 50_000);
    const first = headers.get("Range")!.slice(6, -1);
    const range = `bytes ${first}-299999/300000`;
    return new Response(new Uint8Array(10), { status: 206, headers: { "Content-Range": range } });
  }),
);
refusal("a checksum that changed since the listing", "its checksum changed", ({ path }) => {
  if (!path.includes("/resolve/")) return new Response(content);
  const headers = { Location: "/moved", "X-Linked-Etag": `"${"e".repeat(64)}"` };
  return new Response(null, { status: 302, headers });
});
refusal(
  "a connection that always breaks",
  "gave up after 6 attempts",
  onContent((_, headers) => broken(contentResponse(content, headers), 100)),
);
refusal(
  "a server that never recovers",
  "answers 503; gave up after 6 attempts",
  ({ server }) => server === "cdn" ? new Response("busy", { status: 503 }) : null,
);

/** Answers one request on a bare connection: promises all that is left, sends 60,000 bytes, hangs up. */
async function sendTooLittle(connection: Deno.Conn): Promise<number> {
  const buffer = new Uint8Array(65536);
  let request = "";
  while (!request.includes("\r\n\r\n")) {
    request += new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  }
  const first = Number(request.match(/range: bytes=(\d+)-/i)?.[1] ?? 0);
  const head = first === 0
    ? "HTTP/1.1 200 OK"
    : `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${first}-199999/200000`;
  const text = `${head}\r\nContent-Length: ${content.length - first}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(text));
  const bytes = content.subarray(first, first + 60_000);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
  connection.close();
  return first;
}

Deno.test("downloadFile: a body shorter than its own Content-Length counts as a dropped connection", () =>
  withFolder(async (folder) => {
    // A bare socket, because a well-behaved server library does not lie about lengths.
    using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const serve = async () => {
      const starts: number[] = [];
      while (starts.length < 4) starts.push(await sendTooLittle(await listener.accept()));
      return starts;
    };
    const serving = serve();
    const endpoint = `http://127.0.0.1:${listener.addr.port}`;
    const settings = hubSettings({ cacheDir: folder, endpoint, token: null, backoffMs: 1 });
    await downloadFile(settings, `${endpoint}/x`, wanted, `${folder}/blob`);
    assertEquals(await Deno.readFile(`${folder}/blob`), content);
    assertEquals(await serving, [0, 60_000, 120_000, 180_000]);
  }));

Deno.test("downloadFile: two at once share one download", () =>
  withDownload(() => null, async (setting) => {
    await Promise.all([setting.download(), setting.download(), setting.download()]);
    await assertWhole(setting);
    assertEquals(setting.hub.downloads().length, 1);
    assert(setting.notices.some((text) => text.includes("waiting for another program")));
  }));

Deno.test("downloadFile: stops when it is told to, and keeps what it has", () =>
  withDownload(
    onContent(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(content.subarray(0, 70_000)), // and then silence
      });
      return new Response(body);
    }),
    async (setting) => {
      const stop = new AbortController();
      setting.onReceived = (count) => count > 0 && stop.abort(new Error("enough"));
      await assertRejects(() => setting.download({ signal: stop.signal }), Error, "enough");
      assert((await Deno.stat(`${setting.target}.part`)).size > 0);
    },
  ));

Deno.test("downloadFile: small files are checked by Git's checksum", () =>
  withFolder(async (folder) => {
    const text = new TextEncoder().encode('{"model_type": "qwen3_vl"}');
    await using hub = new FakeHub({ "config.json": text });
    const settings = hubSettings(hub.options(folder));
    const url = `${hub.endpoint}/org/name/resolve/${commit}/config.json`;
    const oid = gitSha1(text);
    const file: HubFile = { path: "config.json", size: text.length, oid, checksum: "git-sha1" };
    await downloadFile(settings, url, file, `${folder}/good`);
    assertEquals(await Deno.readFile(`${folder}/good`), text);
    const wrong = { ...file, oid: "f".repeat(40) };
    const get = () => downloadFile(settings, url, wrong, `${folder}/bad`);
    await assertRejects(get, InputError, `its git-sha1 is ${oid}; wanted ${"f".repeat(40)}`);
  }));

Deno.test("downloadFile: an empty file needs no request", () =>
  withFolder(async (folder) => {
    const empty = new Uint8Array(0);
    const file: HubFile = { path: "x", size: 0, oid: gitSha1(empty), checksum: "git-sha1" };
    assertEquals(file.oid, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"); // Git's well-known empty blob
    const settings = hubSettings({
      cacheDir: folder,
      endpoint: "http://127.0.0.1:8999",
      token: null,
    });
    await downloadFile(settings, "http://127.0.0.1:8999/x", file, `${folder}/x`);
    assertEquals((await Deno.stat(`${folder}/x`)).size, 0);
  }));
