import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { readWeights, storedWeights } from "../../lib/families/load_weights.ts";
import { matchWeights } from "../../lib/families/match_weights.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { blockFormat } from "../../lib/weights/gguf_blocks.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";
import type { StoredDType } from "../../lib/nn/kernels.ts";
import { goldenDir, goldenNames, testKernels } from "../suites/golden.ts";

/** A source of the same tensors under other names. */
const renamed = (source: WeightSource, name: (stored: string) => string): WeightSource => {
  const stored = new Map(source.names().map((old) => [name(old), old]));
  return {
    ...source,
    names: () => [...stored.keys()],
    info: (own) => source.info(stored.get(own)!),
  };
};

/** How transformers 5 names weights, from their published names (`conversion_mapping.py`). */
const newNames: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  qwen2_vl: [[/^visual/, "model.visual"], [/^model(?!\.visual)/, "model.language_model"]],
  qwen2_5_vl: [[/^visual/, "model.visual"], [/^model(?!\.visual)/, "model.language_model"]],
  llava: [],
  llava_next: [[/^image_newline/, "model.image_newline"]],
  llava_onevision: [[/^image_newline/, "model.image_newline"]],
  internvl: [],
};
const llavaNames = [
  [/^language_model.lm_head/, "lm_head"],
  [/^language_model.model/, "model.language_model"],
  [/^vision_tower(\.vision_model)?/, "model.vision_tower"],
  [/^multi_modal_projector/, "model.multi_modal_projector"],
] as const;

for (const [name, own] of Object.entries(newNames)) {
  Deno.test(`${name}: published weight names and those of transformers 5 play the same roles`, async () => {
    const { family, config } = await readModelConfig(goldenDir(name));
    using source = await openSafetensors(goldenDir(name));
    const rules = name.startsWith("qwen") ? own : [...llavaNames, ...own];
    const saved = renamed(
      source,
      (stored) => rules.reduce((text, [from, to]) => text.replace(from, to), stored),
    );
    const published = matchWeights(family, config, source);
    assertEquals([...matchWeights(family, config, saved).keys()], [...published.keys()]);
  });
}

Deno.test("missing and unknown weights are errors that name them, with the nearest", async () => {
  const { family, config } = await readModelConfig(goldenDir("internvl"));
  using source = await openSafetensors(goldenDir("internvl"));
  const wrong = renamed(source, (stored) => stored.replace("layer.0.lambda_1", "layer.0.gamma_1"));
  const error = assertThrows(() => matchWeights(family, config, wrong), Error) as Error;
  for (const part of ["missing 1 weights", "layers.0.lambda_1", "unknown 1", "layer.0.gamma_1"]) {
    assertEquals(error.message.includes(part), true, error.message);
  }
});

Deno.test("a head may be missing only where it shares the embedding table", async () => {
  const { family, config } = await readModelConfig(goldenDir("llava"));
  using source = await openSafetensors(goldenDir("llava"));
  const headless: WeightSource = {
    ...source,
    names: () => source.names().filter((name) => !name.includes("lm_head")),
  };
  assertThrows(() => matchWeights(family, config, headless), Error, "lm_head.weight");
  const tied = { ...config, text: { ...config.text, tieWordEmbeddings: true } };
  assertEquals(matchWeights(family, tied, headless).has("lm_head.weight"), false);
});

