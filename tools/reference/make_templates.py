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
]
VALUES = {"x": {**CALL["function"]["arguments"], "one": 1.0, "words": ["a", "b"], "map": {"k": 1.0, "j": True},
                "rows": [{"n": 1}, {"n": 2.5}]}}


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
