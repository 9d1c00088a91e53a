import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { familyOf } from "../../lib/families/registry.ts";
import { llama } from "../../lib/families/text_only.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { openGguf } from "../../lib/weights/gguf.ts";
import {
  float32Tensor,
  int32Tensor,
  readSafetensorsFile,
} from "../../lib/weights/safetensors_file.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";

const folder = "tests/golden/gguf";
const options = { backend: "auto", dtype: "float32" } as const;

/** A prompt of these tokens. */
function inputsOf(inputIds: Int32Array) {
  const positionIds = inputIds.map((_, i) => i);
  return { inputIds, positionIds, nextPosition: inputIds.length, media: {} };
}

/** Largest difference of two arrays, in shares of the second's largest value. */
function difference(a: Float32Array, b: Float32Array): number {
  assertEquals(a.length, b.length);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / scale;
}

for (const name of ["llama", "qwen2", "qwen3"]) {
  Deno.test(`${name}: a GGUF file gives transformers' logits and greedy tokens`, async () => {
    const expected = await readSafetensorsFile(`${folder}/tiny-${name}.safetensors`);
    using model = await fromPretrained(`${folder}/tiny-${name}.gguf`, options);
    assertEquals(model.family, familyOf(name));
    assertEquals(model.config.vision, null);
    const inputs = inputsOf(int32Tensor(expected, "input_ids").data);
    const { logits } = await model.forward(inputs, { logits: "all" });
    const off = difference(logits!.data, float32Tensor(expected, "logits").data);
    assert(off < 1e-5, `off by ${off} of the scale`);
    const made: number[] = [];
    for await (const { id } of model.generate(inputs, { maxNewTokens: 12, stopTokenIds: [] })) {
      made.push(id);
    }
    assertEquals(made, [...int32Tensor(expected, "generated").data]);
  });

  Deno.test(`${name}: the tokenizer inside a GGUF file gives the ids of tokenizers`, async () => {
    const tokenizer = await loadTokenizer(`${folder}/tiny-${name}.gguf`);
    const cases = JSON.parse(await Deno.readTextFile(`${folder}/tokenizer_cases.json`));
    for (const { text, ids } of cases[name]) {
      assertEquals([...tokenizer.encode(text)], ids, text);
      assertEquals(tokenizer.decode(ids), name === "llama" ? text : text.normalize("NFC"));
    }
    assertEquals(tokenizer.specialTokens, {
      bos_token: "<|im_start|>",
      eos_token: "<|im_end|>",
      pad_token: "<|im_end|>",
    });
  });

  Deno.test(`${name}: the same checkpoint as a directory of Hugging Face gives the same`, async () => {
    const dir = await Deno.makeTempDir();
    const path = `${folder}/tiny-${name}.gguf`;
    for (const file of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
      const json = await readCheckpointJson(path, file);
      await Deno.writeTextFile(`${dir}/${file}`, JSON.stringify(json));
    }
    using weights = await openGguf(path);
    const tensors = await Promise.all(
      weights.names().map(async (weight) => {
        const { bytes, dtype, shape } = await weights.readWeight(weight);
        return [weight, { data: widenToFloat32(bytes, dtype), shape }] as const;
      }),
    );
    await writeSafetensors(`${dir}/model.safetensors`, Object.fromEntries(tensors));
    const question = { question: "Who is the owner of the violin?" };
    using packed = await fromPretrained(path, options);
    using plain = await fromPretrained(dir, options);
    const [a, b] = await Promise.all(
      [packed, plain].map((model) => model.ask(question, { maxNewTokens: 6 })),
    );
    assertEquals(a.tokenIds, b.tokenIds);
    assertEquals(a.prompt.text, b.prompt.text);
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("text models: parts of a message are one text, without a first token twice", async () => {
  using model = await fromPretrained(`${folder}/tiny-llama.gguf`, options);
  const parts = ["Tom has it. ", "Who?"].map((text) => ({ type: "text", text }) as const);
  const prompt = await model.prepare([{ role: "user", content: parts }], { question: "Who?" });
  assertEquals(
    prompt.text,
    "<|im_start|>user\nTom has it. Who?<|im_end|>\n<|im_start|>assistant\n",
  );
  assertEquals([...prompt.inputIds].filter((id) => id === 1).length, 2);
  const [[start, end]] = prompt.question;
  assertEquals(prompt.text.slice(start, end), "Who?");
});

Deno.test("text models: images are refused in one line", async () => {
  using model = await fromPretrained(`${folder}/tiny-llama.gguf`, options);
  const picture = { width: 1, height: 1, data: new Uint8Array(3) };
  await assertRejects(
    () => model.ask({ images: [picture], question: "What?" }),
    InputError,
    "this model takes no images",
  );
  assertThrows(
    () => llama.buildVision(model.network.kernels, model.config, model.network.weights),
    InputError,
    "none",
  );
});

Deno.test("llama: SmolLM2's published config is read whole, an unknown key refused", () => {
  const published = {
    ...{ architectures: ["LlamaForCausalLM"], attention_bias: false, attention_dropout: 0.0 },
    ...{ bos_token_id: 1, eos_token_id: 2, hidden_act: "silu", hidden_size: 576 },
    ...{ initializer_range: 0.041666666666666664, intermediate_size: 1536, is_llama_config: true },
    ...{ max_position_embeddings: 8192, mlp_bias: false, model_type: "llama" },
    ...{ num_attention_heads: 9, num_hidden_layers: 30, num_key_value_heads: 3, pad_token_id: 2 },
    ...{ pretraining_tp: 1, rms_norm_eps: 1e-05, rope_interleaved: false, rope_scaling: null },
    ...{ rope_theta: 100000, tie_word_embeddings: true, torch_dtype: "bfloat16" },
    ...{ "transformers.js_config": { kv_cache_dtype: { q4f16: "float16" } } },
    ...{ transformers_version: "4.42.3", use_cache: true, vocab_size: 49152 },
  };
  const read = (json: Record<string, unknown>) => {
    const reader = new JsonReader(json, "config.json");
    const config = llama.readConfig(reader);
    reader.finish();
    return config;
  };
  const { text, eosTokenIds } = read(published);
  assertEquals([text.headDim, text.numKeyValueHeads, text.tieWordEmbeddings], [64, 3, true]);
  assertEquals(eosTokenIds, [2]);
  assertThrows(
    () => read({ ...published, rope_interleaved: true }),
    InputError,
    "rope_interleaved",
  );
  assertThrows(() => read({ ...published, logit_scale: 2 }), InputError, "logit_scale");
});
