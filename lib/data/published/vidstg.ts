/**
 * VidSTG: sentences and questions on videos, and when (and where) what they speak of is seen.
 *
 * `train_annotations.json`, `val_annotations.json` and `test_annotations.json` are arrays of `vid`,
 * `fps`, `frame_count`, `width`, `height`, `used_segment` and `temporal_gt` (each `begin_fid` and
 * `end_fid`, frames from 0), `captions` and `questions` (each `description`, `target_id`). Source:
 * https://github.com/Guaranteer/VidSTG-Dataset. The last frame of `temporal_gt` is excluded (it
 * reaches `frame_count`), that of `used_segment` included. Boxes of the targets are in the annotations
 * of VidOR (https://xdshang.github.io/docs/vidor.html); where a folder `vidor` holds them, evidence
 * has boxes.
 *
 * A sample shows the frames of the used segment, asks when the sentence is seen and counts an answer
 * as right at a temporal intersection over union of at least 0.5.
 *
 * @module
 */
import type { Evidence } from "../sample.ts";
import type { PublishedLayout, SampleDraft } from "./layout.ts";
import type { MediaFolder, NumberedImage } from "./media_folder.ts";
import { intervalText } from "./overlap.ts";
import type { Row } from "./row.ts";
import { openVidor, type Trajectories } from "./vidor.ts";

/** Frames of the used segment, every one of them or each k-th. */
async function segmentFrames(media: MediaFolder, row: Row) {
  const vid = row.text("vid"), segment = row.row("used_segment");
  const first = segment.whole("begin_fid"), last = segment.whole("end_fid");
  const purpose = {
    what: "frames",
    where: row.where,
    command: `mkdir -p frames/VIDEO && ffmpeg -i VIDEO.mp4 -vf "settb=1,setpts=N,` +
      `select=not(mod(n\\,15))" -fps_mode passthrough -enc_time_base 1 -frame_pts 1 ` +
      `frames/VIDEO/%06d.jpg`,
  };
  const frames = (await media.numbered("frames", vid, purpose))
    .filter(({ number }) => first <= number && number <= last);
  if (frames.length === 0) {
    throw segment.wrong("begin_fid", `a segment with frames in frames/${vid}`);
  }
  const step = frames.length > 1 ? frames[1].number - frames[0].number : 1;
  const odd = frames.findIndex(({ number }, i) => number !== frames[0].number + i * step);
  if (odd >= 0) {
    throw row.wrong(
      "vid",
      `frames at equal steps; after ${frames[odd - 1].number} in ` +
        `frames/${vid} comes ${frames[odd].number}, not ${frames[odd - 1].number + step}`,
    );
  }
  return { frames, fps: row.positive("fps") / step };
}

/**
 * Where the target is seen: a box for each frame if they are known, or the frames; none where the
 * relation holds only between the frames that are there.
 */
async function evidenceOf(
  frames: readonly NumberedImage[],
  [from, to]: readonly [number, number],
  target: Row,
  tracks: Trajectories | null,
): Promise<Evidence[]> {
  const seen = frames.flatMap(({ number }, i) => from <= number && number < to ? [i] : []);
  if (!tracks) return seen.length > 0 ? [{ frames: [seen[0], seen[seen.length - 1]] }] : [];
  const evidence: Evidence[] = [];
  for (const i of seen) {
    const box = await tracks.box(frames[i], target.whole("target_id"));
    if (box) evidence.push({ frames: [i, i], box });
  }
  return evidence;
}

/** The layout. */
export const vidstg: PublishedLayout = {
  name: "vidstg",
  wanted: "annotations/val_annotations.json (or train, test) and frames/VIDEO/FRAME.jpg",
  folders: ["annotations", ""],
  files: /^(train|val|test)_annotations\.json$/,
  open: (media) => {
    const vidor = openVidor(media);
    return async (row) => {
      const { frames, fps } = await segmentFrames(media, row);
      const truth = row.row("temporal_gt");
      const from = truth.whole("begin_fid"), to = truth.whole("end_fid");
      if (from >= to) throw truth.wrong("begin_fid", "a frame before end_fid");
      const seconds = (frame: number) =>
        Math.max(0, frame - frames[0].number) / row.positive("fps");
      const tracks = await vidor(row);
      const samples: SampleDraft[] = [];
      for (const sentence of [...row.rows("captions"), ...row.rows("questions")]) {
        samples.push({
          video: { frames: frames.map(({ path }) => path), fps },
          question: `When is this seen: ${sentence.text("description")} Give the start and the ` +
            `end in seconds.`,
          answer: intervalText(seconds(from), seconds(to)),
          metric: "interval",
          evidence: await evidenceOf(frames, [from, to], sentence, tracks),
        });
      }
      return samples;
    };
  },
};
