/**
 * Every reader of files and texts that strangers write, with good input to damage.
 *
 * @module
 */
import sharp from "sharp";
import { type Options, parseCommand } from "../../cli/command.ts";
import { permissionFlags, PermissionMistake } from "../../cli/permissions.ts";
import { InputError } from "../../lib/common/errors.ts";
import { containedPath } from "../../lib/common/files.ts";
import { parseSample } from "../../lib/data/sample_json.ts";
import { Journal } from "../../lib/experiments/journal.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { checkArrow } from "../../lib/heads/arrow_check.ts";
import { readRanking } from "../../lib/heads/ranking_file.ts";
import { headListFormats } from "../../lib/heads/formats/registry.ts";
import { headScoresFromArrow, headScoresToArrow } from "../../lib/heads/head_scores_file.ts";
import { ChatTemplate } from "../../lib/inputs/chat_template.ts";
import { decodeImage } from "../../lib/inputs/image.ts";
import { parseMessages } from "../../lib/inputs/messages.ts";
import { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import type { Random } from "../../lib/stats/random.ts";
import { HeaderIncomplete } from "../../lib/weights/gguf_cursor.ts";
import { parseGgufHeader } from "../../lib/weights/gguf_header.ts";
import { parseListing } from "../../lib/weights/hub_listing.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { parseHeader } from "../../lib/weights/safetensors_header.ts";
import { goldenDir } from "../suites/golden.ts";
import { entry, rawFile } from "../weights/helpers.ts";
import { ggufBytes, numberNote, numbersNote, textNote, textsNote } from "../weights/gguf_bytes.ts";
import { below, hostileValue, mutateBytes, mutateJson, mutateText, pick } from "./mutate.ts";

/** Reads one damaged input; an error of another kind than `InputError` is a fault. */
export type ReadOnce = (random: Random) => unknown;

/** A reader under test. */
export interface FuzzReader {
  /** Cases in a short run: what takes about two seconds. */
  readonly cases: number;
  /** It cuts damage off and refuses nothing. */
  readonly mends?: boolean;
  /** Prepares it in an empty folder. */
  start(folder: string): Promise<ReadOnce> | ReadOnce;
}

const families = ["llava", "llava_next", "llava_onevision", "internvl", "internvl_qwen3"]
  .concat(["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe"]);

async function jsonOf(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(path));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value) ?? "");
}

/** JSON files of a golden checkpoint by name. */
async function smallFilesOf(family: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name, isFile } of Deno.readDir(goldenDir(family))) {
    if (!isFile || name.endsWith(".safetensors")) continue;
    files.set(name, await Deno.readTextFile(`${goldenDir(family)}/${name}`));
  }
  return files;
}

const message = (content: unknown) => ({ role: "user", content });
const goodMessages = {
  messages: [
    message("Hello"),
    message([{ type: "text", text: "What?" }, { type: "image", image: "a.png" }]),
    message([{ type: "video", video: ["a.png", "b.png"], fps: 2, min_pixels: 100 }]),
    { role: "assistant", content: [{ type: "text", text: "That." }], tool_calls: [] },
  ],
  template_kwargs: { add_vision_id: true },
  video: { fps: 4 },
};
const goodSample = {
  id: "s1",
  domain: "scene",
  images: ["a.png", "b.png"],
  question: "What is there?",
  answer: ["a", "b"],
  choices: ["a", "b"],
  evidence: [{ image: 0, box: [0, 0, 10, 20] }, { text: [0, 4] }, { image: 1 }],
};
const goodListing = {
  sha: "0123456789abcdef0123456789abcdef01234567",
  siblings: [
    { rfilename: "config.json", size: 2, blobId: "a".repeat(40) },
    {
      rfilename: "model.safetensors",
      size: 100,
      blobId: "b".repeat(40),
      lfs: { sha256: "c".repeat(64), size: 100, pointerSize: 134 },
    },
  ],
};
const goodTemplate = "{% for m in messages %}<|{{ m.role }}|>{% if m.content is string %}" +
  "{{ m.content | trim }}{% else %}{% for p in m['content'] %}{{ p.text or p | tojson }}" +
  "{% endfor %}{% endif %}{{ loop.index0 + 1 }}{% endfor %}{% set ns = namespace(a=1) %}" +
  "{% macro f(x, y=2) %}{{ x * y }}{% endmacro %}{{ f(3) }}{{ messages[0:1] | length }}" +
  "{% if add_generation_prompt %}{{ 'x' ~ ns.a }}{% endif %}";
const words = [
  ..."{%- {% %} -%} {{ }} for in if else endif endfor set macro endmacro range( ) [ ] | ~ + *"
    .split(" "),
  ...[
    "messages",
    "loop.index",
    "tojson",
    "join",
    "'a'",
    "1e9",
    "99999999",
    "namespace(",
    "indent(",
  ],
];

