/**
 * What every family's processor must do on its golden checkpoint: give exactly the tokens, grids and
 * positions of transformers' processor, and its pixels to within one grey level.
 */
import { assert, assertEquals } from "@std/assert";
import { loadChatTemplate } from "../../lib/inputs/chat_template.ts";
import { parseMessages, partsOf } from "../../lib/inputs/messages.ts";
import type { InputRecipe } from "../../lib/inputs/media_layout.ts";
import { loadProcessor } from "../../lib/inputs/processor.ts";
import { type ProcessorFiles, readProcessorFiles } from "../../lib/inputs/processor_files.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { goldenCase, goldenCases, goldenDir } from "./golden.ts";

/** A family's rules for inputs, from the settings of a checkpoint. */
export type ReadInputs = (files: ProcessorFiles) => InputRecipe;

async function readJson(folder: string, file: string) {
  return JSON.parse(await Deno.readTextFile(`${goldenDir(folder)}/${file}`));
}

/** The size of one grey level in `pixel_values`. */
async function greyLevel(folder: string): Promise<number> {
  const { image } = await readProcessorFiles(goldenDir(folder));
  return 1 / 255 / Math.min(...image!.json.image_std as number[]);
}

/** Registers the tests of one golden checkpoint. */
export function inputsSuite(folder: string, readInputs: ReadInputs): void {
  Deno.test(`${folder}: the tokenizer equals the reference's, both ways`, async () => {
    const tokenizer = await loadTokenizer(goldenDir(folder));
    for (const wanted of await readJson(folder, "expected/tokenizer_cases.json")) {
      const { text, ids } = wanted;
      assertEquals([...tokenizer.encode(text)], ids, text);
      const bare = tokenizer.encode(text, { addSpecialTokens: false });
      assertEquals([...bare], wanted.ids_without_special, text);
      assertEquals(tokenizer.decode(ids), wanted.decoded, text);
      const skipped = tokenizer.decode(ids, { skipSpecialTokens: true });
      assertEquals(skipped, wanted.decoded_skip_special, text);
    }
  });

  Deno.test(`${folder}: offsets cover the text and say what each token holds`, async () => {
    const tokenizer = await loadTokenizer(goldenDir(folder));
    for (const { text, ids } of await readJson(folder, "expected/tokenizer_cases.json")) {
      const encoding = tokenizer.encodeWithOffsets(text);
      assertEquals([...encoding.ids], ids);
      const covered = new Set<number>();
      for (let token = 0; token < ids.length; token++) {
        const [start, end] = encoding.offsets.subarray(2 * token, 2 * token + 2);
        assert(start <= end && end <= text.length);
        for (let i = start; i < end; i++) covered.add(i);
        const own = tokenizer.decode([ids[token]]);
        const held = text.slice(start, end);
        // a token that holds part of a character decodes to a replacement mark
        if (own.includes("\ufffd") || start === end) continue;
        const plain = (part: string) => part.normalize("NFD").replace(/\u2581/g, " ").trim();
        assert(
          plain(held).includes(plain(own)) || plain(own).includes(plain(held)),
          `${JSON.stringify(text)}: token ${JSON.stringify(own)} holds ${JSON.stringify(held)}`,
        );
      }
      assertEquals(covered.size, text.length, `${JSON.stringify(text)} is not covered`);
    }
  });

  Deno.test(`${folder}: the chat template renders as transformers does`, async () => {
    const tokenizer = await loadTokenizer(goldenDir(folder));
    const template = await loadChatTemplate(goldenDir(folder), tokenizer.specialTokens);
    for (const wanted of await readJson(folder, "expected/template_cases.json")) {
      assertEquals(template.render(wanted.messages, wanted.kwargs), wanted.prompt);
    }
  });

  for (const name of goldenCases(folder)) {
    Deno.test(`${folder}/${name}: the processor equals transformers'`, async () => {
      const processor = await loadProcessor(goldenDir(folder), readInputs);
      const golden = await goldenCase(folder, name);
      const { messages, templateArguments, fps } = parseMessages(golden.json);
      const prompt = await processor.prepare(messages, {
        mediaDir: `${goldenDir(folder)}/expected`,
        templateArguments,
        fps: fps ?? undefined,
      });
      assertEquals([...prompt.inputIds], golden.json.input_ids);
      assertEquals(prompt.positionIds, golden.inputs.positionIds);
      assertEquals(prompt.nextPosition, golden.inputs.nextPosition);
      if (golden.names.includes("mm_token_type_ids")) {
        assertEquals([...prompt.tokenTypes], [...golden.tensor("mm_token_type_ids").data]);
      }
      assertEquals(Object.keys(prompt.media).sort(), Object.keys(golden.inputs.media).sort());
      for (const [key, { data, shape }] of Object.entries(golden.inputs.media)) {
        const found = prompt.media[key];
        assertEquals(found.shape, shape, key);
        if (!key.startsWith("pixel")) {
          assertEquals(found.data, data, key);
          continue;
        }
        const level = await greyLevel(folder) * 1.001;
        let same = 0;
        for (let i = 0; i < data.length; i++) {
          const gap = Math.abs(found.data[i] - data[i]);
          assert(gap <= level, `${key}[${i}] is ${gap / level} grey levels off`);
          if (gap <= 1e-6) same++;
        }
        const share = same / data.length;
        assert(share >= 0.99, `${key}: only ${share} of the values are identical`);
      }
      assertEquals(tokensOf(prompt.spans.visual).length, prompt.tokenTypes.filter((t) => t).length);
      const question = prompt.question.map(([start, end]) => prompt.text.slice(start, end));
      const last = partsOf(messages[messages.length - 1]);
      assertEquals(question, last.flatMap((part) => part.type === "text" ? [part.text] : []));
    });
  }
}
