/**
 * Records of `qwen-photographs` (`tools/train_projector.ts`): what it answers about eight photographs that the projector was
 * trained on in new views, about photographs and names that it was not (each of these once), and from the names as text;
 * which heads look the answer up, and what their loss costs. Parts `identify-reply`, `identify-null-reply` and
 * `ablate-reply` score heads where the reply begins, the same where question and reply are about a picture that is not
 * there, and ask about photographs that the projector was not trained on. Resumable; run it again to go on.
 *
 *     deno run -A tools/study_albums.ts [--samples 24] [--scored 24] [--ablated 20] [--views seen,read]
 *       [--parts reading,naming,which,identify,ablate] [--model data/models/qwen-photographs]
 *       [--name "Qwen2.5-Coder-0.5B-Instruct with EfficientNet-Lite0"] [--out data/results/qwen-photographs]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { findHeads, type LazyHeadSample } from "../lib/experiments/find_heads.ts";
import { type FoundHeads, readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { topHeads } from "../lib/heads/select.ts";
import { albumAsking, type AlbumSample, albumSample } from "../lab/pages/albums.ts";
import type { PhotographQuestion } from "../lab/pages/photograph_samples.ts";
import {
  keptForValidation,
  loadPhotographs,
  type PhotographKind,
  photographKinds,
  photographsFolder,
} from "../lab/pages/photographs.ts";
import {
  photographReading,
  photographViews,
  picturedCompletions,
} from "../lab/studies/photograph_reading.ts";
import { type BegunReply, lessAsked, replyHeadSamples } from "../lab/studies/reply_samples.ts";
import { isOneToken } from "../lab/training/photograph_batches.ts";
import { partsWithoutRecord } from "./study_parts.ts";
import { progress } from "./study_smol.ts";

/** Scores that are kept of every head: what chooses the heads, what matches controls, and rivals. */
const albumRules = ["ram", "calibrated", "null-ram", "selectivity", "context-mass"];
/** Of these, what can be read where a reply begins: what it asks of the context is what the null reply lacks. */
const replyRules = ["ram", "calibrated", "null-ram", "context-mass"];

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "data/models/qwen-photographs" },
      samples: { type: "string", default: "24" },
      scored: { type: "string", default: "24" },
      ablated: { type: "string", default: "20" },
      parts: { type: "string", default: "naming,reading,which,identify,ablate" },
      views: { type: "string", default: "seen,read" },
      name: { type: "string", default: "Qwen2.5-Coder-0.5B-Instruct with EfficientNet-Lite0" },
      out: { type: "string", default: "data/results/qwen-photographs" },
    },
  });
  const [count, scored, ablated] = [values.samples, values.scored, values.ablated].map(Number);
  const wanted = partsWithoutRecord(values.out, values.parts);
  using model = await fromPretrained(values.model, { dtype: "float32" });
  const { tokenizer } = model.processor;
  const encode = (text: string) => Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
  const all = await loadPhotographs(photographsFolder, (name) => isOneToken(encode, name));
  const known = all.filter(({ kind }) => kind === "train");
  const apart = keptForValidation(known.map(({ name }) => name));
  const learnt = known.filter((_, i) => !apart[i]);
  const photographs = [...learnt, ...all.filter(({ kind }) => kind !== "train")];
  const { name } = values;
  const folder = (part: string) => join(values.out, part);
  /** Albums of one kind, each about another photograph: about all of them, or as many of them as are wanted. */
  const albums = (
    set: PhotographKind,
    question: PhotographQuestion,
    pictures: number,
    { wanted = Infinity, from = 0, shift = 0 } = {},
  ) => {
    const own = photographs.filter(({ kind }) => kind === set);
    return Array.from({ length: Math.min(wanted, own.length) }, (_, i) => {
      const about = Math.floor((i + shift) * own.length / Math.min(wanted, own.length));
      return {
        id: `${set} ${question} ${pictures} ${about}`,
        kind: `${set}, ${question}, ${pictures}`,
        draw: () =>
          albumSample(from + about, own, {
            ...{ question, count: pictures, split: "test", set, about },
          }),
      };
    });
  };
  const asked = (question: PhotographQuestion) =>
    photographKinds.flatMap((set) =>
      albums(set, question, 8, { wanted: set === "train" ? count : undefined })
    );
  const data = "photographs of tuxpaint-stamps-default";
  const views = photographViews.filter((view) => values.views.split(",").includes(view));
  const readings = [
    ["naming", "what", ["named", "pointed"]],
    ["reading", "what", views],
    ["which", "which", views],
  ] as const;
  for (const [part, question, shown] of readings) {
    if (!await wanted(part)) continue;
    const samples = asked(question);
    await photographReading({ model, samples, name, data, views: shown }, {
      folder: folder(part),
      onProgress: progress(part),
    });
  }

  // heads are found on some photographs and ablated on others; in part `ablate` the projector knows these, in new views:
  // of those that it does not, the language model as it is answers too few for a loss to show
  const drawn = (from: number, wanted: number, shift: number) =>
    albums("train", "what", 8, { wanted, from, shift }).map(({ draw }) => draw());
  const common = { model: name, seed: 0 };
  /** Scores heads on the same albums, from their questions' tokens or from how the reply begins. */
  const identify = async (
    part: string,
    rules: readonly string[],
    prepared: (albums: readonly AlbumSample[]) => readonly LazyHeadSample[],
  ) => {
    if (!await wanted(part)) return;
    await findHeads(model, prepared(drawn(1000, scored, 0)), {
      ...common,
      folder: folder(part),
      data: `albums, what, 8, ${scored}`,
      rules: rules.map((rule) => ruleNamed(rule)),
      onProgress: progress(part),
    });
  };
  await identify(
    "identify",
    albumRules,
    (albums) => headSamples(model, albums.map(({ sample }) => sample)),
  );
  /** Asked for a picture that is not there, as the null query asks, and its reply. */
  const nowhere = ({ sample, names }: AlbumSample) => ({
    sample: { ...sample, question: sample.null! },
    begun: albumAsking("what", "", names.length + 1).begun,
  });
  const replies = (
    albums: readonly AlbumSample[],
    of: (own: AlbumSample) => Omit<BegunReply, "nullBegun">,
  ) =>
    replyHeadSamples(model, albums.map((own) => ({ ...of(own), nullBegun: nowhere(own).begun })));
  await identify("identify-reply", replyRules, (albums) => replies(albums, (own) => own));
  await identify("identify-null-reply", ["ram"], (albums) => replies(albums, nowhere));
  const onText = () => readFoundHeads(join("data", "results", "qwen", "identify"));
  const best = (rule: string, record: FoundHeads) =>
    topHeads(meanScores(scoresBy(record, rule)), model.grid, { fraction: 0.05 });
  const ablation = { ...common, scope: "answer" as const, fractions: [0.05] };
  if (await wanted("ablate")) {
    const found = await readFoundHeads(folder("identify"));
    const samples = picturedCompletions(model, drawn(2000, ablated, 0.5));
    await ablateHeads(model, samples, scoresBy(found, "calibrated"), {
      ...ablation,
      sets: {
        "ram": best("ram", found),
        "calibrated-on-text": best("calibrated", await onText()),
      },
      folder: folder("ablate"),
      data: `albums about other photographs, what, 8, ${ablated}`,
      onProgress: progress("ablate"),
    });
  }
  if (await wanted("ablate-reply")) {
    const found = await readFoundHeads(folder("identify-reply"));
    const scores = lessAsked(found, await readFoundHeads(folder("identify-null-reply")));
    const unseen = albums("unseen-photograph", "what", 8, { from: 3000 });
    const samples = picturedCompletions(model, unseen.map(({ draw }) => draw()));
    await ablateHeads(model, samples, scores, {
      ...ablation,
      sets: {
        "calibrated-by-null-reply": best("calibrated", found),
        "calibrated-from-question": best("calibrated", await readFoundHeads(folder("identify"))),
        "calibrated-on-text": best("calibrated", await onText()),
      },
      folder: folder("ablate-reply"),
      data: "albums about photographs not trained on, what, 8",
      onProgress: progress("ablate-reply"),
    });
  }
}
