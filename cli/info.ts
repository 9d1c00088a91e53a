/** `corelens info`: what a checkpoint is, from its config and headers alone. */
import type { Command } from "./command.ts";
import type { WeightSummary } from "../lib/families/resolve.ts";
import { storedBytes as elementBytes } from "../lib/backend/widen.ts";
import { settingsText } from "./decoding.ts";

/** Bytes in the files by element type or packing, most first. */
function storedBytes(weights: readonly WeightSummary[]): Record<string, number> {
  const bytes = new Map<string, number>();
  for (const { stored: { format, byteLength } } of weights) {
    bytes.set(format, (bytes.get(format) ?? 0) + byteLength);
  }
  return Object.fromEntries([...bytes].sort(([, a], [, b]) => b - a));
}

/** Packed weights that become plain numbers in memory, since no blocks hold their groups, by packing. */
function dequantised(weights: readonly WeightSummary[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { shape, dtype, stored: { format }, kept } of weights) {
    const plain = kept.float32 === 4 * shape.reduce((a, b) => a * b, 1);
    if (plain && format !== dtype && !Object.hasOwn(elementBytes, format)) {
      counts.set(format, (counts.get(format) ?? 0) + 1);
    }
  }
  return Object.fromEntries(counts);
}

/** Bytes that the weights take in memory as plain numbers (`--unpack`), by `--dtype`. */
function unpackedBytes(weights: readonly WeightSummary[]): Record<string, number> {
  const count = weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { float32: 4 * count, bfloat16: 2 * count };
}

/** Bytes that the weights take in memory on native TensorFlow, by `--dtype`: some stay packed. */
function memoryBytes(weights: readonly WeightSummary[]): Record<string, number> {
  const sum = (dtype: "float32" | "bfloat16") =>
    weights.reduce((total, { kept }) => total + kept[dtype], 0);
  return { float32: sum("float32"), bfloat16: sum("bfloat16") };
}

export const command: Command = {
  name: "info",
  summary: "family, sizes, parameters and hook points of a model",
  common: ["model", "strict", "follow-links", "verify", "json"],
  options: { hooks: { type: "boolean", help: "list every hook point" } },
  examples: ["info", "info --model Qwen/Qwen3-VL-4B-Instruct --json", "info --hooks"],
  async run(args) {
    const { modelName, readingOptions } = await import("./model.ts");
    const { inspectModel } = await import("../lib/families/resolve.ts");
    const { hasVision, visionDepth } = await import("../lib/model/config.ts");
    const { hookNames } = await import("../lib/hooks/hook_point.ts");
    const { CheckpointRules } = await import("../lib/weights/checkpoint_rules.ts");
    const reading = readingOptions(args), rules = new CheckpointRules(reading);
    const { dir, config, family, weights, missing } = await inspectModel(
      modelName(args),
      { verify: args.flag("verify") },
      rules,
    );
    if (rules.warning !== null) reading.onWarning?.(rules.warning);
    const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
    const names = hookNames(
      config.text.numHiddenLayers,
      visionDepth(config),
      hasVision(config),
    );
    const report = {
      model: dir,
      family: family.title,
      modelType: family.modelType,
      layers: config.text.numHiddenLayers,
      heads: config.text.numAttentionHeads,
      keyValueHeads: config.text.numKeyValueHeads,
      headDim: config.text.headDim,
      width: config.text.hiddenSize,
      vocabulary: config.text.vocabSize,
      visionLayers: visionDepth(config),
      visionNetwork: config.convTower?.network.architecture ?? null,
      parameters: weights && weights.reduce((sum, { shape }) => sum + size(shape), 0),
      bytes: weights && weights.reduce((sum, { stored }) => sum + stored.byteLength, 0),
      stored: weights && storedBytes(weights),
      memoryBytes: weights && memoryBytes(weights),
      unpackedBytes: weights && unpackedBytes(weights),
      dequantised: weights && dequantised(weights),
      stopTokens: config.eosTokenIds,
      generation: config.generation ?? null,
      dtypes: weights && [...new Set(weights.map(({ stored }) => stored.format))],
      missing,
      hookPoints: args.flag("json") || args.flag("hooks") ? names : names.length,
    };
    if (args.flag("json")) return console.log(JSON.stringify(report, null, 2));
    const { generation } = config;
    const settings = generation && settingsText(generation);
    const followed = generation?.doSample
      ? " (not applied by default, since it samples: --generation-config follow)"
      : "";
    const listed = (sizes: Readonly<Record<string, number>> | null) =>
      sizes && Object.entries(sizes).map(([name, size]) => `${name} ${size}`).join(", ");
    const shown = {
      ...report,
      stored: listed(report.stored),
      memoryBytes: listed(report.memoryBytes),
      unpackedBytes: listed(report.unpackedBytes),
      dequantised: Object.keys(report.dequantised ?? {}).length === 0
        ? null
        : listed(report.dequantised),
      generation: settings ? settings + followed : "greedy",
      hookPoints: names.length,
    };
    for (const [name, value] of Object.entries(shown)) {
      if (value === null || name === "missing") continue;
      console.log(`${name.padEnd(15)} ${value}`);
    }
    if (missing.length > 0) {
      console.error(
        `corelens: not in the folder, and needed to run the model: ${missing.join(", ")}`,
      );
    }
    if (args.flag("hooks")) console.log(`\n${names.join("\n")}`);
  },
};