for (const name of goldenNames) {
  Deno.test(`${name}: each weight is missed by its name, and a stranger is named`, async () => {
    const { family, config } = await readModelConfig(goldenDir(name));
    using source = await openSafetensors(goldenDir(name));
    const roles = matchWeights(family, config, source);
    for (const [role, stored] of roles) {
      if (role === "lm_head.weight") continue; // see the test before
      const names = source.names().filter((other) => other !== stored);
      const without: WeightSource = { ...source, path: source.path, names: () => names };
      const message = `missing 1 weights: ${role}.`;
      assertThrows(() => matchWeights(family, config, without), InputError, message);
    }
    const withStranger = (stranger: string): WeightSource => (
      { ...source, path: source.path, names: () => [...source.names(), stranger] }
    );
    for (const start of ["model.", "model.visual.", "vision_tower.", "language_model.model."]) {
      const stranger = `${start}surprise.weight`;
      const more = withStranger(stranger);
      const message = `unknown 1 weights: ${stranger}.`;
      assertThrows(() => matchWeights(family, config, more), InputError, message);
    }
    const other = withStranger("surprise.weight"), rules = new CheckpointRules();
    assertEquals(matchWeights(family, config, other, rules), roles);
    assertStringIncludes(rules.warning!, '"surprise.weight"');
    const strict = new CheckpointRules({ strict: true });
    assertThrows(() => matchWeights(family, config, other, strict), InputError, "surprise.weight");
  });
}

Deno.test("a weight of another shape is told before any is read", async () => {
  const { family, config } = await readModelConfig(goldenDir("qwen3_vl"));
  using source = await openSafetensors(goldenDir("qwen3_vl"));
  const wider = { ...config, text: { ...config.text, intermediateSize: 7 } };
  const message = "its shape is [64,96]; wanted [64,7]";
  assertThrows(() => matchWeights(family, wider, source), InputError, message);
});

Deno.test("the stored element type is that of most bytes, whichever comes first", async () => {
  const { family, config } = await readModelConfig(goldenDir("internvl_qwen3"));
  using source = await openSafetensors(goldenDir("internvl_qwen3"));
  const { dtype, parameters } = storedWeights(family, config, source);
  assertEquals(dtype, "F16");
  const stored = source.names().map((name) => source.info(name));
  assertEquals(parameters, stored.reduce((sum, { byteLength }) => sum + byteLength / 2, 0));
  const first = source.names()[0];
  const mixed: WeightSource = {
    ...source,
    path: source.path,
    names: () => source.names(),
    info: (name) => ({ ...source.info(name), dtype: name === first ? "F32" : "F16" }),
  };
  assertEquals(storedWeights(family, config, mixed).dtype, "F16");
});

Deno.test("read buffers are given back where tensors cannot lie over them, and nowhere else", async () => {
  const { family, config } = await readModelConfig(goldenDir("qwen3_vl"));
  using golden = await openSafetensors(goldenDir("qwen3_vl"));
  const [role, name] = [...matchWeights(family, config, golden)].find(([own]) =>
    own.includes("embed_tokens")
  )!;
  const text = { ...config.text, vocabSize: 8192 }, shape = [text.vocabSize, text.hiddenSize];
  const format = blockFormat("Q8_0")!, size = shape[0] * shape[1];
  for (const dtype of ["float32", "bfloat16"] as const) {
    const kernels = await testKernels(dtype);
    /** Whether the buffer is still there after the weight was made of it. */
    const stays = async (stored: StoredDType | "Q8_0") => {
      const width = stored === "Q8_0" ? format.bytes / format.elements : stored === "F32" ? 4 : 2;
      const bytes = new Uint8Array(size * width);
      const source: WeightSource = {
        ...golden,
        info: () => ({
          dtype: stored === "Q8_0" ? "U8" : stored,
          shape,
          offset: 0,
          byteLength: bytes.length,
        }),
        packedAs: () => stored === "Q8_0" ? format : null,
        readPacked: () => Promise.resolve({ bytes, format, shape }),
        readWeight: () => Promise.resolve({ bytes, dtype: stored as StoredDType, shape }),
        lying: () => null, // not read by the kernels themselves
      };
      const wanted = { ...config, text };
      const read = await readWeights(kernels, family, wanted, source, new Map([[role, name]]));
      const detached = bytes.buffer.detached;
      read.dispose(kernels);
      return !detached;
    };
    const both = ["F32", "BF16"] as const;
    const [own, other] = kernels.computeDType === "float32" ? both : both.toReversed();
    assert(await stays(own), `${dtype} over ${own}`);
    assert(!kernels.keepsPacked(format) || await stays("Q8_0"), `${dtype} over blocks`);
    assertEquals([await stays(other), await stays("F16")], [false, false], dtype);
  }
});
