"""Prompts that transformers renders: tool calls without content by the golden templates, and probes of single features.

    python make_templates.py > ../../tests/golden/inputs/templates.json

Values are kept as JSON text, which tells 1.0 from 1.
"""
import json
from pathlib import Path

from tv_shim import enable_torchvision

enable_torchvision()

import transformers  # noqa: E402
from transformers import AutoProcessor  # noqa: E402
from transformers.utils.chat_template_utils import _compile_jinja_template  # noqa: E402

transformers.logging.set_verbosity_error()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
CALL = {"type": "function", "function": {"name": "zoom", "arguments": {
    "factor": 1.0, "tiny": 1e-07, "small": 0.0001, "large": 1e16, "big": 12345678901234567890, "half": 0.5, "count": 3,
    "flag": True, "none": None, "minus": -0.0, "text": "naïve \"猫\"", "list": [1, 2.0, [], {}], "third": 0.1}}}
TOOL = {"type": "function", "function": {"name": "zoom", "description": "Looks closer.", "parameters": {
    "type": "object", "properties": {"factor": {"type": "number", "minimum": 1.0, "maximum": 4}}, "required": ["factor"]}}}


def conversations():
    user = {"role": "user", "content": "What is it?"}
    result = {"role": "tool", "content": "A cat."}
    for message in ({"role": "assistant", "content": None, "tool_calls": [CALL]},
                    {"role": "assistant", "tool_calls": [CALL]},
                    {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]},
                    {"role": "assistant", "content": "Let me look.", "tool_calls": [CALL]},
                    {"role": "assistant", "content": None, "reasoning": "Hm.", "tool_calls": None, "name": None}):
        yield [user, message, result]


