import { assert, assertEquals } from "@std/assert";
import { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { goldenDir } from "../suites/golden.ts";

type Json = Readonly<Record<string, unknown>>;

/** Made by `tools/reference/make_tokenizer_files.py`. */
const { texts, files } = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/tokenizer_files.json", import.meta.url)),
) as {
  readonly texts: readonly string[];
  readonly files: readonly {
    readonly name: string;
    readonly config: Json;
    readonly tokenizer: Json;
    readonly cases: readonly [ids: number[], text: string][];
  }[];
};

const read = (file: string): Json =>
  JSON.parse(Deno.readTextFileSync(`${goldenDir("qwen3_vl")}/${file}`));

for (const { name, config, tokenizer: steps, cases } of files) {
  Deno.test(`tokenizer files, ${name}: ids and texts are those of transformers`, () => {
    const tokenizer = new Tokenizer(
      { ...read("tokenizer.json"), ...steps },
      { ...read("tokenizer_config.json"), ...config },
    );
    texts.forEach((text, i) => {
      const ids = tokenizer.encode(text, { addSpecialTokens: false });
      assertEquals([...ids], cases[i][0], JSON.stringify(text));
      assertEquals(tokenizer.decode(ids, { skipSpecialTokens: true }), cases[i][1]);
    });
  });
}

Deno.test("tokenizer files: a token that only the config names has its place in the text", () => {
  const config = { ...read("tokenizer_config.json"), additional_special_tokens: ["<loc>"] };
  const { ids, offsets } = new Tokenizer(read("tokenizer.json"), config).encodeWithOffsets(
    "a<loc>b",
  );
  const at = ids.indexOf(602);
  assert(at >= 0);
  assertEquals([offsets[2 * at], offsets[2 * at + 1]], [1, 6]);
});

Deno.test("tokenizer files: a byte order mark within a text is kept", () => {
  for (const family of ["llava", "llava_next", "gemma3", "qwen3_vl"]) {
    const file = (name: string) =>
      JSON.parse(Deno.readTextFileSync(`${goldenDir(family)}/${name}`)) as Json;
    const tokenizer = new Tokenizer(file("tokenizer.json"), file("tokenizer_config.json"));
    const ids = tokenizer.encode("a \ufeffb\ufeff", { addSpecialTokens: false });
    assertEquals(tokenizer.decode(ids), "a \ufeffb\ufeff", family);
  }
});
