import { InputError } from "../../lib/common/errors.ts";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChatTemplate, loadChatTemplate } from "../../lib/inputs/chat_template.ts";

// Equality with transformers' renderings is tested for every family in families/input_recipes_test.ts.
Deno.test("blocks take their line, generation tags vanish, tojson is json.dumps", () => {
  const template = new ChatTemplate(
    "{% for m in messages %}\n    {% if true %}\n{{ m.x | tojson }}{% endif %}\n{% endfor %}\n" +
      "{% generation %}a{% endgeneration %}{{ bos_token }}",
    { bos_token: "<s>" },
  );
  // Jinja2 with trim_blocks and lstrip_blocks gives this; json.dumps(ensure_ascii=False) as well.
  const x = { a: "ü<b>'&", n: [1, 2.5, null, true] };
  assertEquals(
    template.render([{ x }]),
    `{"a": "ü<b>'&", "n": [1, 2.5, null, true]}a<s>`,
  );
});

Deno.test("a template can refuse, and damaged ones are refused", () => {
  const template = new ChatTemplate("{{ raise_exception('roles must alternate') }}");
  assertThrows(() => template.render([]), Error, "roles must alternate");
  assertThrows(() => new ChatTemplate("{% for %}"), Error, "Cannot use the chat template");
});

Deno.test("files: the processor's, then chat_template.json, .jinja and the tokenizer's config", async () => {
  const dir = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${dir}/${name}`, text);
  const rendered = async () => (await loadChatTemplate(dir)).render([]);
  try {
    await assertRejects(rendered, InputError, "has no chat template"); // a base model loads all the same
    await write("tokenizer_config.json", "{}");
    await assertRejects(rendered, InputError, "has no chat template"); // a base model loads all the same
    const named = [{ name: "tool_use", template: "t" }, { name: "default", template: "d" }];
    await write("tokenizer_config.json", JSON.stringify({ chat_template: named }));
    assertEquals(await rendered(), "d");
    await write("tokenizer_config.json", JSON.stringify({ chat_template: "c" }));
    assertEquals(await rendered(), "c");
    await write("chat_template.jinja", "j");
    assertEquals(await rendered(), "j");
    await write("chat_template.json", JSON.stringify({ chat_template: "json" }));
    assertEquals(await rendered(), "json");
    await write(
      "chat_template.json",
      JSON.stringify({ chat_template: { rag: "r", default: "o" } }),
    );
    assertEquals(await rendered(), "o");
    await write("processor_config.json", JSON.stringify({ image_token: "<image>" }));
    assertEquals(await rendered(), "o");
    await write("processor_config.json", JSON.stringify({ chat_template: "p" }));
    assertEquals(await rendered(), "p");
    await write(
      "processor_config.json",
      JSON.stringify({ chat_template: { rag: "r", tools: "t" } }),
    );
    await assertRejects(rendered, InputError, '("rag", "tools")');
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
