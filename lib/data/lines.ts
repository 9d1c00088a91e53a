/**
 * Text files line by line, no further than is asked for.
 *
 * @module
 */
import { checkRegular } from "../common/text_files.ts";

/** The encoding that the first bytes of a file name: UTF-8, or UTF-16 as editors on Windows write it. */
async function encodingOf(file: Deno.FsFile): Promise<string> {
  const mark = new Uint8Array(2), count = await file.read(mark);
  await file.seek(0, Deno.SeekMode.Start);
  if (count !== 2) return "utf-8";
  return { fffe: "utf-16le", feff: "utf-16be" }[mark.toHex()] ?? "utf-8";
}

/**
 * Lines of a text file in UTF-8 (or UTF-16 with a byte order mark), without line ends and that mark; the
 * file is read as they are asked for.
 *
 * @example
 * ```ts
 * import { linesOf } from "./lines.ts";
 * import { assert } from "@std/assert";
 * for await (const line of linesOf("data/samples/samples.jsonl")) {
 *   assert(line.startsWith("{"));
 *   break;
 * }
 * ```
 */
export async function* linesOf(path: string): AsyncGenerator<string> {
  await checkRegular(path);
  using file = await Deno.open(path);
  const encoding = await encodingOf(file);
  let begun: string[] = []; // pieces of the line that is not whole yet
  for await (const text of file.readable.pipeThrough(new TextDecoderStream(encoding))) {
    const pieces = text.split("\n");
    for (const piece of pieces.slice(0, -1)) {
      begun.push(piece);
      yield begun.join("").replace(/\r$/, "");
      begun = [];
    }
    begun.push(pieces[pieces.length - 1]);
  }
  yield begun.join("");
}
