import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ChatTemplate } from "../../lib/inputs/chat_template.ts";
import type { ChatMessage } from "../../lib/inputs/messages.ts";
import { expandPlaceholders, renderPrompt } from "../../lib/inputs/prompt.ts";
import { gridLength, type VisualGrid } from "../../lib/inputs/visual_grid.ts";

const source = (text: string) =>
  `{% for m in messages %}[{{ m.role }}] {% for p in m.content %}` +
  `{% if p.type == 'text' %}{{ ${text} }}{% else %}<{{ p.type }}>{% endif %}{% endfor %};{% endfor %}`;
const plain = new ChatTemplate(source("p.text"));
const trimming = new ChatTemplate(source("p.text | trim"));
/** Looks at the text, so that a marker in its place renders something else. */
const looking = new ChatTemplate(source("p.text if 'q' in p.text else p.text + '.'"));

const user = (...texts: string[]): ChatMessage => ({
  role: "user",
  content: texts.map((text) => ({ type: "text", text })),
});
const texts = fc.array(fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 }), { maxLength: 3 });

Deno.test("renderPrompt finds every text, also where texts repeat the template's words", () => {
  fc.assert(fc.property(texts, (conversation) => {
    const messages = conversation.map((parts) => user("user", ...parts));
    for (
      const [template, shorten] of [
        [plain, (text: string) => text],
        [trimming, (text: string) => text.trim()],
      ] as const
    ) {
      const rendered = renderPrompt(template, messages);
      const found = rendered.texts.map(({ start, end }) => rendered.text.slice(start, end));
      assertEquals(found, conversation.flatMap((parts) => ["user", ...parts]).map(shorten));
    }
  }));
});

Deno.test("renderPrompt: a template that looks at texts is searched in order", () => {
  const { text, texts } = renderPrompt(looking, [user("aq", "a"), user("b")]);
  assertEquals(text, "[user] aqa.;[user] b.;");
  assertEquals(texts, [
    { message: 0, role: "user", start: 7, end: 9 },
    { message: 0, role: "user", start: 9, end: 10 },
    { message: 1, role: "user", start: 19, end: 20 },
  ]);
});

Deno.test("renderPrompt: what the template drops is left out", () => {
  const first = new ChatTemplate("{{ messages[0].content }}");
  const { texts } = renderPrompt(first, [
    { role: "user", content: "a" },
    { role: "assistant", content: "b" },
  ]);
  assertEquals(texts.map(({ message }) => message), [0]);
});

const grid = (kind: "image" | "video", media: number, rows: number): VisualGrid => ({
  ...{ kind, media, size: [1, 1], frames: [], rows, columns: 1, newline: "none" },
  region: [0, 0, 1, 1],
});
const kinds = [
  {
    kind: "image",
    placeholder: "<image>",
    layouts: [[{ token: "I", grid: grid("image", 0, 2) }], [
      "(",
      { token: "I", grid: grid("image", 1, 3) },
      ")",
    ]],
  },
  {
    kind: "video",
    placeholder: "<video>",
    layouts: [["t=1 ", { token: "V", grid: grid("video", 0, 1) }]],
  },
];

Deno.test("expandPlaceholders: in order, and texts move along", () => {
  const content = [
    { type: "image", image: "" },
    { type: "text", text: "one" },
    { type: "video", video: [] },
    { type: "image", image: "" },
    { type: "text", text: "two" },
  ] as const;
  const rendered = renderPrompt(plain, [{ role: "user", content }]);
  const { text, texts, grids } = expandPlaceholders(rendered, kinds, gridLength);
  assertEquals(text, "[user] IIonet=1 V(III)two;");
  assertEquals(texts.map(({ start, end }) => text.slice(start, end)), ["one", "two"]);
  assertEquals(grids.map(({ token, grid }) => [token, grid.media]), [["I", 0], ["V", 0], ["I", 1]]);
});

Deno.test("expandPlaceholders: placeholders and media must match", () => {
  const rendered = renderPrompt(plain, [user("x")]);
  assertThrows(
    () => expandPlaceholders(rendered, kinds, gridLength),
    Error,
    "Cannot place 2 images",
  );
  const typed = renderPrompt(plain, [user("what is <image>?")]);
  assertThrows(
    () => expandPlaceholders(typed, kinds, gridLength),
    Error,
    "it holds <image>, which stands for an image",
  );
});
