"""What transformers makes of tokenizer files that people have: tokens that only tokenizer_config.json names, and steps
before the model (Split by any behaviour, white space) that other files have than those of the golden checkpoints.

    python make_tokenizer_files.py > ../../tests/golden/inputs/tokenizer_files.json
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import transformers
from transformers import AutoTokenizer

GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
TEXTS = [
    "Hello world", "  two  spaces ", "a<loc>b <loc> c", "x <extra> y<im>", "hi <|im_start|> yo <tool_call> z <think>", "foo food",
    "tab\tnl\n\n end\n", "don't I'm 1234", "\u00e9\u00e0 \u4f60\u597d \U0001f642", "x\u00a0y\u3000z\u0085w", " <Loc> <loc>", "", "  ",
]


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True, **flags}


def decoder(base, **new):
    return {"added_tokens_decoder": {**base["added_tokens_decoder"], **{i[1:]: t for i, t in new.items()}}}


def configs(base):
    """Changes of tokenizer_config.json."""
    return {
        "additional": {"additional_special_tokens": ["<loc>", "<extra>", "<loc>"]},
        "a word of the vocabulary": {"additional_special_tokens": ["foo", "hi"]},
        "extra list": {"extra_special_tokens": ["<loc>"]},
        "extra before additional": {"extra_special_tokens": ["<loc>"], "additional_special_tokens": ["<extra>"]},
        "extra by name": {"extra_special_tokens": {"im_token": "<im>", "loc_token": "<loc>"}, "image_token": "<extra>"},
        "model specific": {"model_specific_special_tokens": {"im_token": "<im>"}},
        "named": {"eos_token": "<extra>", "bos_token": "<im>", "cls_token": "<loc>"},
        "own key": {"image_token": "<im>"},
        "decoder": decoder(base, _602=token("<loc>")),
        "decoder out of order": decoder(base, _603=token("<loc>"), _602=token("<extra>")) | {"additional_special_tokens": ["<im>"]},
        "decoder strips": decoder(base, _602=token("<loc>", lstrip=True, rstrip=True, special=False)),
        "decoder normalised": decoder(base, _602=token("<Loc>", normalized=True, special=False)),
        "all": decoder(base, _602=token("<im>")) | {"eos_token": "<extra>", "additional_special_tokens": ["<loc>"]},
    }


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def split(behavior, invert=False, **pattern):
    step = {"type": "Split", "pattern": pattern or {"String": " "}, "behavior": behavior, "invert": invert}
    return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [step, BYTES]}}


STEPS = {
    **{f"split {b}": split(b) for b in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")},
    **{f"split inverted {b}": split(b, True, Regex="\\w+|[^\\w\\s]+") for b in ("Removed", "Isolated", "MergedWithNext")},
    "split runs": split("Contiguous", Regex="\\s"),
    "words": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, BYTES]}},
    "white space": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, BYTES]}},
    "stripped": {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}},
    "stripped left": {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Strip", "strip_left": True, "strip_right": False}]}},
}


def cases(folder, config, steps):
    """Ids and texts as the folder's tokenizer has them after these changes."""
    with tempfile.TemporaryDirectory() as made:
        for path in folder.iterdir():
            if path.is_file() and path.suffix in (".json", ".txt"):
                shutil.copy(path, made)
        for name, change in (("tokenizer_config.json", config), ("tokenizer.json", steps)):
            path = Path(made, name)
            path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
        made_tokenizer = AutoTokenizer.from_pretrained(made)
        ids = [made_tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
        return [[i, made_tokenizer.decode(i, skip_special_tokens=True)] for i in ids]


def main():
    folder = GOLDEN / "qwen3_vl"
    base = json.loads((folder / "tokenizer_config.json").read_text())
    files = json.loads((folder / "tokenizer.json").read_text())
    made = [{"name": name, "config": config, "tokenizer": {}} for name, config in configs(base).items()]
    shorter = {"added_tokens": [t for t in files["added_tokens"] if t["id"] < 590]}
    made.append({"name": "tokenizer.json of before", "config": {}, "tokenizer": shorter})
    plain = {"tokenizer_class": "PreTrainedTokenizerFast"}
    made += [{"name": name, "config": plain, "tokenizer": steps} for name, steps in STEPS.items()]
    rows = []
    for entry in made:
        print(entry["name"], file=sys.stderr)
        rows.append(json.dumps({**entry, "cases": cases(folder, entry["config"], entry["tokenizer"])}, ensure_ascii=False))
    head = f'"transformers": "{transformers.__version__}", "texts": {json.dumps(TEXTS, ensure_ascii=False)}'
    print(f'{{{head}, "files": [\n' + ",\n".join(rows) + "\n]}")


if __name__ == "__main__":
    main()
