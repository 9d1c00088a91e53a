// deno-lint-ignore-file no-control-regex -- the first bytes of files
/**
 * Videos in files: ffprobe counts their frames, ffmpeg unpacks those that the model sees. Animated
 * GIF and WebP files need neither.
 *
 * How many frames there are, and how many a second, is found as torchcodec finds it (the decoder of
 * transformers), by going through all packets: their number, and that number divided by the time
 * from the first to the end of the last.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { fileError } from "../common/system_errors.ts";
import { readAnimation } from "./animation.ts";
import { runFfmpeg } from "./ffmpeg.ts";
import { maxImagePixels, type RgbImage } from "./image.ts";
import { imageFormat } from "./image_format.ts";
import { bytesOf, type FoundFile, type MediaAccess } from "./media_source.ts";
import { PpmReader } from "./ppm_reader.ts";
import type { Video } from "./video.ts";

/** Chooses the frames that are unpacked. */
export type ChooseFrames = (total: number, fps: number) => readonly number[];

/** Most bytes of ffprobe's list of packets. */
const mostListing = 1 << 28;

/** Most bytes of all unpacked frames of a video. */
const mostFrameBytes = 3_000_000_000;

/** Container formats by the first bytes of a file, under ffmpeg's names: no playlists among them. */
const containers: readonly (readonly [format: string, bytes: RegExp])[] = [
  ["mov", /^[^]{4}(ftyp|moov|mdat|wide|free|skip|pnot)/],
  ["matroska", /^\u001aE\u00df\u00a3/],
  ["avi", /^RIFF[^]{4}AVI /],
  ["flv", /^FLV\u0001/],
  ["ogg", /^OggS/],
  ["asf", /^0&\u00b2u\u008ef\u00cf\u0011/],
  ["mpegts", /^G[^]{187}G/],
  ["mpeg", /^\0\0\u0001\u00ba/],
  ["mpegvideo", /^\0\0\u0001\u00b3/],
];

/** ffmpeg's name of a file's container. */
function containerOf(start: Uint8Array, name: string): string {
  const text = String.fromCharCode(...start);
  const format = containers.find(([, pattern]) => pattern.test(text))?.[0];
  if (format !== undefined) return format;
  throw new InputError(
    `Cannot read ${name}: it is no video of a kind that is read (MP4, MOV, WebM, Matroska, AVI, ` +
      `FLV, Ogg, WMV, MPEG, animated GIF or WebP); or give its frames as a list of images`,
  );
}

/** The first bytes of a file. */
async function beginningOf(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path); // a regular file: its finder made sure
  const bytes = new Uint8Array(400);
  let length = 0;
  for (let count: number | null = 1; count && length < bytes.length; length += count ?? 0) {
    count = await file.read(bytes.subarray(length));
  }
  return bytes.subarray(0, length);
}

/** Whether a file begins like a video or an animation, not like a single image. */
export async function isVideoFile(path: string): Promise<boolean> {
  const start = await beginningOf(path), format = imageFormat(start);
  if (format === "GIF" || format === "WebP") {
    const { default: sharp } = await import("sharp");
    const pages = (await sharp(path).metadata().catch(() => null))?.pages ?? 1;
    return pages > 1;
  }
  return format === null &&
    containers.some(([, pattern]) => pattern.test(String.fromCharCode(...start)));
}

/**
 * Checks that a video can be read here, without unpacking its frames.
 *
 * @throws {InputError} as {@link readVideoFile}
 */
export async function checkVideoFile(found: FoundFile, { ffmpegDir }: MediaAccess): Promise<void> {
  if (!("path" in found)) return;
  const start = await beginningOf(found.path), format = imageFormat(start), { name } = found;
  if (format === "GIF" || format === "WebP") return;
  await probe(["-f", containerOf(start, name), "-i", `file:${found.path}`], ffmpegDir, name);
}

/** What ffprobe lists, as far as it is used. */
interface Listing {
  readonly packets?: readonly {
    readonly pts?: number;
    readonly dts?: number;
    readonly duration?: number;
    readonly flags?: string;
  }[];
  readonly streams?: readonly {
    readonly width?: number;
    readonly height?: number;
    readonly time_base?: string;
    readonly avg_frame_rate?: string;
  }[];
}

/** A fraction such as `30000/1001`; 0 where it is none. */
function fraction(text = ""): number {
  const [over, under = "1"] = text.split("/");
  const value = Number(over) / Number(under);
  return Number.isFinite(value) ? value : 0;
}

/** Frames, rate and size of the first video stream. */
interface VideoFacts {
  readonly total: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
}

/** Counts the frames of a video from ffprobe's list of its packets. */
export function countFrames(listing: Listing, name: string): VideoFacts {
  const [stream] = listing.streams ?? [];
  if (stream === undefined) throw new InputError(`Cannot read ${name}: it holds no video stream`);
  const packets = (listing.packets ?? []).filter(({ flags = "" }) => !flags.includes("D"));
  let first = Infinity, end = -Infinity;
  for (const { pts, dts, duration = 0 } of packets) {
    const time = pts ?? dts;
    if (time === undefined) continue;
    first = Math.min(first, time);
    end = Math.max(end, time + duration);
  }
  const seconds = (end - first) * fraction(stream.time_base), total = packets.length;
  const fps = seconds > 0 ? total / seconds : fraction(stream.avg_frame_rate);
  if (!(total > 0 && fps > 0 && fps < Infinity)) {
    throw new InputError(`Cannot read ${name}: ${total} frames, ${fps} a second`);
  }
  return { total, fps, width: stream.width ?? 0, height: stream.height ?? 0 };
}

