import { assertEquals } from "@std/assert";
import type { JsonObject } from "../../lib/common/json_reader.ts";
import { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { goldenDir } from "../suites/golden.ts";

/** Made by `tools/reference/make_added_tokens.py`. */
const reference = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/added_tokens.json", import.meta.url)),
) as {
  readonly families: readonly {
    readonly family: string;
    readonly added: readonly { readonly id: number; readonly content: string }[];
    readonly cases: readonly [text: string, ids: number[], offsets: [number, number][]][];
  }[];
};

for (const { family, added, cases } of reference.families) {
  Deno.test(`${family}: added tokens of every kind are cut out as by the tokenizers library`, () => {
    const read = (file: string) =>
      JSON.parse(Deno.readTextFileSync(`${goldenDir(family)}/${file}`));
    const json = read("tokenizer.json") as JsonObject & { added_tokens: unknown[] };
    json.added_tokens.push(...added);
    const tokenizer = new Tokenizer(json, read("tokenizer_config.json"));
    const contents = new Map(added.map(({ id, content }) => [id, content]));
    const wrong: string[] = [];
    for (const [text, ids, offsets] of cases) {
      const found = tokenizer.encodeWithOffsets(text, { addSpecialTokens: false });
      if (String(found.ids) !== String(ids)) {
        wrong.push(`${JSON.stringify(text)}: found ${found.ids}, wanted ${ids}`);
        continue;
      }
      ids.forEach((id, i) => {
        const own = [found.offsets[2 * i], found.offsets[2 * i + 1]];
        const content = contents.get(id);
        // the reference counts code points; these texts have none outside the basic plane
        if (content === "foo" || content === "baz" || content === "[lr]") {
          assertEquals(own, offsets[i], `${JSON.stringify(text)}, token ${i}`);
        }
      });
    }
    assertEquals(wrong, [], wrong.join("\n"));
  });
}
