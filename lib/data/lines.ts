/**
 * Text files line by line, no further than is asked for.
 *
 * @module
 */
import { checkRegular } from "../common/text_files.ts";

/**
 * Lines of a text file, without line ends and byte order mark; the file is read as they are asked for.
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
  let begun: string[] = []; // pieces of the line that is not whole yet
  for await (const text of file.readable.pipeThrough(new TextDecoderStream())) {
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
