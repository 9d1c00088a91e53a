import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseExactJson } from "../../lib/common/exact_json.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { ChatTemplate } from "../../lib/inputs/chat_template.ts";
import { parseMessages } from "../../lib/inputs/messages.ts";
import { jinjaValue, pythonFloat, pythonJson, pythonText } from "../../lib/inputs/python_text.ts";
import { goldenDir } from "../suites/golden.ts";

/** Made by `tools/reference/make_templates.py`. */
const reference = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/templates.json", import.meta.url)),
) as {
  readonly values: string;
  readonly prompts: readonly {
    readonly family: string;
    /** A messages file. */
    readonly file: string;
    readonly prompt: string;
  }[];
  readonly probes: readonly { readonly template: string; readonly text: string }[];
};

Deno.test("templates print what Python's Jinja prints", () => {
  const values = parseExactJson(reference.values) as Readonly<Record<string, unknown>>;
  const wrong: string[] = [];
  for (const { template, text } of reference.probes) {
    let found: string;
    try {
      found = new ChatTemplate(template).render([], values);
    } catch (error) {
      found = `error: ${(error as Error).message}`;
    }
    if (found !== text) wrong.push(`${template}\n  found  ${found}\n  wanted ${text}`);
  }
  assertEquals(wrong, [], wrong.join("\n"));
});

Deno.test("a float's text reads as the same float, a JSON value's as the same value", () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (x) => {
    const text = pythonFloat(x);
    assertEquals(Number(text.replace("inf", "Infinity")), x);
    assertEquals(/[.en]/.test(text), true); // never a whole number's text
  }));
  fc.assert(fc.property(fc.jsonValue(), fc.option(fc.nat(4)), (value, indent) => {
    const plain = JSON.parse(JSON.stringify(value)); // no -0
    assertEquals(JSON.parse(pythonJson(jinjaValue(plain), { indent })), plain);
  }));
});

Deno.test("texts within lists are quoted as Python quotes them", () => {
  assertEquals(
    pythonText(jinjaValue(["it's", 'say "x"', `'"`, "a\\b\u0007é\u00a0"])),
    [
      `["it's", 'say "x"', '\\'"', 'a\\\\b\\x07é\\xa0']`,
    ].join(),
  );
  assertEquals(pythonJson(jinjaValue("é\u007f"), { ensureAscii: true }), '"\\u00e9\u007f"');
});

Deno.test("prompts of messages files with tool calls are transformers', with or without content", async () => {
  for (const { family, file, prompt } of reference.prompts) {
    const processor = await loadProcessorOf(goldenDir(family));
    const { messages, templateArguments } = parseMessages(parseExactJson(file));
    assertEquals((await processor.prepare(messages, { templateArguments })).text, prompt, file);
  }
});
