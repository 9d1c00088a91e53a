/**
 * One file from the hub to disk: resumed where an earlier attempt ended, checked by size and
 * checksum, and in place only when it is whole.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { type Checksum, isIntact, startChecksum } from "./hub_checksum.ts";
import { ask, type HubAnswer, pieces, plainEtag } from "./hub_http.ts";
import { TemporaryError, withRetries } from "./hub_retries.ts";
import type { HubFile } from "./hub_listing.ts";
import type { HubSettings } from "./hub_settings.ts";

/** The open `.part` file with what is known of its content. */
class Part {
  readonly #file: Deno.FsFile;
  readonly #wanted: HubFile;
  #checksum: Checksum;
  /** Bytes received so far, all at the start of the file. */
  size = 0;
  /** Bytes that an earlier run of the program had received. */
  inherited = 0;
  /** Etag of the answer that the bytes came from, if this run received them. */
  etag: string | null = null;

  constructor(file: Deno.FsFile, wanted: HubFile) {
    this.#file = file;
    this.#wanted = wanted;
    this.#checksum = startChecksum(wanted);
  }

  /** Takes over what an earlier run left, if it is not too long. */
  async inherit(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size > this.#wanted.size) return await this.restart();
    const buffer = new Uint8Array(1 << 20);
    for (let count; (count = await this.#file.read(buffer)) !== null;) {
      this.#checksum.update(buffer.subarray(0, count));
      this.size += count;
    }
    this.inherited = this.size;
  }

  /** Throws everything away. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#checksum = startChecksum(this.#wanted);
    this.size = 0;
    this.inherited = 0;
    this.etag = null;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes);
    this.#checksum.update(bytes);
    this.size += bytes.length;
  }

  /** Flushes to disk and returns the checksum; nothing can be appended after this. */
  async finish(): Promise<string> {
    await this.#file.sync();
    return this.#checksum.hex();
  }
}

/** Compares what an answer promises with what the listing promised. */
async function checkAnswer(answer: HubAnswer, part: Part, file: HubFile): Promise<void> {
  const { response, linkedEtag } = answer;
  const refuse = (problem: string): never => {
    throw new InputError(`Cannot download ${quoted(file.path)}: ${problem}`);
  };
  if (linkedEtag !== null && linkedEtag !== file.oid) {
    refuse(
      `its checksum changed at the server from ${file.oid} to ${quoted(linkedEtag)}; try again`,
    );
  }
  if (response.status === 416) {
    await part.restart();
    throw new TemporaryError("the server refuses to continue where the download broke off");
  }
  const etag = plainEtag(response.headers.get("ETag"));
  if (response.status === 206) {
    const range = response.headers.get("Content-Range") ?? "nothing";
    const [, first, total] = range.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
    if (Number(first) !== part.size) {
      refuse(`asked for byte ${part.size} on, the server sends ${quoted(range)}`);
    }
    if (total !== "*" && Number(total) !== file.size) {
      refuse(`the server offers ${total} bytes, the listing says ${file.size}`);
    }
    if (part.etag !== null && etag !== null && etag !== part.etag) {
      await part.restart();
      throw new TemporaryError("the file changed between two parts of it; starting again");
    }
  } else if (part.size > 0) {
    await part.restart(); // the server sends everything again
  }
  part.etag = etag ?? part.etag;
  const length = response.headers.get("Content-Length");
  const isPlain = !response.headers.has("Content-Encoding");
  const left = file.size - part.size;
  if (
    length !== null && isPlain &&
    (Number(length) > left || response.status === 200 && Number(length) < left)
  ) {
    const type = response.headers.get("Content-Type") ?? "unknown";
    refuse(`the server offers ${length} bytes (type ${quoted(type)}), the listing says ${left}`);
  }
}

/** One attempt to receive the rest of a file. */
async function receive(
  settings: HubSettings,
  url: string,
  file: HubFile,
  part: Part,
  onBytes: (received: number) => void,
): Promise<void> {
  const headers: Record<string, string> = {};
  if (part.size > 0) {
    headers["Range"] = `bytes=${part.size}-`;
    if (part.etag) headers["If-Range"] = `"${part.etag}"`;
  }
  const answer = await ask(settings, quoted(file.path), url, headers);
  try {
    await checkAnswer(answer, part, file);
    onBytes(part.size);
    for await (const piece of pieces(answer, settings)) {
      if (part.size + piece.length > file.size) {
        await part.restart();
        throw new InputError(
          `Cannot download ${
            quoted(file.path)
          }: the server sends more than the ${file.size} bytes ` +
            "that the listing promises",
        );
      }
      await part.append(piece);
      onBytes(part.size);
    }
  } finally {
    await answer.done();
  }
  if (part.size < file.size) {
    throw new TemporaryError(`the connection ended after ${part.size} of ${file.size} bytes`);
  }
}

/** Keeps other processes off the part file until it is closed, where the file system can. */
async function lock(settings: HubSettings, handle: Deno.FsFile, file: HubFile): Promise<void> {
  try {
    if (await handle.tryLock(true)) return;
    settings.onNotice(`${quoted(file.path)}: waiting for another program that downloads it`);
    await handle.lock(true);
  } catch (error) {
    settings.onNotice(`${quoted(file.path)}: cannot be locked (${(error as Error).message})`);
  }
}

/** Receives everything into the part file and checks it; at most once more from the beginning. */
async function fill(
  settings: HubSettings,
  url: string,
  file: HubFile,
  part: Part,
  onBytes: (received: number) => void,
): Promise<void> {
  await part.inherit();
  while (true) {
    onBytes(part.size);
    if (part.size < file.size) {
      await withRetries(
        settings,
        quoted(file.path),
        () => receive(settings, url, file, part, onBytes),
        () => part.size,
      );
    }
    const found = await part.finish();
    if (found === file.oid) return;
    const wasInherited = part.inherited > 0;
    await part.restart();
    if (!wasInherited) {
      throw new InputError(
        `Cannot download ${
          quoted(file.path)
        }: its ${file.checksum} is ${found}; wanted ${file.oid}`,
      );
    }
    settings.onNotice(
      `${quoted(file.path)}: what an earlier attempt left is damaged; starting again`,
    );
  }
}

/**
 * Downloads one file, unless it is there already.
 *
 * Bytes go to `<target>.part`, which stays when the download breaks off and is continued the next
 * time; another process that wants the same file waits. The file appears at `target` only when its
 * size and checksum are right.
 *
 * @param url address of the file
 * @param file size and checksum that the listing promised
 * @param target where the file shall be; its folder must exist
 * @param onBytes told how many bytes of the file are there; may go back to 0
 * @throws {InputError} naming the file, what was found and what was wanted
 */
export async function downloadFile(
  settings: HubSettings,
  url: string,
  file: HubFile,
  target: string,
  onBytes: (received: number) => void = () => {},
): Promise<void> {
  const isThere = () => isIntact(target, file, settings.verify);
  if (await isThere()) return onBytes(file.size);
  const partPath = `${target}.part`;
  {
    using handle = await Deno.open(partPath, { read: true, write: true, create: true });
    await lock(settings, handle, file);
    if (await isThere()) {
      await Deno.remove(partPath).catch(() => {});
      return onBytes(file.size);
    }
    await fill(settings, url, file, new Part(handle, file), onBytes);
  }
  try {
    await Deno.rename(partPath, target);
  } catch (error) {
    if (!(await isThere())) throw error; // else another process was faster
  }
}
