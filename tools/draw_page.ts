/**
 * Draws the README's figure of a page: sections of SQLite's manual ("Atomic Commit In SQLite", in the public domain; Debian's
 * `sqlite3-doc` 3.40.1), which no training saw, before `qwen-vision` (`tools/train_photographs.ts`), and where the head that
 * was best on texts looks when the answer begins. Prints the numbers.
 *
 *     deno run -A tools/draw_page.ts [--model data/models/qwen-vision]
 *       [--scores data/results/qwen/identify] [--out docs/figures/page.svg]
 * @module
 */
import { parseArgs } from "node:util";
import { headName } from "../lib/common/head_id.ts";
import { attentionPanels } from "../lib/experiments/attention_view.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { attentionOverlay } from "../lib/figures/attention_overlay.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { topHeads } from "../lib/heads/select.ts";
import { tokensOf } from "../lib/inputs/token_spans.ts";
import { headedSections } from "../lab/pages/headed_sections.ts";
import { manualSample } from "../lab/pages/manual_page.ts";
import { manualSections } from "../lab/pages/manuals.ts";
import { firstToken, likeliestToken } from "../lab/studies/next_token.ts";
import { replyView } from "../lab/studies/reply_view.ts";

/** Sections 1, 5.2, 7.3 and 6 with the beginnings of their texts; a page shows the last digit of a number of several. */
const manual = `
1.1. Introduction

An important feature of transactional databases like SQLite is "atomic commit". Atomic commit means that either all
database changes within a single transaction occur or none of them occur.

5.2. The Super-Journal File

The next step in a multi-file commit is the creation of a "super-journal" file. The name of the super-journal file is the
same name as the original database filename

7.3. Do Not Journal Freelist Pages

When information is deleted from an SQLite database, the pages used to hold the deleted information are added to a
"freelist".

1.6. Additional Details Of The Commit Process

Section 3.0 above provides an overview of how atomic commit works in SQLite. But it glosses over a number of important
details.
`;

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      model: { type: "string", default: "data/models/qwen-vision" },
      scores: { type: "string", default: "data/results/qwen/identify" },
      out: { type: "string", default: "docs/figures/page.svg" },
      seed: { type: "string", default: "4" },
    },
  });
  using model = await fromPretrained(values.model, { dtype: "float32" });
  const { tokenizer } = model.processor;
  const encode = (text: string) => Array.from(tokenizer.encode(text, { addSpecialTokens: false }));
  const decode = (ids: readonly number[]) => tokenizer.decode([...ids]);
  const sections = headedSections(
    { encode, decode },
    manualSections(manual),
    new Set(["Introduction", "The", "Do", "Additional"]),
  );
  const drawn = manualSample(Number(values.seed), sections, "sqlite", { level: 0 });
  const { sample, begun, candidates } = drawn;
  const found = await readFoundHeads(values.scores);
  const [best] = topHeads(meanScores(scoresBy(found, "calibrated")), model.grid, { count: 1 });
  const { question } = sample;
  const { prompt, attention, next } = await replyView(model, sample, begun);
  const ram = attention.mass(best, tokensOf(prompt.spans.evidence));
  const tokens = candidates.map((text) => firstToken(model, text));
  console.log(JSON.stringify({
    ...{ question, head: headName(best), ram },
    right: sample.answer,
    chosen: sample.choices![tokens.indexOf(likeliestToken(next, tokens))],
  }));
  const panels = attentionPanels(prompt, sample.images, attention.head(best))
    .map((panel) => ({ ...panel, title: `${question} ${(100 * ram).toFixed(0)}%` }));
  const figure = attentionOverlay(panels, {
    ...{ columns: 1, resolution: 480, imageHeight: 360, width: 480 },
    title: `${headName(best)}, found on texts, on a page of SQLite's manual`,
  });
  await Deno.writeTextFile(values.out, figure.toSvg());
}
