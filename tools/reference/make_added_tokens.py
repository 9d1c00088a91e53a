"""Ids and offsets of texts around added tokens of every kind, by the tokenizers library, for each golden checkpoint.

    python make_added_tokens.py > ../../tests/golden/inputs/added_tokens.json
"""
import json
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer

GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
FAMILIES = ("qwen2_vl", "qwen3_vl", "qwen3_vl_bf16", "llava", "llava_next", "llava_onevision", "internvl", "internvl_qwen3")
PLAIN = [
    AddedToken("baz", single_word=True, normalized=False),
    AddedToken("Qux", single_word=True, normalized=True),
    AddedToken("foo", normalized=False),
    AddedToken("na\u00efve", normalized=True),
    AddedToken("[l]", lstrip=True, normalized=False),
    AddedToken("[r]", rstrip=True, normalized=True),
    AddedToken("[lr]", lstrip=True, rstrip=True, single_word=True, normalized=False),
    AddedToken("bazaar", normalized=False),
]
SPECIAL = [AddedToken("<|s|>", lstrip=True, rstrip=True), AddedToken("<|w|>", single_word=True)]
TEXTS = [
    "baz", "bazz", "abaz", "bazz baz", "baz-baz", "baz_", "_baz", "1baz", "baz1", "(baz)", "bazaar baz bazaars", "\u732bbaz",
    "baz\u732b", "baz\u0301", "\u00e9baz", "bazbaz", "foobaz", "foobaz baz", "bazfoo", "baz\nbaz", "x baz\tbaz", "baz\u200dq",
    "Qux", "Quxx Qux", "a Qux b", "aQux", "qux QUX", "fooQux", "Qux foo", "na\u00efve nai\u0308ve", "a na\u00efve b",
    "a  [l]  b", "[l]a", " [l] [l]", "a  [r]  b", "[r] [r] ", "a [lr] b", "a[lr]b", "a  [l] [r]  b", "[r]  [l]",
    "a <|s|> b", "<|s|>\n\n<|s|>x", "a<|w|>b", "a <|w|> b", "<|w|>", "\u00a0[l]\u3000x [r]\u00a0y", "baz <|s|> bazz <|s|>baz",
    "Hello, baz! Is Qux foo?", "", " ", "baz ", " baz", "a [l]baz[r] Qux",
]


def main():
    out = []
    for family in FAMILIES:
        tok = Tokenizer.from_file(str(GOLDEN / family / "tokenizer.json"))
        before = len(json.loads(tok.to_str())["added_tokens"])
        tok.add_tokens(PLAIN)
        tok.add_special_tokens(SPECIAL)
        tok = Tokenizer.from_str(tok.to_str())
        added = json.loads(tok.to_str())["added_tokens"][before:]
        cases = []
        for text in TEXTS:
            encoding = tok.encode(text, add_special_tokens=False)
            cases.append([text, encoding.ids, [list(pair) for pair in encoding.offsets]])
        out.append({"family": family, "added": added, "cases": cases})
    rows = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in out)
    print(f'{{"tokenizers": "{tokenizers.__version__}", "families": [\n{rows}\n]}}')


if __name__ == "__main__":
    main()
