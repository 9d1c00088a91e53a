/**
 * Data sets in a folder: `samples.jsonl` with one sample a line, and its images beside it.
 *
 * @module
 */
import type { BoundedCache } from "../common/bounded_cache.ts";
import { InputError } from "../common/errors.ts";
import { containedPath, writeAll, writeAtomically, writeTextAtomically } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { loadImage } from "../inputs/media_files.ts";
import { encodePng } from "./png.ts";
import { type Evidence, imagesOf, type RgbImage, type Sample, type SampleMedia } from "./sample.ts";
import { linesOf } from "./lines.ts";
import type { FolderSample } from "./folder_sample.ts";
import { Listing, type ListOptions } from "./listing.ts";
import { parseSample, type SampleEntry } from "./sample_json.ts";

/** Name of the file that lists the samples. */
export const samplesFile = "samples.jsonl";

export type { FolderSample } from "./folder_sample.ts";

/**
 * Reads the list of a folder data set and checks each line; the images are not opened yet.
 *
 * @param folder holds `samples.jsonl`
 * @param domain only samples of this domain
 * @param options how much is read: with a domain, a limit ends the reading
 * @returns in the order of the file; none only where `accept` took none
 * @throws {InputError} that names the folder, the line and the sample where something is wrong
 */
export async function readFolderDataSet(
  folder: string,
  domain?: string,
  options: ListOptions = {},
): Promise<FolderSample[]> {
  const path = await containedPath(folder, samplesFile);
  const listing = new Listing(options);
  const ids = new Set<string>(), domains = new Set<string>();
  let number = 0;
  for await (const line of linesOf(path)) {
    number++;
    if (line.trim() === "") continue;
    const place = `line ${number} of ${samplesFile}`;
    const sample = await listing.attempt(place, () => {
      const json = parsedLine(line, `${place} in ${folder}`);
      if (Array.isArray(json)) {
        throw new InputError(`Cannot read ${place} in ${folder}: it is a list; ${oneALine}`);
      }
      const entry = parseSample(json, place);
      if (!ids.has(entry.id)) return { ...entry, folder };
      throw new InputError(`Cannot read ${place}: sample ${quoted(entry.id)} is there already`);
    });
    if (!sample) continue;
    ids.add(sample.id);
    domains.add(sample.domain);
    if (domain === undefined || sample.domain === domain) listing.add(sample);
    if (domain !== undefined && listing.isFull(domain)) break;
  }
  if (listing.read > 0) return listing.samples;
  throw new InputError(
    ids.size === 0
      ? `Cannot use data set ${folder}: ${samplesFile} has no samples`
      : `Cannot use domain ${quoted(domain!)} of ${folder}: it has ${[...domains].join(", ")}`,
  );
}

function parsedLine(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    const wanted = /^\s*\[/.test(line)
      ? ` but the beginning of a list; ${oneALine}`
      : /\b(NaN|Infinity)\b/.test(line)
      ? ", which has no NaN or Infinity; wanted numbers, or null"
      : "; wanted one object a line";
    throw new InputError(`Cannot read ${place}: it is not JSON${wanted}`);
  }
}

/** How a list becomes lines. */
const oneALine = `wanted one object a line: jq -c ".[]" FILE > ${samplesFile}`;

/** What is wrong with a box in an image; null where nothing is. */
function boxProblem(box: readonly number[], width: number, height: number): string | null {
  const largest = Math.max(...box);
  if (largest <= 1 && Math.min(width, height) > 1 && !box.every(Number.isInteger)) {
    return `is within one pixel; wanted pixels of an image of ${width} x ${height}, not shares of its sides`;
  }
  if (box[2] <= width && box[3] <= height) return null;
  return `leaves its image of ${width} x ${height} pixels` +
    (largest <= 1000 ? "; wanted pixels, not thousandths of its sides" : "");
}

/** Throws where a box of evidence or foils leaves its image. */
function checkBoxes(
  id: string,
  evidence: readonly Evidence[],
  images: readonly RgbImage[],
): void {
  for (const piece of evidence) {
    if ("text" in piece || piece.box === undefined) continue;
    const { width, height } = images["image" in piece ? piece.image : piece.frames[0]];
    const problem = boxProblem(piece.box, width, height);
    if (problem !== null) {
      throw new InputError(
        `Cannot load sample ${quoted(id)}: box [${piece.box.join(", ")}] ${problem}`,
      );
    }
  }
}