/** Asks ffprobe about a video. */
async function probe(input: readonly string[], folder: string | undefined, name: string) {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const entries = "packet=pts,dts,duration,flags:stream=width,height,time_base,avg_frame_rate";
  const args = ["-select_streams", "V:0", "-show_entries", entries, "-of", "json=c=1", ...input];
  await runFfmpeg({ program: "ffprobe", folder, args, name }, (piece) => {
    length += piece.length;
    if (length > mostListing) throw new InputError(`Cannot read ${name}: it has too many frames`);
    pieces.push(piece);
  });
  const text = await new Blob(pieces as BlobPart[]).text();
  let listing: Listing;
  try {
    listing = JSON.parse(text);
  } catch {
    throw new InputError(`Cannot read ${name}: ffprobe does not answer in JSON`);
  }
  return countFrames(listing, name);
}

/** ffmpeg's expression that is not 0 for some frames; balanced, since ffmpeg nests 100 deep at most. */
export function frameExpression(indices: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const index of indices) {
    const run = runs.at(-1);
    if (run && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  const sum = (terms: readonly (readonly [number, number])[]): string => {
    if (terms.length > 1) {
      const middle = terms.length >> 1;
      return `(${sum(terms.slice(0, middle))}+${sum(terms.slice(middle))})`;
    }
    const [[first, last]] = terms;
    return first === last ? `eq(n,${first})` : `between(n,${first},${last})`;
  };
  return sum(runs);
}

/** Unpacks some frames of a video, in order. */
async function unpack(
  input: readonly string[],
  indices: readonly number[],
  folder: string | undefined,
  name: string,
): Promise<RgbImage[]> {
  const wanted = [...new Set(indices)].sort((a, b) => a - b);
  // consecutive time stamps, so that no frame is repeated or left out for its time
  const filter = `select='${frameExpression(wanted)}',settb=1/25,setpts=N`;
  const args = ["-nostdin", "-threads", "2", ...input, "-map", "0:V:0", "-vf", filter, "-r", "25"];
  const output = ["-frames:v", String(wanted.length), "-f", "image2pipe", "-c:v", "ppm", "pipe:1"];
  const reader = new PpmReader(name);
  const run = { program: "ffmpeg", folder, args: [...args, ...output], name } as const;
  await runFfmpeg(run, (piece) => reader.add(piece));
  const frames = reader.finish();
  if (frames.length === wanted.length) {
    return indices.map((index) => frames[wanted.indexOf(index)]);
  }
  throw new InputError(
    `Cannot read ${name}: ffmpeg unpacked ${frames.length} of ${wanted.length} frames; the file is ` +
      `damaged or cut off`,
  );
}

/** Reads a video that lies in a file of its own. */
async function readPath(
  path: string,
  choose: ChooseFrames,
  { ffmpegDir, maxPixels = maxImagePixels }: MediaAccess,
  name: string,
): Promise<Video> {
  const start = await beginningOf(path);
  if (imageFormat(start) === "GIF" || imageFormat(start) === "WebP") {
    return await readAnimation(await bytesOf({ path, name }), choose, name);
  }
  const input = ["-f", containerOf(start, name), "-i", `file:${path}`];
  const { total, fps, width, height } = await probe(input, ffmpegDir, name);
  const indices = choose(total, fps), bytes = indices.length * width * height * 3;
  if (width * height > maxPixels || bytes > mostFrameBytes) {
    throw new InputError(
      `Cannot read ${name}: ${indices.length} frames of ${width} x ${height} pixels take ` +
        `${(bytes / 1e9).toPrecision(2)} GB; ask for fewer (fps, nframes) or make it smaller first`,
    );
  }
  const frames = await unpack(input, indices, ffmpegDir, name);
  return { frames, fps, chosen: { indices, total } };
}

/**
 * Reads the frames of a video file that a model sees.
 *
 * @param choose which frames, from how many and how many a second
 * @throws {InputError} if ffmpeg is needed and not there, or the file is damaged or none of a kind
 *   that is read
 */
export async function readVideoFile(
  found: FoundFile,
  choose: ChooseFrames,
  access: MediaAccess,
): Promise<Video> {
  if ("path" in found) return await readPath(found.path, choose, access, found.name);
  const { bytes, name } = found, format = imageFormat(bytes);
  if (format === "GIF" || format === "WebP") return await readAnimation(bytes, choose, name);
  let path: string;
  try {
    path = await Deno.makeTempFile({ prefix: "corelens-" }); // ffmpeg jumps about in files
  } catch (error) {
    throw fileError("make a temporary copy of", name, error);
  }
  try {
    await Deno.writeFile(path, bytes);
    return await readPath(path, choose, access, name);
  } finally {
    await Deno.remove(path);
  }
}