PROBES = [
    "{{ true }} {{ false }} {{ none }}|{{ missing }}|", "{{ x.flag }} {{ not x.flag }} {{ x.none }}", "{{ 1 == 1.0 }}",
    "{{ x.one }} {{ x.tiny }} {{ x.large }} {{ x.half }} {{ x.big }} {{ x.minus }} {{ x.small }}",
    "{{ x.one | tojson }} {{ x | tojson }}", "{{ x | tojson(indent=2) }}", "{{ x.list | tojson(indent=4) }}",
    "{{ x.list }} {{ x.map }}", "{{ x.list | string }} {{ x.flag | string }} {{ x.one | string }}",
    "{{ 'a' ~ x.one ~ x.flag ~ x.none }}", "{{ x.words | join(', ') }} {{ x.list | join('-') }}",
    "{{ '<a href=\"b\">\\'&' | e }} {{ '<' | escape }}", "{{ 2.567 | round }} {{ 2.567 | round(2) }} {{ 2.5 | round }} "
    "{{ 3.5 | round }} {{ 7 | round }} {{ 2.1 | round(0, 'ceil') }} {{ 2.9 | round(0, 'floor') }} {{ 25 | round(-1) }}",
    "{{ [1, 2, 3] | sum }} {{ [1.5, 2] | sum }} {{ [] | sum }} {{ x.rows | sum(attribute='n') }}",
    "{{ 'hello wORLD' | title }} {{ 'hello wORLD'.title() }}", "{{ 'a,b' .split(',') }} {{ 'abc' | upper }}",
    "{{ 7 / 2 }} {{ 7 // 2 }} {{ 6 / 2 }} {{ 7 % 3 }} {{ 2 ** 3 }} {{ 1.5 + 1.5 }}",
    "{{ x.words | first }} {{ x.words | last }} {{ x.words | length }}",
    "{% for k, v in x.map | dictsort %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in x.map.items() %}{{ k }}={{ v }};{% endfor %}", "{{ 'a' if x.flag else 'b' }}", "{{ x.words[::-1] }}",
    "{{ x.one | int }} {{ '3' | int + 1 }} {{ '2.5' | float }} {{ 3 | float }}",
    "{{ x.words | map('upper') | list }}", "{{ -3 | abs }} {{ x.half | abs }}", "{{ x.text | tojson }} {{ x.text }}",
    "{%- set ns = namespace(n=1.0) -%}{% set ns.n = ns.n + 1 %}{{ ns.n }}", "{{ ['a', true, none, 1.0] }}",
    "{{ {'a': 1.0, 'b': [true]} }}", "{{ \"it's\" }} {{ [\"it's\", 'say \"x\"', 'a\\nb'] }}", "{{ x.words | max }} {{ [3, 1] | min }}",
    "{{ 10 > 9.5 }} {{ 'b' in x.words }} {{ x.none is none }} {{ x.one is float }} {{ x.count is integer }}",
    "{{ [1, 2] + [3] }} {{ (1, 2) }} {{ x.words | replace('a', 'b') if false else 'c' }}",
    "a\r\nb{{ 'x\r\ny' }}\r\n{% if true %}\r\nc{% endif %}\r\n", "a\rb\r{% if true %}\rc{% endif %}",
    "{{ x.answer.split('</think>')[-1].lstrip('\\n') }}|{{ x.answer.split('</think>')[0].strip('\\n') }}|{{ x.answer.rstrip('\\n') }}|",
    "{% for w in x.rows | selectattr('n', 'in', [1, 3]) %}{{ w.n }}{% endfor %}{{ x.rows | selectattr('n', 'ne', 1) | list }}",
    "{{ x.rows == [{'n': 1}, {'n': 2.5}] }} {{ x.words == ['a', 'b'] }} {{ x.map != x.map }} {{ x.count == '3' }} {{ x.flag == 1 }}",
    "{{ ' a b '.strip() }}",
    "{{ 'a,b,c'.split(',') }}",
    "{{ 'xxay'.lstrip('x') }}",
    "{{ 'abc'.upper().lower().capitalize() }}",
    "{{ 'a-b'.replace('-', '+') }}",
    "{{ 'hello world'.title() }}",
    "{{ 'abc'.startswith('a') }}",
    "{{ 'abc'.endswith('bc') }}",
    "{{ 'abcabc'.find('c') }}",
    "{{ 'a b c'.rsplit(' ', 1) }}",
    "{{ 'a\\nb'.splitlines() }}",
    "{{ ','.join(['x','y']) }}",
    "{{ '7'.zfill(3) }}",
    "{{ 'abc'.index('b') }}",
    "{{ 'aXbX'.count('X') }}",
    "{{'5'.isdigit()}}",
    "{{ 'ab'.center(6) }}",
    "{{ 'aaa'.replace('a','b',1) }}",
    "{{ 'a b c d'.split(' ', 2) }}",
    "{{ 'a  b'.split() }}",
    "{{ 'a b c'.partition(' ') }}",
    '{{ 3 is odd }}',
    '{{ 3 is number }}',
    '{{ 3 is integer }}',
    '{{ 3.0 is float }}',
    '{{ true is boolean }}',
    "{{ 'A' is upper }}",
    '{{ none is none }}',
    '{{ 1 is not string}}',
    '{{ x is not defined }}',
    '{{ true is true }}',
    '{{ false is false }}',
    '{{ 1 is callable }}',
    '{{ [3,1,2]|sort }}',
    '{{ [1,2,3]|first }}',
    '{{ [1,2,3]|last }}',
    "{{ ['a','b']|join('-') }}",
    "{{ 'a b'|title }}",
    "{{ ' x '|trim }}",
    "{{ x|default('d') }}",
    "{{ ''|default('e', true) }}",
    '{{ [1,2,2]|unique|list }}',
    "{{ 'abc'|length }}",
    '{{ [1,2]|sum }}',
    "{{ 'abc'|list }}",
    "{{ 'abc'|reverse }}",
    '{{ 3.7|int }}',
    "{{ '3'|int + 1 }}",
    "{{ '2.5'|float }}",
    "{{ 3|string ~ 'x' }}",
    '{{ -3|abs }}',
    "{{ 'a\\nb'|indent(2) }}",
    "{{ 'a\\nb'|indent(2, true) }}",
    "{{ 'hello'|capitalize }}",
    "{{ 'AbC'|lower|upper }}",
    "{{ 'x'|replace('x','y') }}",
    '{{ [1,2,3]|max }}',
    '{{ [3,1]|min }}',
    '{{ 3.14159|round(2) }}',
    "{{ 'a b c'|wordcount }}",
    "{{ [1,2,3,4]|select('odd')|list }}",
    "{{ [1,2,3,4]|reject('odd')|list }}",
    '{{ [1,2,3,4,5]|batch(2)|list }}',
    "{{ [1,2]|map('string')|join('+') }}",
    "{{ 'a%sb%d'|format('x', 3) }}",
    "{{ '%s-%s' % ('a','b') }}",
    "{{ '%.2f' % 3.14159 }}",
    "{{ '{} {}'.format(1,'b') }}",
    "{{ '{a}'.format(a=2) }}",
    "{{ '<b>'|escape }}",
    "{{ '<b>'|safe }}",
    '{{ 7//2 }}',
    '{{ 7%3 }}',
    '{{ 2**3 }}',
    '{{ 7/2 }}',
    '{{ 4/2 }}',
    '{{ 1.0 }}',
    '{{ -5//2 }}',
    '{{ -5%3 }}',
    "{{ 'a'*3 }}",
    '{{ [1]*2 }}',
    '{{ [1]+[2] }}',
    '{{ 1 < 2 < 3 }}',
    '{{ not true }}',
    "{{ 'a' in 'abc' }}",
    "{{ 'z' not in ['a'] }}",
    "{{ true and 'x' or 'y' }}",
    "{{ none or 'n' }}",
    '{{ 1 if false }}',
    '{{ 10 == 10.0 }}',
    "{{ '1' == 1 }}",
    '{{ true == 1 }}',
    '{{ 3 != 4 }}',
    "{{ [1,'a',true,none,1.5] }}",
    "{{ {'a':1,'b':[true,none]} }}",
    '{{ (1,2) }}',
    "{{ 'it\\'s' }}",
    '{{ ["it\'s"] }}',
    '{{ [\'"\'] }}',
    "{{ 'a' 'b' }}",
    '{{ 0.1+0.2 }}',
    '{{ 1/3 }}',
    '{{ 100000.0*100000 }}',
    '{{ 10**20 }}',
    '{{ -0.0 }}',
    "{{ '\U0001f642\xe9'|length }}",
    "{{ '\U0001f642\xe9'[1:] }}",
    "{{ '\U0001f642\xe9'|reverse }}",
    "{{ '\U0001f642\xe9'|list }}",
    "{{ '\xdf'.upper() }}",
    "{{ '\U0001f642ab'.find('a') }}",
    "{{ '\\u00a0x\\u2003'.strip()|length }}",
    "{{ '\\ufeffx'.strip()|length }}",
    "{{ 'a\\u0085b'.split()|length }}",
    "{{ '\\x1cx'.strip()|length }}",
    '{{ [1,2]==[1,2] }}',
    "{{ {'a':1}=={'a':1} }}",
    '{{ [1] in [[1]] }}',
    '{{ (1,2) == (1,2) }}',
    "{{ 'a' < 'b' }}",
    '{{ [1,2] < [1,3] }}',
    "{{ '\\n\\t\\x41\\u00e9\\\\' }}",
    "{{ '\U0001f642ab'[1:] }}",
    "{{ '\U0001f642ab'|first }}",
    "{{ '\u0130'.lower()|length }}",
    "{{ '\u01c6'|title }}",
    '{{ "it\'s a dog\'s"|title }}',
    '{{ "they\'re".title() }}',
    "{{ 'a\tb  c'.split(' ') }}",
    "{{ ''.split(',') }}",
    "{{ ''.split() }}",
    "{{ 'abc'[5:] }}{{ 'abc'[-2:] }}{{ 'abc'[:-1] }}{{ 'abc'[::-1] }}{{ 'abc'[-1] }}",
    '{{ [1,2,3][5:] }}{{ [1,2,3][-2:] }}{{ [1,2,3][::-1] }}',
    '{{ 7 / 2 }} {{ 6 / 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 // 2 }} {{ 2 ** 3 }}',
    '{{ 1.5 + 1.5 }} {{ 2 * 1.0 }} {{ 3.0 | int }} {{ 1 + 1.0 }}',
    "{{ '5' * 2 }}",
    '{{ [1,2] + [3] }} {{ [1,2] * 2 }}',
    "{{ 3 in [1,2,3] }} {{ 3.0 in [3] }} {{ 'a' in {'a':1} }} {{ none in [none] }}",
    "{{ [] == [] }} {{ {} == {} }} {{ [1] == [1.0] }} {{ 'a' == 'a' }} {{ none == false }} {{ 0 == false }} {{ '' == none }}",
    "{{ [] or 'e' }} {{ {} or 'd' }} {{ 0 or 'z' }} {{ '' or 's' }} {{ [0] and 'y' }}",
    "{{ not [] }} {{ not '' }} {{ not none }} {{ not 'a' }}",
    "{% if [] %}a{% endif %}{% if {} %}b{% endif %}{% if '' %}c{% endif %}{% if '0' %}d{% endif %}{% if 0.0 %}e{% endif %}",
    "{{ {'a': 1}|length }} {{ {'a':1}|list }}",
    '{{ {\'a\': none}|tojson }} {{ none|tojson }} {{ true|tojson }} {{ 1.0|tojson }} {{ \'a"b\\\\c\n\'|tojson }} {{ \'\u2028\x7f\x01\'|tojson }}',
    "{{ [1,[2,{'a':3}]]|tojson(indent=2) }} {{ []|tojson(indent=2) }} {{ {}|tojson(indent=2) }}",
    "{{ 'a'|string }} {{ 1|string }} {{ none|string }} {{ true|string }} {{ [1,'b']|string }}",
    "{{ 'Abc'.islower() }}",
    "{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}",
    "{{ 'a|b'.rpartition('|') }}",
    "{{ 'abc'.isalpha() }}{{ 'abc1'.isalnum() }}{{ ' '.isspace() }}{{ 'ABC'.isupper() }}",
    "{{ 'abc'.ljust(5) }}|{{ 'abc'.rjust(5) }}",
    "{{ 'aBc'.swapcase() }}{{ 'aBc'.casefold() }}",
    "{{ 'abc'.rfind('c') }}{{ 'abc'.rindex('c') }}",
    "{{ 'x y'.split(sep=' ') }}",
    "{{ 'a b c'.split(maxsplit=1) }}",
    '{{ [1]|length }}{{ [1]|count }}',
    "{{ '\\\\n' }}",
    '{{ "a\\"b" }}',
    "{{ 'tab\\there' }}",
    '{{ [1,2,3]|list|first }}',
    '{{ [3,1,2]|sort(reverse=true) }}',
    "{{ ['b','A']|sort }} {{ ['b','A']|sort(case_sensitive=true) }}",
    '{{ [1,2,3]|sum }}',
    "{{ '%d' % 3 }}",
    '{{ 2 is even }}',
    "{{ 'x' is lower }}",
    '{{ x is defined and x }}',
    "{{ (x|default({})).y|default('z') }}",
    '{{ x|default(none) is none }}',
    "{% set x = x if x is defined else 'dflt' %}{{ x }}",
    '{% if x is not defined %}{% set x = false %}{% endif %}{{ x }}',
    '{% if not x is defined %}nd{% endif %}',
    '{% set ns=namespace() %}{% set ns.a = [] %}{% set ns.a = ns.a + [1] %}{{ ns.a }}',
    '{% set ns=namespace(x=1) %}{% for i in range(3) %}{% set ns.x = ns.x * 2 %}{% endfor %}{{ ns.x }}',
    '{{ -1 }}{{ +1 }}{{ - 2 }}',
    '{{ 1 if true else 2 if false else 3 }}',
    "{{ ('a' if true) ~ 'b' }}",
    '{{ range(3)[1] }}',
    "{{ 'a\nb' | indent(4, first=true) }}",
    "{{ 'a\n\nb' | indent(4) }}",
    "{{ 'a\n\nb' | indent(4, blank=true) }}",
    "{{ 3 | float }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ '3.9'|int }} {{ 2.5|round }} {{ 3.5|round|int }} {{ 1234.567|round(1) }}",
    "{{ 1.0 == 1 }} {{ '1.0'|float == 1 }}",
    '{{ [none, 1]|select|list }}',
    "{{ 'abc' | batch(2) | list }}",
    '{{ now is defined }}',
    "{{ 'a'.__class__ }}",
]
VALUES = {"x": {**CALL["function"]["arguments"], "one": 1.0, "words": ["a", "b"], "map": {"k": 1.0, "j": True},
                "rows": [{"n": 1}, {"n": 2.5}], "answer": "<think>\n Hm.\n</think>\n\n  Yes. \n"}}


def main():
    prompts = []
    for family in ("qwen3_vl", "qwen2_5_vl", "internvl_qwen3"):
        processor = AutoProcessor.from_pretrained(GOLDEN / family)
        for messages in conversations():
            for tools in (None, [TOOL]):
                file = {"messages": messages, **({"template_kwargs": {"tools": tools}} if tools else {})}
                text = json.dumps(file, ensure_ascii=False)
                prompt = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False,
                                                       **file.get("template_kwargs", {}))
                prompts.append({"family": family, "file": text, "prompt": prompt})
    probes = []
    for template in PROBES:
        try:
            probes.append({"template": template, "text": _compile_jinja_template(template).render(**VALUES)})
        except Exception as error:  # a template that Jinja refuses
            probes.append({"template": template, "error": type(error).__name__})
    print(json.dumps({"transformers": transformers.__version__, "values": json.dumps(VALUES, ensure_ascii=False),
                      "prompts": prompts, "probes": probes}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
