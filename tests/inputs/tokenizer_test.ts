import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { loadTokenizer, Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { goldenDir } from "../suites/golden.ts";
import { reference } from "./reference.ts";

// Equality with the reference's ids is tested for every family in families/input_recipes_test.ts.
const qwen = await loadTokenizer(goldenDir("qwen3_vl"));
const llama = await loadTokenizer(goldenDir("llava"));

const texts = fc.string({ unit: "grapheme", maxLength: 40 });

Deno.test("decode undoes encode, up to composed characters", () => {
  fc.assert(fc.property(texts, (text) => {
    assertEquals(qwen.decode(qwen.encode(text)), text.normalize("NFC"));
  }));
});

Deno.test("offsets: every character lies in a token, tokens in order", () => {
  for (const tokenizer of [qwen, llama]) {
    fc.assert(fc.property(texts, (text) => {
      const { ids, offsets } = tokenizer.encodeWithOffsets(text);
      assertEquals(ids, tokenizer.encode(text));
      assertEquals(offsets.length, 2 * ids.length);
      const held = new Uint8Array(text.length);
      for (let i = 0; i < ids.length; i++) {
        held.fill(1, offsets[2 * i], offsets[2 * i + 1]);
        if (i > 0) assert(offsets[2 * i] >= offsets[2 * i - 2]);
      }
      assert(held.every((bit) => bit === 1), JSON.stringify(text));
    }));
  }
});

Deno.test("offsets equal those of the reference's own tokenizer", () => {
  for (const [folder, text, wanted] of reference.offsets) {
    const tokenizer = folder === "llava" ? llama : qwen;
    const { ids, offsets } = tokenizer.encodeWithOffsets(text);
    assertEquals(ids.length, wanted.length);
    wanted.forEach((range, i) => {
      const found = [offsets[2 * i], offsets[2 * i + 1]];
      // The space that this tokenizer puts in front of a text belongs to no character of it; the
      // reference gives it the first one.
      const front = tokenizer.tokenString(ids[i]) === "\u2581" && found[0] === found[1];
      assertEquals(front ? [found[0], found[0] + 1] : found, [...range], `${text}, token ${i}`);
    });
  }
});

Deno.test("tokens around a text have an empty range", () => {
  const { ids, offsets } = llama.encodeWithOffsets("Hi");
  assertEquals(llama.tokenString(ids[0]), "<s>");
  assertEquals([offsets[0], offsets[1]], [0, 0]);
  const bare = llama.encodeWithOffsets("Hi", { addSpecialTokens: false });
  assertEquals(bare.offsets, offsets.slice(2));
  const twice = llama.encodeWithOffsets("<s>Hi"); // one added, one in the text
  assertEquals([...twice.offsets.slice(0, 4)], [0, 0, 0, 3]);
});

Deno.test("ids beyond the vocabulary are skipped, as the reference does", () => {
  const ids = [...qwen.encode("Hello"), 100_000];
  assertEquals(qwen.decode(ids), "Hello");
  assertEquals(qwen.decode([]), "");
});

Deno.test("bytes that are no UTF-8 show as one mark each, as in the reference", () => {
  // Source: tokenizers' decoders/byte_fallback.rs and its tests
  const bytes = (...values: number[]) =>
    values.map((value) =>
      llama.tokenId(`<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`)!
    );
  const eos = llama.tokenId("</s>")!, a = llama.encode("a", { addSpecialTokens: false });
  const shown = (ids: number[]) => llama.decode([...a, ...ids, ...a]).slice(1, -1).trimEnd();
  assertEquals(shown(bytes(0xe5, 0x8f, 0xab)), "叫");
  assertEquals(shown(bytes(0xe5, 0x8f)), "\ufffd\ufffd");
  assertEquals(shown(bytes(0xe5, 0x8f, 0x61)), "\ufffd\ufffd\ufffd");
  const split = [...bytes(0xe5), eos, ...bytes(0x8f, 0xab)];
  assertEquals(shown(split), "\ufffd</s>\ufffd\ufffd");
  assertEquals(llama.decode([...a, ...split], { skipSpecialTokens: true }), "a叫");
});

Deno.test("tokens by name", () => {
  const id = qwen.tokenId("<|image_pad|>");
  assert(id !== null);
  assertEquals(qwen.tokenString(id!), "<|image_pad|>");
  assertEquals([qwen.tokenId("<none>"), qwen.tokenString(100_000)], [null, null]);
  assertEquals(llama.specialTokens.bos_token, "<s>");
  assertEquals(qwen.specialTokens.bos_token, undefined);
});

Deno.test("damaged and missing files are refused", async () => {
  assertThrows(() => new Tokenizer({ model: {} }, {}), Error, "Cannot use tokenizer.json");
  const dir = await Deno.makeTempDir();
  try {
    await assertRejects(() => loadTokenizer(dir), Error, "tokenizer.json");
    await Deno.writeTextFile(`${dir}/tokenizer.json`, "{");
    await assertRejects(() => loadTokenizer(dir), Error, "it is not JSON");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
