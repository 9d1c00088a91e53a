import { assert, assertEquals } from "@std/assert";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { logitAttribution } from "../../lib/causal/attribution.ts";
import { valueNorms } from "../../lib/heads/value_norms.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { loadTokenizer } from "../../lib/inputs/tokenizer.ts";
import { familySuite } from "../suites/family_suite.ts";
import { goldenCase, relativeError } from "../suites/golden.ts";

familySuite("gemma3_text");

const gguf = "tests/golden/gguf/tiny-gemma3.gguf";

Deno.test("gemma3: a GGUF file gives the same logits, config and tokens", async () => {
  const golden = await goldenCase("gemma3_text", "text");
  using model = await fromPretrained(gguf, { backend: "auto", dtype: "float32" });
  const { logits } = await model.forward(golden.inputs, { logits: "all" });
  const error = relativeError(logits!.data, golden.tensor("logits").data);
  assert(error < 2e-4, `${error} of the scale`);
  const { config, source } = await openCheckpoint("tests/golden/gemma3_text");
  source.close();
  assertEquals(model.config.text, { ...config.text, rmsNormEps: model.config.text.rmsNormEps });
  const [own, folder] = await Promise.all(
    [gguf, "tests/golden/gemma3_text"].map((path) => loadTokenizer(path)),
  );
  for (const text of ["Hello  world", "日本 é\n x", ""]) {
    assertEquals([...own.encode(text)], [...folder.encode(text)], text);
    assertEquals(own.decode(own.encode(text)), folder.decode(folder.encode(text)));
  }
});

Deno.test("gemma3: the parts of a logit add up to it, through the norms behind attention", async () => {
  const { inputs } = await goldenCase("gemma3_text", "text");
  using model = await fromPretrained("tests/golden/gemma3_text", {
    backend: "auto",
    dtype: "float32",
  });
  const parts = await logitAttribution(model, inputs, { token: 7 });
  const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0);
  const total = sum(parts.heads) + sum(parts.mlp) + sum(parts.bias) + parts.embedding;
  assert(Math.abs(total - parts.logit) < 1e-4 * Math.max(1, Math.abs(parts.logit)), `${total}`);
  assert(Math.abs(sum(parts.bySource) - sum(parts.heads)) < 1e-4);
});

Deno.test("gemma3: a window hides what lies before it, with and without hooks and a cache", async () => {
  const { inputs } = await goldenCase("gemma3_text", "text");
  using model = await fromPretrained("tests/golden/gemma3_text", {
    backend: "auto",
    dtype: "float32",
  });
  const { numAttentionHeads: heads } = model.config.text, tokens = inputs.inputIds.length;
  const rows = [0, 7, 8, tokens - 1];
  const { captured } = await model.forward(inputs, {
    logits: "none",
    capture: { names: ["blocks.4.attn.pattern", "blocks.5.attn.pattern"], rows },
  });
  const seen = (layer: number, row: number) => {
    const { data } = captured.get(`blocks.${layer}.attn.pattern`)![0];
    const from = (rows.indexOf(row)) * tokens; // of the first head
    return [...data.subarray(from, from + tokens)].filter((value) => value > 0).length;
  };
  assertEquals(heads > 1, true);
  assertEquals(rows.map((row) => seen(4, row)), [1, 8, 8, 8]);
  assertEquals(rows.map((row) => seen(5, row)), [1, 8, 9, tokens]);
});

Deno.test("gemma3: value norms go through the gain behind attention, as a plain loop says", async () => {
  const { inputs } = await goldenCase("gemma3_text", "text");
  using model = await fromPretrained("tests/golden/gemma3_text", {
    backend: "auto",
    dtype: "float32",
  });
  const norms = await valueNorms(model, inputs);
  const [layer, head, token] = [1, 1, 3];
  const { numAttentionHeads, numKeyValueHeads, headDim, hiddenSize } = model.config.text;
  const { captured } = await model.forward(inputs, {
    capture: { names: [`blocks.${layer}.attn.v`] },
    logits: "none",
  });
  const { data: values } = captured.get(`blocks.${layer}.attn.v`)![0];
  const { kernels: k, decoder: { weights } } = model.network;
  const read = async (name: string) => await k.read(weights.get(`layers.${layer}.${name}.weight`));
  const output = await read("self_attn.o_proj"), gain = await read("post_attention_layernorm");
  const group = Math.floor(head * numKeyValueHeads / numAttentionHeads);
  let squares = 0;
  for (let i = 0; i < hiddenSize; i++) {
    let written = 0;
    for (let h = 0; h < headDim; h++) {
      written += output[(i * numAttentionHeads + head) * headDim + h] *
        values[(token * numKeyValueHeads + group) * headDim + h];
    }
    squares += (written * gain[i]) ** 2;
  }
  const found = norms[(layer * numAttentionHeads + head) * inputs.inputIds.length + token];
  assert(Math.abs(found - Math.sqrt(squares)) < 1e-4 * Math.sqrt(squares), `${found}`);
});