/** The readers by name. */
export const readers: Readonly<Record<string, FuzzReader>> = {
  "safetensors header": {
    cases: 3000,
    start() {
      const good = {
        __metadata__: { format: "pt" },
        a: entry("F32", [2, 3], 0, 24),
        b: entry("BF16", [4], 24, 32),
      };
      return (random) => {
        const text = JSON.stringify(mutateJson(good, random)) ?? "";
        const bytes = new TextEncoder().encode(text);
        const header = random.uniform() < 0.5 ? bytes : mutateBytes(bytes, random);
        return parseHeader(header, 8 + header.length + 32, "a.safetensors");
      };
    },
  },
  "safetensors index": {
    cases: 300,
    async start(folder) {
      const shard = rawFile({ a: entry("U8", [4], 0, 4) }, new Uint8Array(4));
      await Deno.writeFile(`${folder}/1.safetensors`, shard);
      const good = { metadata: { total_size: 4 }, weight_map: { a: "1.safetensors" } };
      return async (random) => {
        await writeJson(`${folder}/model.safetensors.index.json`, mutateJson(good, random));
        await Deno.writeFile(
          `${folder}/1.safetensors`,
          random.uniform() < 0.5 ? shard : mutateBytes(shard, random),
        );
        using source = await openSafetensors(folder);
        for (const name of source.names()) await source.read(name);
      };
    },
  },
  "GGUF header": {
    cases: 4000,
    start() {
      const good = ggufBytes(
        [
          textNote("general.architecture", "llama"),
          numberNote("llama.block_count", 2),
          textsNote("tokenizer.ggml.tokens", ["a", "b", "c"]),
          numbersNote("tokenizer.ggml.scores", [1, 2, 3]),
        ],
        [["token_embd.weight", [4, 3], 0, 0], ["output_norm.weight", [4], 0, 64]],
        new Uint8Array(128),
      );
      return (random) => {
        const bytes = mutateBytes(good, random);
        try {
          return parseGgufHeader(bytes, bytes.length, "a.gguf");
        } catch (error) {
          if (!(error instanceof HeaderIncomplete)) throw error;
        }
      };
    },
  },
  "hub listing": {
    cases: 6000,
    start: () => (random) =>
      parseListing(
        random.uniform() < 0.8
          ? JSON.stringify(mutateJson(goodListing, random)) ?? ""
          : mutateText(JSON.stringify(goodListing), random),
        "org/name",
      ),
  },
  messages: {
    cases: 6000,
    start: () => (random) => parseMessages(mutateJson(goodMessages, random), () => {}),
  },
  sample: {
    cases: 6000,
    start: () => (random) => parseSample(mutateJson(goodSample, random), "1"),
  },
  config: {
    cases: 600,
    async start(folder) {
      const goods = await Promise.all(
        families.map((name) => jsonOf(`${goldenDir(name)}/config.json`)),
      );
      return async (random) => {
        await writeJson(`${folder}/config.json`, mutateJson(pick(random, goods), random));
        await readModelConfig(folder);
      };
    },
  },
  tokenizer: {
    cases: 300,
    async start() {
      const goods = await Promise.all(
        ["qwen3_vl", "llava"].map((name) => jsonOf(`${goldenDir(name)}/tokenizer.json`)),
      );
      return (random) => {
        const { model, ...rest } = pick(random, goods);
        const { vocab, merges, ...kind } = model as Record<string, unknown>;
        const changed = mutateJson({ ...rest, kind }, random) as Record<string, unknown>;
        const file = { ...changed, model: { ...changed?.kind as object, vocab, merges } };
        const tokenizer = new Tokenizer(
          file,
          mutateJson({ bos_token: "<s>" }, random) as object as never,
        );
        tokenizer.decode(tokenizer.encodeWithOffsets("Hello, wörld! 123  <|im_end|>\n").ids);
      };
    },
  },
  processor: {
    cases: 150,
    async start(folder) {
      const all = await Promise.all(families.map(smallFilesOf));
      return async (random) => {
        const files = pick(random, all);
        const changed = pick(random, [...files.keys()].filter((name) => /process/.test(name)));
        for await (const { name } of Deno.readDir(folder)) await Deno.remove(`${folder}/${name}`);
        for (const [name, text] of files) {
          if (name !== changed) await Deno.writeTextFile(`${folder}/${name}`, text);
          else await writeJson(`${folder}/${name}`, mutateJson(JSON.parse(text), random));
        }
        await loadProcessorOf(folder);
      };
    },
  },
  "chat template": {
    cases: 1500,
    start: () => (random) => {
      const source = random.uniform() < 0.5
        ? mutateText(goodTemplate, random)
        : Array.from({ length: below(random, 30) }, () => pick(random, words)).join(" ");
      return new ChatTemplate(source).render(goodMessages.messages, {
        add_generation_prompt: true,
      });
    },
  },
  picture: {
    cases: 300,
    async start() {
      const raw = { width: 24, height: 16, channels: 3 } as const;
      const pixels = Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => i * 7);
      const formats = ["png", "jpeg", "gif", "webp", "tiff", "avif"] as const;
      const goods = await Promise.all(
        formats.map((format) => sharp(pixels, { raw }).toFormat(format).toBuffer()),
      );
      return (random) =>
        decodeImage(mutateBytes(pick(random, goods), random), { name: "an image" });
    },
  },
  "table of scores": {
    cases: 1000,
    start() {
      const [sampleIds, domains, shape] = [["a", "b"], ["x", "y"], [2, 2, 3] as const];
      const data = Float32Array.from({ length: 12 }, (_, i) => i / 12);
      const good = headScoresToArrow([{ rule: "ram", sampleIds, domains, shape, data }]);
      return (random) => {
        const bytes = mutateBytes(good, random);
        checkArrow(bytes, "a.arrow");
        headScoresFromArrow(bytes, "a.arrow");
      };
    },
  },
  "head list": {
    cases: 2000,
    start() {
      const [sampleIds, domains, shape] = [["a", "b"], ["x", "y"], [2, 2, 4] as const];
      const data = Float32Array.from({ length: 16 }, (_, i) => i / 16);
      const scores = { rule: "ram", sampleIds, domains, shape, data };
      const settings = { model: "mini", keyValueHeads: 2, sink: 4, recent: 8 };
      const goods = headListFormats.map((format) => format.write(scores, settings));
      return (random) => {
        const which = below(random, goods.length);
        const texts = Object.fromEntries(
          Object.entries(goods[which]).map(([name, text]) => {
            const isJson = text.startsWith("{");
            const changed = isJson && random.uniform() < 0.6
              ? JSON.stringify(mutateJson(JSON.parse(text), random)) ?? ""
              : mutateText(text, random);
            return [name, random.uniform() < 0.8 ? changed : text];
          }),
        );
        const sizes = random.uniform() < 0.5 ? {} : { layers: 2, heads: 4 };
        return headListFormats[which].read(texts, "a list", sizes);
      };
    },
  },
  ranking: {
    cases: 600,
    start: (folder) => async (random) => {
      const good = { model: "mini", ranking: [[0, 1], [0, 0]], layers: 1, heads: 2 };
      await writeJson(`${folder}/scores.json`, mutateJson(good, random));
      await readRanking(folder, { layers: 1, heads: 2 });
    },
  },
  journal: {
    cases: 300,
    mends: true,
    async start(folder) {
      const path = `${folder}/run.partial`;
      {
        using journal = await Journal.open(path);
        await journal.begin({ seed: 1 });
        for (const key of ["a", "b"]) await journal.add(key, { digest: "5e", value: [1, 2] });
      }
      const good = await Deno.readFile(path);
      return async (random) => {
        await Deno.writeFile(path, mutateBytes(good, random));
        using journal = await Journal.open(path);
        for (const { value } of journal.entries.values()) {
          if (String(value) !== "1,2") throw new Error("an entry is not what was written");
        }
      };
    },
  },
  path: {
    cases: 1500,
    async start(folder) {
      await Deno.mkdir(`${folder}/inner`);
      await Deno.writeTextFile(`${folder}/inner/a`, "inside");
      await Deno.writeTextFile(`${folder}/secret`, "outside");
      await Deno.symlink("../secret", `${folder}/inner/link`);
      const parts = [
        "..",
        ".",
        "",
        "a",
        "link",
        "inner",
        "secret",
        "\0",
        "x".repeat(300),
        "é",
        "\\",
      ];
      return async (random) => {
        const name = Array.from({ length: 1 + below(random, 5) }, () => pick(random, parts))
          .join(pick(random, ["/", "\\", "//"]));
        const found = await containedPath(`${folder}/inner`, name);
        if (!found.includes("/inner")) throw new Error(`${name} leads out, to ${found}`);
      };
    },
  },
  "command line": {
    cases: 1500,
    start(folder) {
      const options: Options = {
        out: { type: "string", help: "" },
        json: { type: "boolean", help: "" },
      };
      const command = {
        name: "x",
        summary: "",
        options,
        examples: [],
        run: async () => {},
      } as const;
      const pieces = [
        "--out",
        "--json",
        "--model",
        "--",
        "-",
        "--out=",
        "=",
        "a,b",
        "",
        "--é",
        "x/y",
      ];
      return (random) => {
        const args = Array.from(
          { length: below(random, 6) },
          () => random.uniform() < 0.8 ? pick(random, pieces) : String(hostileValue(random)),
        );
        try {
          const where = { repository: folder, cwd: folder, environment: () => undefined };
          permissionFlags(["x", ...args], where);
        } catch (error) {
          if (!(error instanceof PermissionMistake)) throw error;
        }
        return parseCommand(command, args);
      };
    },
  },
};

/** Whether an error is one that a reader may throw for bad input. */
export function isRefusal(error: unknown): boolean {
  return error instanceof InputError;
}
