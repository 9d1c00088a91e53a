import { assert, assertEquals } from "@std/assert";
import { loadChatTemplate } from "../../lib/inputs/chat_template.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import {
  float32Tensor,
  int32Tensor,
  readSafetensorsFile,
} from "../../lib/weights/safetensors_file.ts";
import { goldenCase, goldenDir, relativeError } from "../suites/golden.ts";

const folder = (family: string) => `tests/golden/gguf_multimodal/${family}`;
const families = ["qwen3_vl", "qwen3_vl_moe", "qwen2_vl", "qwen2_5_vl", "internvl", "llava"];

for (const family of families) {
  Deno.test(`${family}: two GGUF files give transformers' logits and greedy tokens`, async () => {
    const expected = await readSafetensorsFile(folder(`expected/${family}.safetensors`));
    const { inputs } = await goldenCase(family, "image");
    assertEquals(inputs.inputIds, int32Tensor(expected, "input_ids").data);
    using model = await fromPretrained(folder(family), { backend: "auto", dtype: "float32" });
    const { logits } = await model.forward(inputs, { logits: "all" });
    const wanted = float32Tensor(expected, "logits").data;
    const error = relativeError(logits!.data.subarray(-wanted.length), wanted);
    assert(error < 2e-4, `${error} of the scale`);
    const ids: number[] = [];
    for await (const { id } of model.generate(inputs, { maxNewTokens: 12, stopTokenIds: [] })) {
      ids.push(id);
    }
    assertEquals(ids, [...int32Tensor(expected, "generated").data]);
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
