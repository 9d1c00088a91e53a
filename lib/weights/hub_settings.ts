/**
 * Where the hub is, where downloads lie and who asks: from arguments, else from the environment that
 * other Hugging Face programs use.
 *
 * @module
 */
import { environment, huggingFaceFolder, modelCacheFolder } from "../backend/environment.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";

/** What a caller may choose; everything has a default. */
export interface HubOptions {
  /** Folder of downloads, laid out as by Python's huggingface_hub. Default: `HF_HUB_CACHE` etc. */
  readonly cacheDir?: string;
  /** Address of the hub or of a mirror. Default: `HF_ENDPOINT`, else https://huggingface.co */
  readonly endpoint?: string;
  /**
   * Access token. Default: `HF_TOKEN`, else the file `token` in `HF_HOME` that `hf auth login` writes.
   * `null`: ask anonymously.
   */
  readonly token?: string | null;
  /** Use only what was downloaded before. Default: whether `HF_HUB_OFFLINE` or
   * `TRANSFORMERS_OFFLINE` is set. */
  readonly localFilesOnly?: boolean;
  /** Attempts after a failure without progress, before giving up. Default 5. */
  readonly retries?: number;
  /** Wait before the first repetition in milliseconds; doubles each time, up to 10 s. Default 500. */
  readonly backoffMs?: number;
  /** Longest silence of the server in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  /** Slowest transfer over a minute, in bytes per second; a slower one is broken off. Default 1000. */
  readonly slowest?: number;
  /** Over how many milliseconds the speed of a transfer is measured. Default 60,000. */
  readonly speedWindowMs?: number;
  /**
   * Check large files in the cache against their checksums too, which reads them whole; small ones
   * always are. Default false.
   */
  readonly verify?: boolean;
  /** Stops the download; what was received is kept for the next time. */
  readonly signal?: AbortSignal;
  /** Told in one sentence about anything unusual: a repetition, a fallback to an older copy. */
  readonly onNotice?: (text: string) => void;
}

/** {@link HubOptions} with every default filled in. */
export interface HubSettings {
  /** Folder of downloads. */
  readonly cacheDir: string;
  /** Address without a slash at its end. */
  readonly endpoint: string;
  /** Access token, sent to {@link HubSettings.endpoint} only. */
  readonly token: string | null;
  /** Whether the network is not to be used. */
  readonly localFilesOnly: boolean;
  /** Attempts after a failure without progress. */
  readonly retries: number;
  /** First wait in milliseconds. */
  readonly backoffMs: number;
  /** Longest silence in milliseconds. */
  readonly timeoutMs: number;
  /** Slowest transfer in bytes per second. */
  readonly slowest: number;
  /** Over how many milliseconds the speed is measured. */
  readonly speedWindowMs: number;
  /** Whether large files in the cache are checked too. */
  readonly verify: boolean;
  /** Stops everything. */
  readonly signal: AbortSignal | null;
  /** Told about anything unusual. */
  readonly onNotice: (text: string) => void;
}

/** Whether a variable such as `HF_HUB_OFFLINE` means yes; the same words as in huggingface_hub. */
function isYes(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((value ?? "").toUpperCase());
}

/** The token that `hf auth login` stored; null if there is none or if it may not be read. */
function storedToken(): string | null {
  const path = `${huggingFaceFolder()}/token`;
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return null;
  try {
    return Deno.readTextFileSync(path).trim() || null;
  } catch {
    return null;
  }
}

/** Checks an endpoint and takes the slashes off its end. */
function cleanEndpoint(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InputError(
      `Cannot use hub endpoint ${
        quoted(endpoint)
      }: wanted an address such as https://huggingface.co`,
    );
  }
  return endpoint.replace(/\/+$/, "");
}

/** Checks that a token can stand in a header; a stray line end would make every request fail. */
function cleanToken(token: string): string {
  const clean = token.trim();
  if (!/^[\x21-\x7e]+$/.test(clean)) {
    throw new InputError("Cannot use the access token: it holds spaces or other odd characters");
  }
  return clean;
}

/**
 * Fills in the defaults.
 *
 * @throws {InputError} if the endpoint is no http address or the token cannot be one
 *
 * @example
 * ```ts
 * import { hubSettings } from "./hub_settings.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(hubSettings({ endpoint: "https://mirror.example/" }).endpoint, "https://mirror.example");
 * ```
 */
export function hubSettings(options: HubOptions): HubSettings {
  const token = options.token === undefined
    ? environment("HF_TOKEN") ?? storedToken()
    : options.token;
  return {
    cacheDir: options.cacheDir ?? modelCacheFolder(),
    endpoint: cleanEndpoint(
      options.endpoint ?? environment("HF_ENDPOINT") ?? "https://huggingface.co",
    ),
    token: token ? cleanToken(token) : null,
    localFilesOnly: options.localFilesOnly ??
      isYes(environment("HF_HUB_OFFLINE") ?? environment("TRANSFORMERS_OFFLINE")),
    retries: options.retries ?? 5,
    backoffMs: options.backoffMs ?? 500,
    timeoutMs: options.timeoutMs ?? 30_000,
    slowest: options.slowest ?? 1000,
    speedWindowMs: options.speedWindowMs ?? 60_000,
    verify: options.verify ?? false,
    signal: options.signal ?? null,
    onNotice: options.onNotice ?? (() => {}),
  };
}
