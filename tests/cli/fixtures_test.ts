import { assert, assertEquals } from "@std/assert";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { corelens } from "../suites/command_line.ts";
import {
  goldenCase,
  goldenCases,
  goldenDir,
  goldenNames,
  relativeError,
} from "../suites/golden.ts";

/** Tensors of a case that are about more than one prefill, or say again what others say. */
const otherTensors = /^(generated|ablated)\.|^(layer_inputs|rope_delta|attention_mask|mm_token_)/;

/** Standard output of one command line that succeeds. */
async function output(...args: string[]): Promise<string> {
  const { code, out, err } = await corelens(...args);
  assertEquals(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

for (const family of goldenNames) {
  const model = goldenDir(family);
  Deno.test(`info, forward and generate agree with transformers on ${family}`, async (t) => {
    const { text_config, ...config } = JSON.parse(await Deno.readTextFile(`${model}/config.json`));
    const text = text_config ?? config;
    const info = JSON.parse(await output("info", "--model", model, "--json"));
    assertEquals([info.modelType, info.layers, info.heads, info.keyValueHeads], [
      ...[config.model_type, text.num_hidden_layers, text.num_attention_heads],
      text.num_key_value_heads,
    ]);
    const out = await Deno.makeTempFile({ suffix: ".safetensors" });
    for (const name of goldenCases(family)) {
      await t.step(name, async () => {
        const golden = await goldenCase(family, name);
        const chat = ["--model", model, "--messages", `${model}/expected/${name}.json`];
        const capture = ["--capture", "logits,hidden,attention,z,vision", "--out", out];
        await output("forward", ...chat, ...capture);
        const { tensors } = await readSafetensorsFile(out);
        for (const tensor of golden.names.filter((name) => !otherTensors.test(name))) {
          assert(tensors.has(tensor), `${name}: no ${tensor}`);
          const found = tensors.get(tensor)!, wanted = golden.tensor(tensor);
          assertEquals([...found.shape], [...wanted.shape], `${name} ${tensor}`);
          const error = relativeError(found.data as Float32Array, wanted.data);
          assert(error < 2e-4, `${name} ${tensor}: ${error} of the scale`);
        }
        const generate = ["generate", ...chat, "--max-new-tokens", "12", "--ignore-eos", "--json"];
        assertEquals(JSON.parse(await output(...generate)), {
          token_ids: golden.json["generated_ids"],
          text: golden.json["generated_text"],
          prompt_tokens: golden.inputs.inputIds.length,
        });
        const heads = golden.json["ablated_heads"] as [number, number][];
        const mask = heads.map((head) => head.join(":")).join(",");
        const masked = JSON.parse(await output(...generate, "--mask", mask));
        assertEquals(masked.token_ids, golden.json["ablated_generated_ids"]);
      });
    }
    await Deno.remove(out);
  });
}
