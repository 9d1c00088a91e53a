/**
 * Boxes of VidOR, on whose videos VidSTG is made: one file a video, `trajectories` with a list of
 * `{"tid", "bbox": {"xmin", "ymin", "xmax", "ymax"}}` for each frame.
 *
 * Source: https://xdshang.github.io/docs/vidor.html, as `preproc/preproc_vidstg.py` of
 * https://github.com/antoyang/TubeDETR reads it.
 *
 * @module
 */
import type { Box } from "../sample.ts";
import { scaledBox } from "./boxes.ts";
import type { MediaFolder, NumberedImage } from "./media_folder.ts";
import { readObject, Row } from "./row.ts";

/** The boxes of one video. */
export interface Trajectories {
  /** Box of an object in a frame, in pixels of its image; null where it is not seen. */
  box(frame: NumberedImage, target: number): Promise<Box | null>;
}

/** Folders of VidOR's annotations, and the groups in them. */
async function annotationFiles(media: MediaFolder): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const walk = async (folder: string, depth: number): Promise<void> => {
    for (const name of await media.names(folder)) {
      if (name.endsWith(".json")) files.set(name.slice(0, -5), `${folder}/${name}`);
      else if (depth > 0) await walk(`${folder}/${name}`, depth - 1);
    }
  };
  await walk("vidor", 2);
  return files;
}

/**
 * Opens the folder `vidor`: the annotations as they are published (`training/GROUP/VIDEO.json`), or
 * side by side.
 *
 * @returns a function that gives the boxes of an entry's video, or null where there is no such folder
 */
export function openVidor(media: MediaFolder): (entry: Row) => Promise<Trajectories | null> {
  let files: Promise<Map<string, string>> | undefined;
  let last: { readonly vid: string; readonly tracks: Promise<Trajectories> } | undefined;
  return async (entry) => {
    const known = await (files ??= annotationFiles(media));
    if (known.size === 0) return null;
    const vid = entry.text("vid"), file = known.get(vid);
    if (!file) throw entry.wrong("vid", "a video with an annotation in vidor");
    if (last?.vid !== vid) last = { vid, tracks: trajectories(media, file) };
    return await last.tracks;
  };
}

async function trajectories(media: MediaFolder, file: string): Promise<Trajectories> {
  const video = await readObject(media.path, file);
  const original = [video.positive("width"), video.positive("height")] as const;
  const frames = video.lists("trajectories");
  return {
    async box({ number, path }, target) {
      const boxes = frames[number]?.map((one) => Row.of(one, `${file}, trajectories[${number}]`));
      const found = boxes?.find((one) => one.whole("tid") === target)?.row("bbox");
      if (!found) return null;
      const box = ["xmin", "ymin", "xmax", "ymax"].map((side) => found.number(side));
      return scaledBox(box, original, await media.size(path));
    },
  };
}
