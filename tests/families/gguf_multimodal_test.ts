import { assertEquals } from "@std/assert";
import { loadChatTemplate } from "../../lib/inputs/chat_template.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { int32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { assertAsExpected } from "../suites/checkpoint_files.ts";
import { goldenCase, goldenDir } from "../suites/golden.ts";

const folder = (family: string) => `tests/golden/gguf_multimodal/${family}`;
const families = ["qwen3_vl", "qwen3_vl_moe", "qwen2_vl", "qwen2_5_vl", "internvl", "llava"];

for (const family of families) {
  Deno.test(`${family}: two GGUF files give transformers' logits and greedy tokens`, async () => {
    const expected = await readSafetensorsFile(folder(`expected/${family}.safetensors`));
    const { inputs } = await goldenCase(family, "image");
    assertEquals(inputs.inputIds, int32Tensor(expected, "input_ids").data);
    await assertAsExpected(folder(family), inputs, expected);
  });

  Deno.test(`${family}: tokenizer and template of a GGUF file are those of the folder`, async () => {
    const tokenizer = await loadTokenizer(folder(family));
    const read = async (name: string) =>
      JSON.parse(await Deno.readTextFile(`${goldenDir(family)}/expected/${name}.json`));
    for (const wanted of await read("tokenizer_cases")) {
      assertEquals([...tokenizer.encode(wanted.text)], wanted.ids, wanted.text);
      assertEquals(tokenizer.decode(wanted.ids), wanted.decoded, wanted.text);
    }
    const template = await loadChatTemplate(folder(family), tokenizer.specialTokens);
    for (const wanted of await read("template_cases")) {
      assertEquals(template.render(wanted.messages, wanted.kwargs), wanted.prompt);
    }
  });
}
