import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  answersOf,
  isCorrect,
  loadSample,
  readFolderDataSet,
  type Sample,
} from "../../lib/data/mod.ts";
import { domainNames } from "../../lab/synthetic/domains.ts";
import { splitWords, wordIds } from "../../lab/synthetic/vocabulary.ts";
import { placeOf, readBox } from "./reader.ts";

const folder = fileURLToPath(new URL("../../data/samples", import.meta.url));
const samples: Sample[] = [];
for (const entry of await readFolderDataSet(folder)) samples.push(await loadSample(entry));

Deno.test("shipped samples: at least 40, of every domain", () => {
  assert(samples.length >= 40);
  assertEquals(new Set(samples.map(({ domain }) => domain)), new Set(domainNames));
});

Deno.test("shipped samples: files are those of the checksums", async () => {
  const sums = await Deno.readTextFile(`${folder}/SHA256SUMS`);
  const lines = sums.trim().split("\n");
  assert(lines.length > samples.length);
  for (const line of lines) {
    const [sum, path] = line.split("  ");
    const bytes = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${folder}/${path}`));
    const hex = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0"));
    assertEquals(hex.join(""), sum, path);
  }
});

Deno.test("shipped samples: questions and answers are words of the vocabulary", () => {
  for (const sample of samples) {
    wordIds(sample.question);
    for (const answer of answersOf(sample)) {
      wordIds(answer);
      assert(isCorrect(answer, sample), sample.id);
    }
  }
});

Deno.test("shipped samples: the answers can be read off the evidence", () => {
  for (const sample of samples) {
    const read = sample.evidence.slice(0, 2).flatMap((piece) => {
      const { image, box } = placeOf(sample, piece);
      return readBox(image, box);
    });
    const answer = splitWords(answersOf(sample).at(-1)!);
    if (answer[0].startsWith("x")) continue; // coordinates are not written in the image
    for (const word of answer) assert(read.includes(word), `${sample.id}: ${read}`);
  }
});
