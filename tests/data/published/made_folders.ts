import { type Files, numbered, Picture, upTo } from "./data_set.ts";

/** A made-up data set: an image size, how many pages or frames, one of them, and a share. */
export interface Made {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  readonly chosen: number;
  readonly share: number;
}

/** Files of each layout; the evidence begins at `share` of the image, in image or frame `chosen`. */
export const folders: Readonly<Record<string, (made: Made) => Files>> = {
  refcocog: ({ width, height, share }) => ({
    "val.json": [{
      answer: ["this", "that"],
      bbox: [width * share, height * share, width / 2, height / 2],
      file_name: "a.png",
    }],
    "images/a.png": new Picture(width, height),
  }),
  vidstg: ({ width, height, count, chosen }) => ({
    "val_annotations.json": [{
      vid: "1",
      fps: 6,
      used_segment: { begin_fid: 0, end_fid: count * 3 },
      temporal_gt: { begin_fid: chosen * 3, end_fid: chosen * 3 + 1 },
      captions: [{ description: "it is seen.", target_id: 0 }],
      questions: [],
    }],
    ...numbered("frames/1", upTo(0, count * 3, 3), new Picture(width, height)),
  }),
  mmdocir: ({ width, height, count, chosen, share }) => ({
    "MMDocIR_annotations.jsonl": JSON.stringify({
      doc_name: "a.pdf",
      page_indices: [5, 4 + count],
      questions: [{
        Q: "what?",
        A: "7",
        page_id: [chosen],
        layout_mapping: [{
          page: chosen,
          page_size: [100, 200],
          bbox: [100 * share, 200 * share, 100, 200],
        }],
      }],
    }),
    ...numbered("page_images/a", upTo(0, count - 1), new Picture(width, height)),
  }),
  "mmlongbench-doc": ({ width, height, count, chosen }) => ({
    "samples.json": [{
      doc_id: "a.pdf",
      question: "what?",
      answer: "['b', 'c']",
      evidence_pages: `[${chosen + 1}]`,
      answer_format: "List",
    }],
    ...numbered("pages/a", upTo(1, count), new Picture(width, height)),
  }),
  mlvu: ({ width, height, count }) => ({
    "json/3_ego.json": [{
      video: "a.mp4",
      duration: count,
      question: "what?",
      candidates: ["a dog", "a cat"],
      answer: "a cat",
    }],
    ...numbered("frames/3_ego/a", upTo(1, count), new Picture(width, height)),
  }),
};
