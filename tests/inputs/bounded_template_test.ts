import { assert, assertEquals, assertThrows } from "@std/assert";
import { Template } from "@huggingface/jinja";
import { BoundedTemplate } from "../../lib/inputs/bounded_template.ts";
import { ChatTemplate } from "../../lib/inputs/chat_template.ts";
import { InputError } from "../../lib/common/errors.ts";

const loop = (depth: number, body: string) =>
  "{% for i in range(60000) %}".repeat(depth) + body + "{% endfor %}".repeat(depth);

const greedy: Record<string, string> = {
  "nested loops": loop(3, "a"),
  "nested loops without output": loop(2, "{% set x = 1 %}"),
  "nested loops with nothing in them": loop(2, ""),
  "a long count": "{% for i in range(1000000000) %}a{% endfor %}",
  "a count without end": "{{ range(1e308 * 10) }}",
  "doubled text": "{% set s = namespace(t='ab') %}{% for i in range(60) %}" +
    "{% set s.t = s.t ~ s.t %}{% endfor %}{{ s.t }}",
  "a doubled list": "{% set s = namespace(t=[1]) %}{% for i in range(60) %}" +
    "{% set s.t = s.t + s.t %}{% endfor %}{{ s.t | length }}",
  "a macro without end": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
  "branching macros": "{% macro a(n) %}{% if n > 0 %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}" +
    "{% endmacro %}{{ a(60) }}",
  "wide JSON": "{{ messages | tojson(indent=400000000) }}",
  "a wide margin": "{{ 'a\nb' | indent(400000000) }}",
  "replaced by longer": "{% set s = namespace(t='aaaaaaaa') %}{% for i in range(60) %}" +
    "{% set s.t = s.t.replace('a', 'aaaaaaaa') %}{% endfor %}{{ s.t }}",
  "a repeated text": "{{ 'ab' * 1000000000 }}",
  "a repeated list": "{{ [1] * 1000000000 }}",
  "a padded text": "{{ 'a'.ljust(1000000000) }}",
  "a text filled in many times": `{% set t = 'a' * 8000000 %}{{ '${
    "{0}".repeat(99999)
  }'.format(t) }}`,
  "deep parentheses": `{{ ${"(".repeat(50000)}1${")".repeat(50000)} }}`,
  "a long text": "a".repeat(2_000_000),
};

for (const [name, source] of Object.entries(greedy)) {
  Deno.test(`a template that takes too much is refused within seconds: ${name}`, () => {
    const start = performance.now();
    const error = assertThrows(
      () => new ChatTemplate(source).render([{ role: "user", content: "Hi" }]),
      InputError,
    );
    assert(performance.now() - start < 5000);
    assert(error.message.length < 400 && !error.message.includes("\n"), error.message);
  });
}

Deno.test("within the limits it is the Jinja library's own result", () => {
  const values = {
    messages: [{ role: "user", content: "a\nb" }, { role: "assistant", content: [1, 2.5, null] }],
    flag: true,
  };
  for (
    const source of [
      "{% for m in messages %}{{ loop.index }}{{ m.role | upper }}: {{ m | tojson }}\n{% endfor %}",
      "{{ range(3) | list }}{{ range(2, 9, 3) | list }}{{ range(5, 0, -2) | list }}{{ range(0) }}",
      "{% if flag is true and none is none and not false %}yes{% endif %}",
      "{% macro m(a, b=2) %}[{{ a }},{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b='x') }}",
      "{{ strftime_now('%Y') }}{{ messages | tojson(indent=2) }}{{ 'a\nb' | indent(3) }}",
      "{%- set ns = namespace(n=0) -%}\n{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
      "{% for x in messages | selectattr('role', 'equalto', 'user') %}{{ x.content }}{% endfor %}",
    ]
  ) {
    assertEquals(new BoundedTemplate(source).render(values), new Template(source).render(values));
  }
  assertThrows(
    () => new BoundedTemplate("{{ raise_exception('no tools') }}").render({}),
    Error,
    "no tools",
  );
});
