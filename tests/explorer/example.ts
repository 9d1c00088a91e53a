/** What an explorer shows, made up: images, a video and a text, on as many heads as wanted. */
import { packFloats } from "../../lib/explorer/pack.ts";
import type { ExplorerData, ExplorerSample } from "../../lib/explorer/data.ts";
import { imageUrl } from "../../lib/figures/overlay_image.ts";
import { Random } from "../../lib/stats/random.ts";

/** A image of one colour. */
function plainImage(width: number, height: number, shade: number): string {
  return imageUrl({ width, height, data: new Uint8Array(width * height * 3).fill(shade) });
}

const origin = {
  model: "a model",
  data: "made up",
  samples: 3,
  seed: 7,
  backend: "none",
  dtype: "float32",
  date: "2026-11-29T00:00:00.000Z",
  version: "0",
};

/** Attention rows that add up to 1, a tenth of it on the first token, and more on the evidence. */
function rowOf(random: Random, tokens: number, evidence: number, share: number): number[] {
  const row = Array.from({ length: tokens }, () => random.uniform());
  const sum = row.reduce((a, b) => a + b, 0);
  const rest = 0.9 - share;
  return row.map((value, i) =>
    rest * value / sum + (i === 0 ? 0.1 : 0) + (i === evidence ? share : 0)
  );
}

/** Data of a page. */
export async function exampleData(layers: number, heads: number): Promise<ExplorerData> {
  const count = layers * heads, random = new Random(3);
  const values = Array.from({ length: count }, () => Number((random.uniform() ** 8).toFixed(4)));
  const ranking = [...values.keys()].sort((a, b) => values[b] - values[a] || a - b);
  const kept = ranking.slice(0, Math.min(count, 16));
  const sample = async (
    id: string,
    frames: number,
    evidence: number,
  ): Promise<ExplorerSample> => {
    const visual = 16 * frames, tokens = visual + 10, question = visual + 2;
    const words = ["where", " is", " it", "?"];
    const queries = [
      ...words.map((text, i) => ({ token: question + i, text, kind: "question" as const })),
      { token: question + 4, text: "\n", kind: "last" as const },
      { token: question + 5, text: "here", kind: "answer" as const },
    ];
    const singles = 8, rows = kept.length + singles * queries.length;
    const attention = Array.from(
      { length: rows },
      () => rowOf(random, tokens, evidence, 0.3 * random.uniform()),
    );
    return {
      id,
      domain: frames > 1 ? "video" : frames === 1 ? "scene" : "text",
      question: words.join(""),
      answers: ["here"],
      said: "here",
      correct: true,
      tokens,
      evidence: [[evidence, evidence + 2]],
      visual: visual > 0 ? [[1, 1 + visual]] : [],
      sinks: [0],
      panels: Array.from({ length: frames }, (_, frame) => ({
        image: frame % 2,
        width: 64,
        height: 48,
        label: frames > 1 ? `${frame}.0 s` : "image",
        grids: [{ rows: 4, columns: 4, box: [0, 0, 64, 48], start: 1 + 16 * frame, stride: 4 }],
      })),
      texts: [
        { start: 0, pieces: ["<begin>"] },
        { start: 1 + visual, pieces: ["\n", ...words, "\n", "here", ".", "<end>"] },
      ],
      queries,
      scores: await packFloats(values),
      means: kept.length,
      singles,
      rows: await packFloats(attention.flat()),
    };
  };
  const outcome = (value: number) => ({
    value,
    ci95: [value - 0.1, value + 0.1] as const,
    drop: 0.9 - value,
    dropCi95: [0.8 - value, 1 - value] as const,
    pValue: 0.01,
  });
  const set = (condition: string, list: readonly number[], value: number) => ({
    condition,
    fraction: 0.05,
    draw: 0,
    heads: list,
    metrics: { "accuracy": outcome(value), "log-probability": outcome(-value) },
  });
  const first = ranking.slice(0, 2);
  const sets = [
    set("none", [], 0.9),
    set("core", first, 0.2),
    set("random", ranking.slice(4, 6), 0.85),
    set("keep", ranking.slice(2), 0.7),
  ];
  const samples = [await sample("a scene", 1, 6), await sample("a video", 4, 40)];
  samples.push(await sample("a text", 0, 4));
  return {
    version: 1,
    title: "Heads of a model",
    origin,
    layers,
    heads,
    maps: [
      {
        id: "score",
        label: "RAM",
        about: "Share.",
        diverging: false,
        values,
        ci95: values.map((value) => [value * 0.9, value * 1.1] as const),
        samples: 3,
      },
      {
        id: "calibrated",
        label: "Calibrated score",
        about: "Share minus chance.",
        diverging: true,
        values: values.map((value) => Number((value - 0.1).toFixed(4))),
        samples: 3,
      },
      {
        id: "beside-score",
        label: "RAM, another model",
        about: "Share.",
        diverging: false,
        values: values.map((_, i) => values[(i * 5 + 1) % count]),
        samples: 9,
        origin: { ...origin, model: "another model", samples: 9 },
      },
    ],
    ranking,
    fraction: 2 / count,
    kept,
    samples,
    images: [plainImage(64, 48, 90), plainImage(64, 48, 190)],
    ablation: {
      origin,
      samplesInBoth: 1,
      sets,
      bySample: { "a scene": { correct: [1, 0, 1, 1], logProb: [-0.1, -4, -0.2, -0.3] } },
    },
    speed: {
      origin,
      rows: ["core", "random", "local"].map((policy, i) => ({
        policy,
        fullHeads: policy === "local" ? 0 : 2 / count,
        sink: 4,
        window: 64,
        tokens: 512,
        speedup: 1.5,
        speedupCi95: [1.4, 1.6] as const,
        dense: 0.9,
        sparse: 0.9 - 0.3 * i,
      })),
    },
  };
}
