/**
 * A model hub on this machine for tests: the model API and file addresses on one port, large files
 * behind a redirect to another port, and every kind of misbehaviour on request.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { HubOptions } from "../../lib/weights/hub_settings.ts";

/** A commit hash for tests. */
export const commit = "0123456789abcdef0123456789abcdef01234567";

/** Checksum by which the hub names a large file. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Checksum by which Git names a small file: `git hash-object`. */
export function gitSha1(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Bytes that look random but are the same every time. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed;
  return new Uint8Array(length).map(() => (state = (state * 1103515245 + 12345) >>> 0) >>> 16);
}

/** One request that the server saw. */
export interface SeenRequest {
  /** Which port: the hub's own or that of the large files. */
  readonly server: "hub" | "cdn";
  /** Path with query. */
  readonly path: string;
  /** Headers as received. */
  readonly headers: Headers;
}

/** May answer a request in place of the ordinary server; null leaves it to that. */
export type Misbehaviour = (request: SeenRequest) => Response | Promise<Response> | null;

/** A running hub with one model, `org/name`. */
export class FakeHub implements AsyncDisposable {
  /** Files by path; those that end in .safetensors are large. */
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  /** All requests so far. */
  readonly requests: SeenRequest[] = [];
  /** Answers in place of the ordinary server. */
  misbehave: Misbehaviour = () => null;
  /** Changes the listing before it is sent. */
  changeListing: (listing: Record<string, unknown>) => unknown = (listing) => listing;
  readonly #hub: Deno.HttpServer<Deno.NetAddr>;
  readonly #cdn: Deno.HttpServer<Deno.NetAddr>;

  /** Starts on two free ports. @param files text or bytes by path */
  constructor(files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>) {
    for (const [path, content] of Object.entries(files)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      this.files.set(path, bytes);
    }
    const start = (server: "hub" | "cdn") =>
      Deno.serve({
        port: 0,
        hostname: "127.0.0.1",
        onListen() {},
        onError: () => new Response(null),
      }, (request) => {
        const url = new URL(request.url);
        const seen = { server, path: url.pathname + url.search, headers: request.headers };
        this.requests.push(seen);
        return this.misbehave(seen) ?? this.#answer(seen);
      });
    this.#hub = start("hub");
    this.#cdn = start("cdn");
  }

  /** Address of the hub. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#hub.addr.port}`;
  }

  /** Address of the large files. */
  get cdn(): string {
    return `http://127.0.0.1:${this.#cdn.addr.port}`;
  }

  /** Options with which the library talks to this hub, without long waits. */
  options(cacheDir: string): HubOptions & { readonly token: string } {
    return { cacheDir, endpoint: this.endpoint, token: "hf_secret", backoffMs: 1, timeoutMs: 5000 };
  }

  /** Stops both servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#hub.shutdown(), this.#cdn.shutdown()]);
  }

  /** Requests for file contents that carried data, not redirects. */
  downloads(): SeenRequest[] {
    return this.requests.filter(({ server, path }) =>
      server === "cdn" || (path.includes("/resolve/") && !path.endsWith(".safetensors"))
    );
  }

  #answer(request: SeenRequest): Response {
    if (request.path.startsWith("/api/models/org/name/revision/main")) {
      return Response.json(this.changeListing(this.#listing()));
    }
    const prefix = request.server === "hub" ? `/org/name/resolve/${commit}/` : "/cdn/";
    const name = decodeURIComponent(
      new URL(request.path, this.endpoint).pathname.slice(prefix.length),
    );
    const bytes = this.files.get(name);
    if (!request.path.startsWith(prefix) || !bytes) {
      return new Response("Not found", {
        status: 404,
        headers: { "X-Error-Code": "RepoNotFound" },
      });
    }
    if (request.server === "hub" && name.endsWith(".safetensors")) {
      return new Response(null, {
        status: 302,
        headers: {
          Location: `${this.cdn}/cdn/${name}?Signature=secret`,
          "X-Linked-Etag": `"${sha256(bytes)}"`,
          "X-Linked-Size": String(bytes.length),
        },
      });
    }
    return contentResponse(bytes, request.headers);
  }

  #listing(): Record<string, unknown> {
    const siblings = [...this.files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.length,
      blobId: gitSha1(bytes),
      ...(rfilename.endsWith(".safetensors") &&
        { lfs: { sha256: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
    }));
    return { id: "org/name", sha: commit, siblings };
  }
}

/** What a correct server sends for content, with ranges and `If-Range`. */
export function contentResponse(
  bytes: Uint8Array<ArrayBuffer>,
  headers: Headers,
  etag = `"${sha256(bytes)}"`,
): Response {
  const [, from = "", to = ""] = headers.get("Range")?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
  const first = from === "" ? NaN : Number(from);
  const last = to === "" ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  const condition = headers.get("If-Range");
  if (Number.isNaN(first) || (condition !== null && condition !== etag)) {
    return new Response(bytes, { headers: { ETag: etag } });
  }
  if (first >= bytes.length) return new Response(null, { status: 416 });
  return new Response(bytes.slice(first, last + 1), {
    status: 206,
    headers: { ETag: etag, "Content-Range": `bytes ${first}-${last}/${bytes.length}` },
  });
}

/** The same answer, but the connection breaks after `count` bytes of it. */
export function broken(response: Response, count: number): Response {
  let isSent = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!isSent) {
        isSent = true;
        return controller.enqueue(new Uint8Array(await response.arrayBuffer()).subarray(0, count));
      }
      // What was taken must reach the client before the connection is reset.
      await new Promise((resolve) => setTimeout(resolve, 20));
      controller.error(new Error("cable pulled"));
    },
  }, { highWaterMark: 0 });
  return new Response(body, { status: response.status, headers: response.headers });
}
