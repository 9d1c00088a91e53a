/**
 * Writes the shipped samples: `data/samples/` with `samples.jsonl`, PNG files and their checksums.
 *
 * `deno run -A tools/make_samples.ts [--out DIR]` makes the same samples every time. They are of the
 * test split: no image and no held-out composition of them is ever part of training.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Sample, writeFolderDataSet } from "../lib/data/mod.ts";
import { domainOf } from "../lab/synthetic/domains.ts";
import type { DomainName, TaskOptions } from "../lab/synthetic/options.ts";
import { writeTextAtomically } from "../lib/common/files.ts";

/** One row of samples: how difficult, how large, and how many. */
interface Row {
  readonly difficulty: TaskOptions["difficulty"];
  readonly cellsPerSide: readonly [columns: number, rows: number];
  readonly images: number;
  readonly pairs: number;
  readonly count: number;
}

const row = (
  difficulty: TaskOptions["difficulty"],
  cellsPerSide: readonly [number, number],
  images: number,
  pairs: number,
  count: number,
): Row => ({ difficulty, cellsPerSide, images, pairs, count });

/** The plain form, asked in whole sentences. */
const PLAIN = { keyStyle: "words", questionStyle: "sentence" } as const;

/** Everything of level 3 that all domains have, to which a hard feature is added. */
const VARIED = {
  keyStyle: "words",
  questionStyle: "varied",
  layout: "free",
  clutter: 0.5,
  nearKeys: true,
} as const;

/** Ten samples of each domain, from 64 visual tokens to a few hundred. */
const rows: Readonly<Record<DomainName, readonly Row[]>> = {
  scene: [
    row(PLAIN, [8, 8], 1, 10, 2),
    row(2, [8, 8], 1, 12, 3),
    row(3, [10, 8], 1, 14, 2),
    row({ ...VARIED, place: "coordinates" }, [8, 8], 1, 10, 1),
    row({ ...VARIED, answerWords: 2 }, [10, 8], 1, 10, 1),
    row({ ...VARIED, keyWords: 2 }, [16, 16], 1, 24, 1),
  ],
  video: [
    row(PLAIN, [5, 5], 4, 8, 2),
    row(2, [6, 5], 4, 10, 3),
    row(3, [6, 5], 4, 10, 2),
    row({ ...VARIED, keyWords: 2 }, [6, 5], 4, 10, 1),
    row({ ...VARIED, label: "shared" }, [6, 5], 4, 10, 1),
    row({ ...VARIED, label: "once", motion: true }, [8, 8], 4, 16, 1),
  ],
  page: [
    row(PLAIN, [5, 6], 3, 9, 2),
    row(2, [6, 7], 3, 10, 3),
    row(3, [6, 7], 3, 12, 2),
    row({ ...VARIED, label: "shared" }, [6, 7], 3, 10, 1),
    row({ ...VARIED, label: "once" }, [6, 7], 3, 10, 1),
    row(3, [8, 10], 4, 20, 1),
  ],
  document: [
    row(PLAIN, [8, 8], 1, 10, 2),
    row(2, [6, 7], 2, 10, 3),
    row(3, [6, 7], 2, 12, 2),
    row({ ...VARIED, answerWords: 2 }, [8, 8], 2, 12, 1),
    row({ ...VARIED, keyWords: 2 }, [8, 8], 2, 12, 1),
    row(3, [12, 16], 1, 24, 1),
  ],
  "long-video": [
    row(PLAIN, [5, 4], 8, 6, 2),
    row(2, [5, 4], 8, 8, 3),
    row(3, [5, 4], 10, 8, 2),
    row({ ...VARIED, choices: "letters" }, [5, 4], 8, 8, 1),
    row({ ...VARIED, choices: "words", keyWords: 2, motion: true }, [5, 4], 8, 8, 1),
    row(3, [6, 6], 12, 10, 1),
  ],
};

/** First seed; every sample of a domain has the next one. */
const FIRST_SEED = 2026;

function shippedSamples(): Sample[] {
  return Object.entries(rows).flatMap(([name, list]) => {
    const domain = domainOf(name);
    const each = list.flatMap(({ count, ...options }) =>
      Array.from({ length: count }, () => options)
    );
    return each.map((options, i) => ({
      ...domain.generate(FIRST_SEED + i, {
        ...options,
        split: "test",
        noise: 0.01, // little, since noise is most of a PNG file
        frameRepeat: name.endsWith("video") ? 2 : 1, // a temporal patch holds one frame twice
      }),
      id: `${name}-${String(i + 1).padStart(2, "0")}`,
    }));
  });
}

/** SHA-256 of a file in hexadecimal. */
async function sha256(path: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Paths of the data set's files below a folder, sorted. */
async function dataFiles(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(`${folder}/${prefix}`)) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory) found.push(...await dataFiles(folder, `${path}/`));
    else if (/\.(png|jsonl)$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

const [flag, given] = Deno.args;
if (Deno.args.length > 0 && !(flag === "--out" && given && Deno.args.length === 2)) {
  console.error("Cannot understand the arguments: wanted [--out DIR]");
  Deno.exit(2);
}
const out = given ?? fileURLToPath(new URL("../data/samples", import.meta.url));
await Deno.mkdir(out, { recursive: true });
for (const path of await dataFiles(out)) await Deno.remove(`${out}/${path}`); // of earlier runs
const samples = shippedSamples();
await writeFolderDataSet(out, samples);
const files = await dataFiles(out);
const sums = await Promise.all(
  files.map(async (path) => `${await sha256(`${out}/${path}`)}  ${path}\n`),
);
await writeTextAtomically(`${out}/SHA256SUMS`, sums.join(""));
const sizes = await Promise.all(
  files.map(async (path) => (await Deno.stat(`${out}/${path}`)).size),
);
const megabytes = sizes.reduce((sum, size) => sum + size, 0) / 1e6;
console.log(`${samples.length} samples, ${files.length} files, ${megabytes.toFixed(2)} MB`);
