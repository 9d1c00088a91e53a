/**
 * Samples that ask about the same images, video or context.
 *
 * @module
 */
import type { FolderSample } from "./folder_sample.ts";

/** What a sample asks about: its media, or its context where it has none. */
function subject({ folder, id, images, video, context }: FolderSample): string {
  const media = images ?? video.frames;
  if (media.length > 0) return JSON.stringify([folder, ...media]);
  return JSON.stringify(context ? { context } : { id });
}

/**
 * What to know about intervals and tests where several samples ask about the same images: they take
 * each as independent of the others, and answers about one image seldom are.
 *
 * @returns null where every sample has images of its own
 */
export function sharedMediaLine(samples: readonly FolderSample[]): string | null {
  const subjects = new Set(samples.map(subject)).size;
  if (subjects === samples.length) return null;
  return `note: ${samples.length} samples ask about ${subjects} different images, videos or ` +
    "contexts; intervals and tests count every sample as independent, so they may claim too much";
}
