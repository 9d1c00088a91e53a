/**
 * Media behind `http:` and `https:` addresses.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";

/** Largest file that is fetched, in bytes. */
const mostBytes = 200_000_000;

/** Longest time that one file may take, in milliseconds. */
const mostTime = 60_000;

/**
 * Fetches a file, within bounds of size and time.
 *
 * @param allowed whether the caller wants addresses to be fetched
 * @throws {InputError} if not, or if the server does not give the file
 */
export async function fetchBytes(
  address: string,
  allowed: boolean,
  what: string,
): Promise<Uint8Array> {
  const refuse = (reason: string) =>
    new InputError(`Cannot fetch ${what} ${quoted(address)}: ${reason}`);
  if (!allowed) {
    throw refuse(
      "addresses are not fetched unless the program sets fetchMedia: true; download the file and " +
        "give its path",
    );
  }
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(mostTime) });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw refuse(`the server answers ${response.status}`);
    }
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body) {
      length += part.length;
      if (length > mostBytes) throw refuse(`it has more than ${mostBytes} bytes`);
      parts.push(part);
    }
    return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw refuse(
      error instanceof DOMException ? `it took more than ${mostTime / 1000} seconds` : reason,
    );
  }
}
