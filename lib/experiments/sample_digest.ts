/**
 * Digests of samples: all that a result depends on, whatever the files are called.
 *
 * @module
 */
import { digestOf, digestOfBytes } from "../common/digest.ts";
import type { FolderSample } from "../data/folder_data_set.ts";
import type { Sample } from "../data/sample.ts";

/**
 * Digest of a media file; of what is wrong with it where it cannot be read, so that a sample can be
 * named by its loading, which then fails. Reads at once: the many small files of a data set take
 * longer to wait for than to read.
 */
function mediaDigest(path: string): string {
  try {
    if (!Deno.statSync(path).isFile) return `${path}: not a file`;
    return digestOfBytes(Deno.readFileSync(path));
  } catch (error) {
    return `${path}: ${(error as Error).message}`;
  }
}

/**
 * Digest of a sample: domain, context, question, answers, choices, evidence, metric, and the bytes of
 * its media in their order. Its id, its folder and the names of its files play no part, nor do its
 * foils' answers: who uses those digests them as well.
 *
 * @returns 32 hexadecimal digits
 *
 * @example
 * ```ts
 * import { sampleDigest } from "./sample_digest.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { assert } from "@std/assert";
 * const [first, second] = await listSamples("shipped:scene");
 * assert(sampleDigest(first) !== sampleDigest(second));
 * ```
 */
export function sampleDigest(sample: Sample | FolderSample): string {
  if (!("folder" in sample)) {
    const { id: _id, foilAnswers: _foilAnswers, ...content } = sample;
    return digestOf(content);
  }
  const { id: _id, foilAnswers: _foilAnswers, folder, images, video, ...content } = sample;
  const known = new Map<string, string>(); // a frame that is held appears several times
  const media: string[] = [];
  for (const path of images ?? video.frames) {
    if (!known.has(path)) known.set(path, mediaDigest(`${folder}/${path}`));
    media.push(known.get(path)!);
  }
  return digestOf({ ...content, fps: video?.fps ?? null, media });
}
