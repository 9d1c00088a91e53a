/**
 * Names, types and shapes of a hub model's weights, read from the headers of its files by byte range:
 * a few kilobytes instead of the weights.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { ask, pieces } from "./hub_http.ts";
import { TemporaryError, withRetries } from "./hub_retries.ts";
import type { HubFile } from "./hub_listing.ts";
import type { HubSettings } from "./hub_settings.ts";
import { placeTensors } from "./safetensors.ts";
import type { WeightHeaders } from "./weight_source.ts";
import { SafetensorsFile } from "./safetensors_file.ts";
import { headerLength, parseHeader, type SafetensorsHeader } from "./safetensors_header.ts";

/** Bytes of the first request of a file; most headers are shorter. */
const firstRequest = 1 << 18;

/** The first bytes of a file on the hub, or all of it where it is shorter. */
async function firstBytes(
  settings: HubSettings,
  url: string,
  file: HubFile,
  count: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(count, file.size));
  const answer = await ask(settings, quoted(file.path), url, {
    Range: `bytes=0-${bytes.length - 1}`,
  });
  let filled = 0;
  try {
    const range = answer.response.headers.get("Content-Range") ?? "nothing";
    if (answer.response.status === 206 && !range.startsWith("bytes 0-")) {
      throw new InputError(
        `Cannot read the header of ${quoted(file.path)}: asked for its beginning, the server ` +
          `sends ${quoted(range)}`,
      );
    }
    for await (const piece of pieces(answer, settings)) {
      const part = piece.subarray(0, bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (filled === bytes.length) break; // a server that knows no ranges would send everything
    }
  } finally {
    await answer.done();
  }
  if (filled < bytes.length) {
    throw new TemporaryError(`the connection ended after ${filled} of ${bytes.length} bytes`);
  }
  return bytes;
}

/** The header of one file on the hub. */
async function hubHeader(
  settings: HubSettings,
  url: string,
  file: HubFile,
): Promise<SafetensorsHeader> {
  const read = (count: number) =>
    withRetries(settings, quoted(file.path), () => firstBytes(settings, url, file, count));
  let bytes = await read(firstRequest);
  const length = headerLength(bytes.subarray(0, 8), file.size, file.path);
  if (8 + length > bytes.length) bytes = await read(8 + length);
  return parseHeader(bytes.subarray(8, 8 + length), file.size, file.path);
}

/**
 * The headers of a hub model's weights: of files that are in the snapshot from there, of others by
 * byte range.
 *
 * @param files the files with weights
 * @param snapshot folder of what was downloaded
 * @param urlOf address of a file
 * @throws {InputError} for a damaged header, and for a tensor in two files
 */
export async function readHubHeaders(
  settings: HubSettings,
  files: readonly HubFile[],
  snapshot: string,
  urlOf: (file: HubFile) => string,
): Promise<WeightHeaders> {
  const headers = [];
  for (const file of files) {
    const path = `${snapshot}/${file.path}`;
    const there = await Deno.stat(path).then(({ size }) => size === file.size, () => false);
    if (there) {
      using open = await SafetensorsFile.open(path);
      headers.push({ path, header: open.header });
    } else {
      headers.push({ path: file.path, header: await hubHeader(settings, urlOf(file), file) });
    }
  }
  const places = placeTensors(headers);
  const names = [...places.keys()];
  return {
    path: snapshot,
    names: () => names,
    info: (name) => {
      const info = places.get(name)?.header.tensors.get(name);
      if (info) return info;
      throw new InputError(`Cannot read ${snapshot}: it has no tensor ${quoted(name)}`);
    },
  };
}
