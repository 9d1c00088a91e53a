import { encodePng } from "../../../lib/data/png.ts";
import { listSamples } from "../../../lib/data/shipped_samples.ts";
import type { ListOptions } from "../../../lib/data/listing.ts";
import type { LeftOut } from "../../../lib/data/unusable.ts";
import type { FolderSample } from "../../../lib/data/folder_data_set.ts";

/** An image to be written: width and height. */
export class Picture {
  constructor(readonly width: number, readonly height: number) {}
}

/** What a folder holds: images, texts as they are, and anything else as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** Images named by number: `FOLDER/000000.png` and so on. */
export function numbered(folder: string, numbers: readonly number[], picture: Picture): Files {
  return Object.fromEntries(
    numbers.map((number) => [`${folder}/${String(number).padStart(6, "0")}.png`, picture]),
  );
}

/** The numbers from `first` to `last`, both included. */
export const upTo = (first: number, last: number, step = 1): number[] =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);

/** Writes files into a folder. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  const encoded = new Map<string, Uint8Array>(); // equal images are encoded once
  for (const [path, content] of Object.entries(files)) {
    const file = `${folder}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    if (content instanceof Picture) {
      const { width, height } = content;
      const key = `${width} ${height}`;
      const data = new Uint8Array(width * height * 3);
      if (!encoded.has(key)) encoded.set(key, await encodePng({ width, height, data }));
      await Deno.writeFile(file, encoded.get(key)!);
    } else {
      await Deno.writeTextFile(
        file,
        typeof content === "string" ? content : JSON.stringify(content),
      );
    }
  }
}

/** Writes files into a folder that is removed at the end. */
export async function withFiles<T>(
  files: Files,
  body: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    await writeFiles(folder, files);
    return await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The samples of files in a published layout. */
export function samplesOf(
  layout: string,
  files: Files,
  options: ListOptions = {},
): Promise<FolderSample[]> {
  return withFiles(files, (folder) => listSamples(`${layout}:${folder}`, options));
}

/** Ids of the samples that are read and of those that are left out, with the reason. */
export async function listed(layout: string, files: Files, options: ListOptions = {}) {
  const leftOut: LeftOut[] = [];
  const onLeftOut = (sample: LeftOut) => void leftOut.push(sample);
  const samples = await samplesOf(layout, files, { ...options, onLeftOut });
  return { ids: samples.map(({ id }) => id), leftOut };
}

/** The same object with some fields changed; `undefined` takes one away. */
export const changed = (row: Readonly<Record<string, unknown>>, fields: Files): Files => ({
  ...row,
  ...fields,
});
