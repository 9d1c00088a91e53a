"""Checks that transformers computes from the GGUF file of a language model what this library computes.

    python tools/check_text_transformers.py [model] [prompts] [greedy tokens]

Needs deno and, in Python, transformers 5.23, torch 2.13 (CPU is enough), accelerate, gguf, safetensors. The model is
`smol`, `qwen` or `qwen-1.5b` (after `deno task` with its name) or a GGUF file with a vocabulary of either kind. For each
prompt `tools/dump_text_logits.ts` writes this library's text, token ids, logits of all positions and greedy tokens, in
float32; transformers dequantises and reorders the weights by its own code, and tokenizers and Jinja make text and ids.
Exits with 1 where logits differ by more than 2e-4 of the largest, or where text, token ids or greedy tokens differ.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import torch
from gguf import GGUFReader
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

LIMIT = 2e-4


# transformers' Qwen2Tokenizer: PRETOKENIZE_REGEX
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def read_tokenizer(path: Path) -> PreTrainedTokenizerFast:
    """The tokenizer as the model's published tokenizer.json defines it, with the file's vocabulary and chat template."""
    fields = GGUFReader(path).fields
    read = lambda key: fields[f"tokenizer.{key}"].contents()
    tokens = read("ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in read("ggml.merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=read("ggml.pre") != "qwen2")
    if read("ggml.pre") == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
        cut = pre_tokenizers.Split(Regex(QWEN2), "isolated")
    else:
        cut = pre_tokenizers.Digits(True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, spell])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token, kind in zip(tokens, read("ggml.token_type")) if kind == 3])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=read("chat_template"))


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "smol"
    count = sys.argv[2] if len(sys.argv) > 2 else "4"
    greedy = sys.argv[3] if len(sys.argv) > 3 else "16"
    worst, wrong = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["deno", "run", "-A", "tools/dump_text_logits.ts", name, folder, count, greedy], check=True)
        described = json.loads(Path(folder, "prompts.json").read_text())
        found = Path(described["dir"])
        path = found if found.is_file() else next(found.glob("*.gguf"))
        kinds = Counter(tensor.tensor_type.name for tensor in GGUFReader(path).tensors)
        print(f"{path.name}: " + ", ".join(f"{n} tensors {kind}" for kind, n in kinds.most_common()))
        tokenizer = read_tokenizer(path)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        for key, text in described["texts"].items():
            ours = load_file(Path(folder, f"{key}.safetensors"))
            ids = ours["input_ids"].tolist()
            messages = described["messages"][key]
            if tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) != text:
                print(f"prompt {key}: the chat template gives another text")
                wrong += 1
            if tokenizer.encode(text, add_special_tokens=False) != ids:
                print(f"prompt {key}: other token ids")
                wrong += 1
            prompt = torch.tensor([ids])
            with torch.no_grad():
                logits = model(prompt).logits[0]
                made = model.generate(
                    prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=int(greedy), do_sample=False,
                    eos_token_id=None, pad_token_id=0, repetition_penalty=1.0,
                )[0, len(ids):]  # fmt: skip
            off = float((logits - ours["logits"]).abs().max() / logits.abs().max())
            worst = max(worst, off)
            same = made.tolist() == ours["generated"].tolist()
            wrong += not same
            print(f"prompt {key}: {len(ids)} tokens, logits off by {off:.1e}, greedy tokens {'equal' if same else 'differ'}")
    print(f"largest difference {worst:.1e} of the largest logit (limit {LIMIT:.0e}), {wrong} prompts with other tokens")
    return int(worst > LIMIT or wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
