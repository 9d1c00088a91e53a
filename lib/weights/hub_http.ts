/**
 * Requests to the hub: redirects without the token, silence as a failure, and answers of the server as
 * sentences.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { TemporaryError } from "./hub_retries.ts";
import type { HubSettings } from "./hub_settings.ts";

/** Most redirects in a row that are followed. */
const maxRedirects = 10;
/** An answer of the server whose body has not been read yet. */
export interface HubAnswer {
  /** The last answer, after redirects. Read or cancel its body, then call {@link HubAnswer.done}. */
  readonly response: Response;
  /** The hub's own word on which content this is (`X-Linked-Etag`), before a redirect elsewhere. */
  readonly linkedEtag: string | null;
  /** Says that the server is alive: call after each piece of the body. */
  readonly alive: () => void;
  /** Ends the watch on silence and drops what is left of the body. */
  readonly done: () => Promise<void>;
}

/** Etag without quotes and weakness mark. */
export function plainEtag(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, "").replace(/^"|"$/g, "");
}

/**
 * Where a redirect leads.
 *
 * @param from address that answered
 * @param location what it said
 * @throws {InputError} if that is no web address, or an unencrypted one after an encrypted one
 */
export function redirectTarget(from: string, location: string | null): string {
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : null;
  if (!target || !/^https?:$/.test(target.protocol)) {
    throw new InputError(
      `Cannot follow ${shownUrl(from)}: it redirects to ${quoted(location ?? "nowhere")}`,
    );
  }
  if (from.startsWith("https:") && target.protocol === "http:") {
    throw new InputError(
      `Cannot follow ${shownUrl(from)}: it redirects to an unencrypted address on ${target.host}`,
    );
  }
  return target.href;
}

/** An address for a message: without query, which may hold a signature. */
function shownUrl(url: string): string {
  return url.replace(/[?#].*$/, "");
}

/** What a failed `fetch` or read means. */
function asFailure(error: unknown, url: string, settings: HubSettings): unknown {
  if (settings.signal?.aborted) return settings.signal.reason;
  if (error instanceof InputError || error instanceof TemporaryError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new InputError(
      `Cannot ask ${new URL(url).host}: network access was not granted (deno's --allow-net)`,
    );
  }
  if (error instanceof TypeError || error instanceof Deno.errors.Http || isConnection(error)) {
    const message = (error as Error).message.replaceAll(/\?[^\s)"]*/g, "");
    return new TemporaryError(`${new URL(url).host} cannot be reached (${message})`);
  }
  return error;
}

function isConnection(error: unknown): boolean {
  const kinds = ["ConnectionReset", "ConnectionAborted", "ConnectionRefused", "UnexpectedEof"];
  return error instanceof Error &&
    (kinds.includes(error.name) || error.name === "TimedOut" || error.name === "BrokenPipe");
}

/** Milliseconds that a `Retry-After` header asks for; 0 without one. */
function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}

/** Throws what a status that is not a success means. */
function checkStatus(response: Response, what: string, settings: HubSettings): void {
  const { status, headers } = response;
  if (status === 200 || status === 206 || status === 416) return;
  const host = new URL(settings.endpoint).host;
  const said = headers.get("X-Error-Message");
  const refuse = (reason: string): never => {
    throw new InputError(
      `Cannot download ${what}: ${host} answers ${status}: ${reason}` +
        (said ? ` (${quoted(said, 300)})` : ""),
    );
  };
  const code = headers.get("X-Error-Code");
  if (status === 408 || status === 429 || status >= 500) {
    throw new TemporaryError(`${host} answers ${status}`, retryAfter(response));
  }
  if (code === "RevisionNotFound") refuse("there is no such revision");
  if (code === "EntryNotFound") refuse("there is no such file");
  if (status === 401) {
    refuse(
      settings.token
        ? "no such model, or the access token is wrong or lacks access to it"
        : "no such model, or it is private or gated: set HF_TOKEN",
    );
  }
  if (status === 403) {
    refuse(
      settings.token
        ? "the access token does not give access to it; a gated model's terms must be accepted first"
        : "it is gated: accept its terms on its page, then set HF_TOKEN",
    );
  }
  if (status === 404) refuse("there is no such model");
  refuse("the request was refused");
}

/**
 * Asks for one address and follows redirects. The access token goes to the endpoint's own origin
 * only, never to where a redirect leads.
 *
 * @param what the model or file, for messages
 * @param url address to ask for
 * @param headers further headers
 * @returns an answer with status 200, 206 or 416
 * @throws {InputError} if the server says that asking again is of no use
 * @throws {TemporaryError} if the connection fails, the server is busy, or silent for too long
 */
export async function ask(
  settings: HubSettings,
  what: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<HubAnswer> {
  const silence = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      silence.abort(new TemporaryError(`${new URL(url).host} is silent`));
    }, settings.timeoutMs);
  };
  const signal = settings.signal
    ? AbortSignal.any([settings.signal, silence.signal])
    : silence.signal;
  let linkedEtag: string | null = null;
  try {
    for (let hop = 0; hop <= maxRedirects; hop++) {
      alive();
      const isHub = new URL(url).origin === new URL(settings.endpoint).origin;
      const authorization = isHub && settings.token
        ? { Authorization: `Bearer ${settings.token}` }
        : undefined;
      const response = await fetch(url, {
        redirect: "manual",
        signal,
        // Compressed answers have no size that could be checked and cannot be resumed.
        headers: { ...headers, ...authorization, "Accept-Encoding": "identity" },
      });
      if (isHub) linkedEtag = plainEtag(response.headers.get("X-Linked-Etag")) ?? linkedEtag;
      const done = async () => {
        clearTimeout(timer);
        if (!response.bodyUsed) await response.body?.cancel().catch(() => {});
      };
      if (response.status < 300 || response.status >= 400) {
        try {
          checkStatus(response, what, settings);
        } catch (error) {
          await done();
          throw error;
        }
        return { response, linkedEtag, alive, done };
      }
      await done();
      url = redirectTarget(url, response.headers.get("Location"));
    }
    throw new InputError(`Cannot download ${what}: more than ${maxRedirects} redirects`);
  } catch (error) {
    clearTimeout(timer);
    throw asFailure(error, url, settings);
  }
}

/**
 * The body of an answer, piece by piece.
 *
 * @throws {TemporaryError} if the connection breaks, or the server is silent or slow for too long
 */
export async function* pieces(
  answer: HubAnswer,
  settings: HubSettings,
): AsyncGenerator<Uint8Array> {
  if (!answer.response.body) return;
  const url = answer.response.url || settings.endpoint;
  const reader = answer.response.body.getReader();
  let start = performance.now(), received = 0;
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      answer.alive();
      received += value.length;
      const time = performance.now() - start;
      if (time >= settings.speedWindowMs) {
        if (received < settings.slowest * time / 1000) {
          throw new TemporaryError(
            `${new URL(url).host} sends fewer than ${settings.slowest} bytes a second`,
          );
        }
        [start, received] = [performance.now(), 0];
      }
      const paused = performance.now();
      yield value;
      start += performance.now() - paused; // what is done with a piece is not the server's time
    }
  } catch (error) {
    throw asFailure(error, url, settings);
  } finally {
    await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}
