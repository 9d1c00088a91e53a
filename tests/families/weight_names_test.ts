import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { goldenCase, goldenDir } from "../suites/golden.ts";
import { relativeError } from "../suites/near.ts";

type Tensors = Record<string, TensorToWrite>;

const golden = goldenDir("qwen3_vl");
const prompt = await goldenCase("qwen3_vl", "text");

/** The golden checkpoint's weights. */
async function goldenTensors(): Promise<Tensors> {
  using source = await openSafetensors(golden);
  const tensors: Tensors = {};
  for (const name of source.names()) {
    const { dtype, shape } = source.info(name);
    tensors[name] = { shape, data: await source.read(name), dtype };
  }
  return tensors;
}

const tensors = await goldenTensors();

/** Runs a body on a folder with the golden checkpoint, but other weights and settings. */
async function withWeights(
  own: Tensors,
  body: (folder: string) => Promise<void>,
  file = "model.safetensors",
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { name, isFile } of Deno.readDirSync(golden)) {
      if (!isFile || name.endsWith(".safetensors")) continue;
      await Deno.copyFile(`${golden}/${name}`, `${folder}/${name}`);
    }
    await writeSafetensors(`${folder}/${file}`, own);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Weights under other names. */
const renamed = (name: (name: string) => string): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([own, tensor]) => [name(own), tensor]));

/** Asserts that a folder gives transformers' logits of the golden checkpoint. @returns its warnings */
async function assertGolden(folder: string): Promise<readonly string[]> {
  using model = await fromPretrained(folder, { dtype: "float32" });
  const { logits } = await model.forward(prompt.inputs, { logits: "all" });
  assert(relativeError(logits!.data as Float32Array, prompt.tensor("logits").data) < 2e-4);
  return model.warnings;
}

const wrapped: Record<string, (name: string) => string> = {
  "torch.compile": (name) => `_orig_mod.${name}`,
  "DistributedDataParallel": (name) => `module.${name}`,
  "DistributedDataParallel around torch.compile": (name) => `module._orig_mod.${name}`,
  "PEFT, merged": (name) => `base_model.model.${name}`,
  "TRL's value head": (name) => `pretrained_model.${name}`,
  "torch.compile of the decoder": (name) =>
    name.replace("language_model.", "language_model._orig_mod."),
  "FSDP and activation checkpointing": (name) =>
    `_fsdp_wrapped_module.${name}`.replace(/(layers\.\d+\.)/, "$1_checkpoint_wrapped_module."),
};

for (const [program, name] of Object.entries(wrapped)) {
  Deno.test(`weights named as ${program} does are those of the model`, async () => {
    await withWeights(renamed(name), async (folder) => {
      assertEquals(await assertGolden(folder), []);
    });
  });
}

Deno.test("buffers of older releases are passed over, weights of other heads with a warning", async () => {
  const buffer: TensorToWrite = { shape: [16], data: new Float32Array(16) };
  const buffers = {
    "model.language_model.rotary_emb.inv_freq": buffer,
    "model.language_model.layers.0.self_attn.rotary_emb.inv_freq": buffer,
    "model.visual.rotary_pos_emb.inv_freq": buffer,
  };
  await withWeights({ ...tensors, ...buffers }, async (folder) => {
    assertEquals(await assertGolden(folder), []);
  });
  await withWeights({ ...tensors, "v_head.summary.weight": buffer }, async (folder) => {
    const [warning, ...others] = await assertGolden(folder);
    assertStringIncludes(warning, '"v_head.summary.weight"');
    assertEquals(others, []);
    await assertRejects(
      () => fromPretrained(folder, { strict: true }),
      InputError,
      '"v_head.summary.weight"',
    );
  });
});

Deno.test("what could be meant otherwise is refused, and says what to do", async () => {
  const some: TensorToWrite = { shape: [4], data: new Float32Array(4) };
  const inside = "model.language_model.layers.0.self_attn.q_proj.bias";
  const { "lm_head.weight": head, ...headless } = tensors;
  const refused: [Tensors, string][] = [
    [{ ...tensors, [inside]: some }, inside],
    [{ ...tensors, "module.lm_head.weight": head }, "the same weight"],
    [headless, '"tie_word_embeddings": true'],
    [{ ...headless, "score.weight": some }, "score.weight"],
    [
      renamed((name) => name.replace("q_proj.weight", "q_proj.base_layer.weight")),
      "q_proj.base_layer.weight",
    ],
  ];
  for (const [own, said] of refused) {
    await withWeights(own, async (folder) => {
      await assertRejects(() => fromPretrained(folder), InputError, said);
    });
  }
  await withWeights(tensors, async (folder) => {
    await assertRejects(
      () => fromPretrained(folder),
      InputError,
      "call the file model.safetensors",
    );
  }, "my-model.safetensors");
});

Deno.test("weights of 64 bits are read as the nearest of 32", async () => {
  const wide = Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => {
      const bytes = (data as Uint8Array).slice().buffer;
      const values = Float64Array.from(new Float32Array(bytes), (x) => x * (1 + 2 ** -40));
      return [name, { shape, data: new Uint8Array(values.buffer), dtype: "F64" as const }];
    }),
  );
  await withWeights(wide, async (folder) => {
    assertEquals(await assertGolden(folder), []);
  });
});
