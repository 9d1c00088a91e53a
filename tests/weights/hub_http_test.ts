import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { ask, pieces, plainEtag, redirectTarget } from "../../lib/weights/hub_http.ts";
import { TemporaryError } from "../../lib/weights/hub_retries.ts";
import { hubSettings } from "../../lib/weights/hub_settings.ts";
import { FakeHub } from "./fake_hub.ts";

const settings = hubSettings({ cacheDir: "/c", token: null, backoffMs: 1, retries: 3 });

Deno.test("redirectTarget: relative and absolute, but never to files or from https to http", () => {
  assertEquals(redirectTarget("https://a.example/x/y", "../z?q=1"), "https://a.example/z?q=1");
  assertEquals(redirectTarget("http://a.example/", "https://b.example/"), "https://b.example/");
  for (const location of [null, "file:///etc/passwd", "data:,x", "http://[", "ftp://b.example/"]) {
    assertThrows(
      () => redirectTarget("http://a.example/x", location),
      InputError,
      "it redirects to",
    );
  }
  const secret = "https://a.example/x?token=secret";
  const error = assertThrows(
    () => redirectTarget(secret, "http://a.example/x"),
    InputError,
    "unencrypted address on a.example",
  ) as Error;
  assert(!error.message.includes("secret"));
});

Deno.test("plainEtag: without quotes and weakness mark", () => {
  assertEquals(['"abc"', 'W/"abc"', "abc", null].map(plainEtag), ["abc", "abc", "abc", null]);
});

Deno.test("ask: the token goes to the hub, through its own redirects, and nowhere else", async () => {
  await using hub = new FakeHub({});
  hub.misbehave = ({ server, path }) => {
    const redirect = (Location: string) =>
      new Response(null, { status: 307, headers: { Location } });
    if (path === "/renamed") return redirect("/new-name");
    if (path === "/new-name") return redirect(`${hub.cdn}/file`);
    if (server === "cdn" && path === "/file") return redirect(`${hub.cdn}/file2`);
    return new Response("content");
  };
  const answer = await ask(hubSettings(hub.options("/c")), "x", `${hub.endpoint}/renamed`);
  let text = "";
  for await (const piece of pieces(answer, settings)) text += new TextDecoder().decode(piece);
  await answer.done();
  assertEquals(text, "content");
  assertEquals(
    hub.requests.map(({ path, headers }) => [path, headers.get("Authorization")]),
    [
      ["/renamed", "Bearer hf_secret"],
      ["/new-name", "Bearer hf_secret"],
      ["/file", null],
      ["/file2", null],
    ],
  );
  assert(hub.requests.every(({ headers }) => headers.get("Accept-Encoding") === "identity"));
});

Deno.test("ask: another port or scheme of the same host is another server", async () => {
  await using hub = new FakeHub({});
  hub.misbehave = () => new Response("x");
  const here = hubSettings({ ...hub.options("/c"), endpoint: "https://127.0.0.1/hub" });
  const answer = await ask(here, "x", `${hub.endpoint}/file`);
  await answer.done();
  assertEquals(hub.requests[0].headers.get("Authorization"), null);
});

Deno.test("ask: redirects that never end", async () => {
  await using hub = new FakeHub({});
  hub.misbehave = () => new Response(null, { status: 302, headers: { Location: "/again" } });
  const get = () => ask(hubSettings(hub.options("/c")), "org/name", `${hub.endpoint}/again`);
  await assertRejects(get, InputError, "org/name: more than 10 redirects");
});

/** Status, headers, whether a token is used, and what the message must say. */
const refusals: [number, Record<string, string>, string | null, string][] = [
  [401, {}, null, "no such model, or it is private or gated: set HF_TOKEN"],
  [401, {}, "hf_x", "the access token is wrong or lacks access"],
  [403, {}, null, "accept its terms"],
  [403, { "X-Error-Message": "Access to model is restricted" }, "hf_x", '("Access to model is'],
  [404, {}, null, "there is no such model"],
  [404, { "X-Error-Code": "RevisionNotFound" }, null, "there is no such revision"],
  [404, { "X-Error-Code": "EntryNotFound" }, null, "there is no such file"],
  [400, {}, null, "the request was refused"],
  [204, {}, null, "answers 204"],
];

for (const [status, headers, token, message] of refusals) {
  Deno.test(`ask: status ${status}, ${JSON.stringify(headers)}, ${token ?? "no"} token`, async () => {
    await using hub = new FakeHub({});
    hub.misbehave = () => new Response(null, { status, headers });
    const here = hubSettings({ ...hub.options("/c"), token });
    await assertRejects(() => ask(here, "org/name", `${hub.endpoint}/x`), InputError, message);
    assertEquals(hub.requests.length, 1);
  });
}

Deno.test("ask: busy servers and closed ports may pass, and say so", async () => {
  let endpoint: string;
  {
    await using hub = new FakeHub({});
    endpoint = hub.endpoint;
    hub.misbehave = () => new Response(null, { status: 429, headers: { "Retry-After": "7" } });
    const get = () => ask(hubSettings(hub.options("/c")), "x", `${hub.endpoint}/x`);
    const error = await assertRejects(get, TemporaryError, "answers 429");
    assertEquals((error as TemporaryError).waitMs, 7000);
  }
  const get = () => ask(settings, "x", `${endpoint}/x?Signature=secret`);
  const error = await assertRejects(get, TemporaryError, "cannot be reached") as Error;
  assert(!error.message.includes("secret"));
});

Deno.test("ask, pieces: a silent server is given up, before the answer and in the middle of it", async () => {
  await using hub = new FakeHub({});
  const end = Promise.withResolvers<void>();
  hub.misbehave = ({ path }) => {
    if (path === "/mute") return end.promise.then(() => new Response(null));
    return new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new Uint8Array(10));
          await end.promise;
        },
      }),
    );
  };
  const here = hubSettings({ ...hub.options("/c"), timeoutMs: 400 });
  try {
    await assertRejects(() => ask(here, "x", `${hub.endpoint}/mute`), TemporaryError, "is silent");
    const answer = await ask(here, "x", `${hub.endpoint}/half`);
    let received = 0;
    const read = async () => {
      for await (const piece of pieces(answer, here)) received += piece.length;
    };
    await assertRejects(read, TemporaryError, "is silent");
    assertEquals(received, 10);
    await answer.done();
  } finally {
    end.resolve(); // else the server would wait for its answers when it stops
  }
});

Deno.test({
  name: "ask: without network permission it says what to grant",
  permissions: { net: false },
  fn: async () => {
    const get = () => ask(settings, "x", "http://127.0.0.1:8999/x");
    await assertRejects(get, InputError, "--allow-net");
  },
});