/**
 * Loads a sample's images.
 *
 * @param sample of {@link readFolderDataSet}
 * @returns the sample with its images in memory
 * @throws {InputError} that names the sample, if a path leaves the folder, an image is missing or
 *   damaged, frames differ in size, or a box of the evidence leaves its image
 */
export async function loadSample(sample: FolderSample): Promise<Sample> {
  return await loadSampleOnce(sample);
}

/**
 * Loads a sample's images, those that other samples showed from where they are kept.
 *
 * @param memory where images are kept for other samples; nowhere by default
 * @throws {InputError} as {@link loadSample}
 */
export async function loadSampleOnce(
  sample: FolderSample,
  memory?: BoundedCache,
): Promise<Sample> {
  const { folder, images, video, ...text } = sample;
  const loaded = new Map<string, RgbImage>(); // a frame that is held appears several times
  const decoded: RgbImage[] = [];
  for (const path of images ?? video.frames) {
    try {
      if (!/^[a-z][a-z0-9+.-]+:/i.test(path)) await containedPath(folder, path);
      const image = loaded.get(path) ?? await loadImage(path, { mediaDir: folder, memory });
      loaded.set(path, image);
      decoded.push(image);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`Cannot load sample ${quoted(sample.id)}: ${error.message}`);
    }
  }
  const odd = decoded.findIndex((image) =>
    image.width !== decoded[0].width || image.height !== decoded[0].height
  );
  if (video && odd >= 0) {
    throw new InputError(
      `Cannot load sample ${quoted(sample.id)}: frame ${odd} differs in size from frame 0`,
    );
  }
  checkBoxes(sample.id, [...sample.evidence, ...(sample.foils ?? []).flat()], decoded);
  return video
    ? { ...text, video: { frames: decoded, fps: video.fps } }
    : { ...text, images: decoded };
}

/** A name for files made from a text that may hold anything. */
const fileName = (name: string): string => name.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 100);

/**
 * Writes a folder data set: `samples.jsonl`, and the images as PNG files in a folder for each
 * domain. An image object that appears several times in a sample is written once.
 *
 * @param folder made if it is not there; files of other samples in it stay
 * @param samples with different ids
 * @throws {InputError} that names the sample, when an id is there twice or a sample is malformed
 *
 * @example
 * ```ts
 * import { loadSample, readFolderDataSet, writeFolderDataSet } from "./folder_data_set.ts";
 * import { domainOf } from "../../lab/synthetic/domains.ts";
 * import { assertEquals } from "@std/assert";
 * const folder = await Deno.makeTempDir();
 * const options = { cellsPerSide: 4, images: 1, difficulty: 1, split: "test" } as const;
 * const sample = domainOf("scene").generate(1, options);
 * await writeFolderDataSet(folder, [sample]);
 * const [again] = await readFolderDataSet(folder);
 * assertEquals(await loadSample(again), sample);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function writeFolderDataSet(
  folder: string,
  samples: readonly Sample[],
): Promise<void> {
  const entries: SampleEntry[] = [];
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const sample of samples) {
    if (ids.has(sample.id)) {
      throw new InputError(`Cannot write sample ${quoted(sample.id)}: its id is there twice`);
    }
    ids.add(sample.id);
    let name = `${fileName(sample.domain)}/${fileName(sample.id)}`;
    while (names.has(name.toLowerCase())) name += "_"; // some file systems ignore case
    names.add(name.toLowerCase());
    const paths = await writeImages(folder, name, sample);
    const { images: _images, video, ...text } = sample;
    const media = video ? { video: { frames: paths, fps: video.fps } } : { images: paths };
    entries.push(parseSample({ ...text, ...media }, "to be written"));
  }
  const lines = entries.map((entry) => JSON.stringify(entry) + "\n");
  await writeTextAtomically(`${folder}/${samplesFile}`, lines.join(""));
}

/** Writes the images of one sample. @returns their paths, relative to the folder */
async function writeImages(folder: string, name: string, media: SampleMedia): Promise<string[]> {
  const paths = new Map<RgbImage, string>();
  for (const image of imagesOf(media)) {
    if (paths.has(image)) continue;
    const path = `${name}-${paths.size}.png`;
    const bytes = await encodePng(image);
    await writeAtomically(`${folder}/${path}`, (file) => writeAll(file, bytes));
    paths.set(image, path);
  }
  return imagesOf(media).map((image) => paths.get(image)!);
}
