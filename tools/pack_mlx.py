"""Packs a language model's weights with MLX's quantiser: every projection of attention and feed-forward networks in groups
of 64 inputs at the same number of bits, embedding table and head at 8, a vision tower not at all. What llama.cpp calls
Q2_K or Q3_K needs rows of a multiple of 256 weights, and takes 4 bits and more in models of other widths; this goes down
to 2 in all of them.

    python3 -m venv v && v/bin/pip install transformers==5.23.0 torch==2.13.0 'mlx[cpu]' gguf sentencepiece
    v/bin/python tools/pack_mlx.py data/models/smol/SmolLM2-135M-Instruct.Q4_1.gguf out/bits/smol/mlx-3 3
    v/bin/python tools/pack_mlx.py data/models/mini-natural out/bits/mini-natural/mlx-3 3

SOURCE is a GGUF file, which transformers unpacks, or a folder with model.safetensors. For tools/study_bits.ts only.
"""
import json
import re
import shutil
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np
import torch
from safetensors.torch import load_file, save_file

GROUP = 64
PROJECTION = re.compile(r"(?<!visual)(?<!encoder)\.layers\.\d+\.(self_attn|mlp)\.\w+_proj\.weight$")
TABLE = re.compile(r"(embed_tokens|lm_head)\.weight$")


def packed(weight: torch.Tensor, bits: int) -> dict[str, torch.Tensor]:
    parts = mx.quantize(mx.array(weight.half().numpy()), group_size=GROUP, bits=bits)
    return {name: torch.from_numpy(np.array(part)) for name, part in zip(("weight", "scales", "biases"), parts)}


def opened(source: Path, target: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """Weights and config; the other files a model needs are written to the target."""
    if source.is_dir():
        for file in source.iterdir():
            if file.suffix in (".json", ".jinja"):
                shutil.copy(file, target / file.name)
        return load_file(source / "model.safetensors"), json.loads((source / "config.json").read_text())
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"gguf_file": source.name}
    AutoTokenizer.from_pretrained(source.parent, **where).save_pretrained(target)
    model = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **where)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    return weights, model.config.to_dict()


def main(source: str, out: str, bits: int) -> None:
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    weights, config = opened(Path(source), target)
    stored: dict[str, torch.Tensor] = {}
    settings: dict = {"group_size": GROUP, "bits": bits}
    for name, weight in weights.items():
        module = name.removesuffix(".weight")
        if TABLE.search(name):
            settings[module] = {"group_size": GROUP, "bits": 8}
            parts = packed(weight, 8)
        elif PROJECTION.search(name):
            parts = packed(weight, bits)
        else:
            stored[name] = weight
            continue
        stored |= {f"{module}.{part}": value.contiguous() for part, value in parts.items()}
    config |= {"quantization": settings, "quantization_config": settings}
    (target / "config.json").write_text(json.dumps(config, indent=2))
    save_file(stored, target / "model.safetensors", {"format": "mlx"})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
