/**
 * MLVU: multiple-choice questions on long videos, one file a task.
 *
 * `json/1_plotQA.json` to `json/7_topic_reasoning.json` are arrays of `video` (a file name),
 * `duration` in seconds, `question`, `candidates`, `answer` (one of them) and `question_type`; videos
 * lie in `video/1_plotQA` and so on. Source: the folders `MLVU/json` and `MLVU/video` of
 * https://huggingface.co/datasets/MLVU/MVLU as the benchmark's `choice_bench.py` reads them
 * (https://github.com/JUNJIE99/MLVU, which keeps the files in `data`). The tasks 8 and 9 (captions and summaries, which a language
 * model scores) are not read.
 *
 * Six of the 2,175 published entries have an empty text or an answer that is no candidate. Read is what
 * the benchmark's check can count as right and an answer can be compared with: an empty text beside
 * the right one keeps its letter, as there; where the answer itself is empty or none of the candidates,
 * the entry is left out. An answer that stands twice has the letter of the last, as there.
 *
 * MLVU does not publish where in a video the answer is, so its samples have no evidence: heads can be
 * tested on it (ablation, acceleration), and are found elsewhere.
 *
 * @module
 */
import type { PublishedLayout } from "./layout.ts";

const letter = (index: number): string => String.fromCharCode(65 + index);

/** `(A) red` and so on, as the benchmark lists candidates. */
const listed = (candidates: readonly string[]): string =>
  candidates.map((one, i) => `(${letter(i)}) ${one}`).join("\n");

/** The layout. */
export const mlvu: PublishedLayout = {
  name: "mlvu",
  wanted: "json/1_plotQA.json (to 7_topic_reasoning.json) and frames/1_plotQA/VIDEO/NUMBER.jpg",
  folders: ["json", "MLVU/json", "data", "MLVU/data"],
  files: /^[1-7]_\w+\.json$/,
  open: (media) => async (row, file) => {
    const task = file.slice(file.lastIndexOf("/") + 1).replace(/\.json$/, "");
    const video = row.text("video").replace(/\.\w+$/, "");
    const duration = row.positive("duration");
    const published = row.textsOrEmpty("candidates"), publishedAnswer = row.textOrEmpty("answer");
    const candidates = published.map((one) => one.trim()), answer = publishedAnswer.trim();
    const letters = candidates.some((one) => /^\P{L}*[a-z]\P{L}*$/iu.test(one));
    if (candidates.length < 2 || candidates.length > 26 || letters) {
      throw row.unusable("candidates", "2 to 26 answers to choose from, none of them one letter");
    }
    const right = published.lastIndexOf(publishedAnswer);
    if (answer === "" || right < 0) throw row.unusable("answer", "one of the candidates");
    const frames = await media.numbered(`frames/${task}`, video, {
      what: "frames",
      where: row.where,
      command: `mkdir -p frames/${task}/VIDEO && ffmpeg -i VIDEO.mp4 -vf fps=0.5 ` +
        `frames/${task}/VIDEO/%06d.jpg`,
    });
    return [{
      video: { frames: frames.map(({ path }) => path), fps: frames.length / duration },
      question: `${row.text("question")}\n${listed(candidates)}\nAnswer with one letter.`,
      answer: [letter(right), answer],
      choices: candidates,
      chance: 1 / candidates.length,
      metric: "mlvu",
      evidence: [],
    }];
  },
};
