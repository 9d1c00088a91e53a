"""Checks that transformers computes from the GGUF file of SmolLM2 what this library computes.

    python tools/check_smol_transformers.py [model] [prompts]

Needs deno and, in Python, transformers 5.23, torch 2.13 (CPU is enough), accelerate, gguf, safetensors. The model is
`smol` (after `deno task smol`) or any GGUF file with a gpt2-style vocabulary of SmolLM2's kind. For each prompt
`tools/dump_text_logits.ts` writes this library's token ids, logits of all positions and 16 greedy tokens, in float32;
transformers dequantises and reorders the weights by its own code. Exits with 1 where logits differ by more than 2e-4 of
the largest, or where token ids or greedy tokens differ.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from gguf import GGUFReader
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM

LIMIT = 2e-4


def read_tokenizer(path: Path) -> Tokenizer:
    """SmolLM2's tokenizer as its published tokenizer.json defines it, with the file's vocabulary."""
    fields = GGUFReader(path).fields
    read = lambda key: fields[f"tokenizer.ggml.{key}"].contents()
    tokens = read("tokens")
    merges = [tuple(merge.split(" ")) for merge in read("merges")]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([token for token, kind in zip(tokens, read("token_type")) if kind == 3])
    return tokenizer


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "smol"
    count = sys.argv[2] if len(sys.argv) > 2 else "4"
    worst, wrong = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["deno", "run", "-A", "tools/dump_text_logits.ts", name, folder, count], check=True)
        described = json.loads(Path(folder, "prompts.json").read_text())
        found = Path(described["dir"])
        path = found if found.is_file() else next(found.glob("*.gguf"))
        tokenizer = read_tokenizer(path)
        model = AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        for key, text in described["texts"].items():
            ours = load_file(Path(folder, f"{key}.safetensors"))
            ids = ours["input_ids"].tolist()
            if tokenizer.encode(text).ids != ids:
                print(f"prompt {key}: other token ids")
                wrong += 1
            prompt = torch.tensor([ids])
            with torch.no_grad():
                logits = model(prompt).logits[0]
                made = model.generate(
                    prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=16, do_sample=False,
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
