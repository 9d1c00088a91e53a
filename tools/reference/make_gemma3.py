"""A tiny Gemma 3 language model with random weights, and what transformers computes with it.

Writes tests/golden/gemma3_text in the layout of the other golden checkpoints (case `text`, longer than the window), and the same
weights as tests/golden/gguf/tiny-gemma3.gguf, by llama.cpp's converter.

    v/bin/python tools/reference/make_gemma3.py llama.cpp tests/golden        (set up as for make_gguf_multimodal.py)
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, Gemma3TextConfig

from make_gguf_multimodal import convert, sentencepiece_model

LAYERS, HEADS, HEAD = 7, 4, 16
KINDS = ["full_attention" if (layer + 1) % 6 == 0 else "sliding_attention" for layer in range(LAYERS)]
CONFIG = {
    "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "vocab_size": 704, "hidden_size": 32,
    "intermediate_size": 64, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": 2,
    "head_dim": HEAD, "hidden_activation": "gelu_pytorch_tanh", "max_position_embeddings": 512, "rms_norm_eps": 1e-6,
    "query_pre_attn_scalar": HEAD, "sliding_window": 8, "_sliding_window_pattern": 6, "layer_types": KINDS,
    "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0, "rope_scaling": None, "attention_bias": False,
    "attention_dropout": 0.0, "attn_logit_softcapping": None, "final_logit_softcapping": None,
    "use_bidirectional_attention": False, "initializer_range": 0.02, "use_cache": True, "bos_token_id": 1,
    "eos_token_id": 2, "pad_token_id": 0, "torch_dtype": "bfloat16", "transformers_version": "4.55.0",
}  # fmt: skip
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'model: ' }}{% endif %}"
)
ABLATED = [[0, 1], [2, 3], [5, 0]]


def tokenizer(golden, folder):
    source = json.loads((golden / "llava/tokenizer.json").read_text())
    source["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    source["decoder"]["decoders"] = source["decoder"]["decoders"][:3]  # no space before a text, none to strip
    (folder / "tokenizer.json").write_text(json.dumps(source, ensure_ascii=False) + "\n")
    settings = json.loads((golden / "llava/tokenizer_config.json").read_text())
    settings |= {"chat_template": TEMPLATE, "tokenizer_class": "GemmaTokenizer"}
    settings.pop("processor_class", None)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1) + "\n")
    return source


def random_weights(model):
    rng = torch.Generator().manual_seed(27)
    weights = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        scale = 0.3 if "norm" in name else 0.5 if "embed" in name else 0.15
        weights[name] = (torch.randn(value.shape, generator=rng) * scale).bfloat16()
    return weights


def ablate(model):
    def without(heads):
        def hook(_, args):
            z = args[0].clone()
            for head in heads:
                z[..., head * HEAD:(head + 1) * HEAD] = 0
            return (z, *args[1:])
        return hook  # fmt: skip

    for layer in {layer for layer, _ in ABLATED}:
        heads = [head for own, head in ABLATED if own == layer]
        model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(without(heads))


def greedy(model, ids):
    made, rows = [], []
    for _ in range(12):
        logits = model(torch.tensor([ids + made]), use_cache=False).logits[0]
        rows.append(logits[-1])
        made.append(int(logits[-1].argmax()))
    return made, torch.stack(rows)


def compute(folder, ids):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    z = [None] * LAYERS
    for layer in range(LAYERS):
        def keep(_, args, layer=layer):
            z[layer] = args[0][0]
        model.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(keep)  # fmt: skip
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True, use_cache=False)
        tensors = {
            "input_ids": torch.tensor(ids, dtype=torch.int32), "position_ids": torch.arange(len(ids), dtype=torch.int32),
            "logits": out.logits[0], "hidden_states": torch.stack([h[0] for h in out.hidden_states]),
            "attentions": torch.stack([a[0] for a in out.attentions]), "o_proj_inputs": torch.stack(z),
        }  # fmt: skip
        made, tensors["generated.logits"] = greedy(model, ids)
        ablate(model)
        tensors["ablated.logits_tail"] = model(torch.tensor([ids]), use_cache=False).logits[0, -4:]
        ablated, _ = greedy(model, ids)
    return {k: v.numpy().copy() for k, v in tensors.items()}, made, ablated


def main(llama, golden):
    folder = golden / "gemma3_text"
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    source = tokenizer(golden, folder)
    weights = random_weights(AutoModelForCausalLM.from_config(Gemma3TextConfig(**CONFIG)))
    save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    ids = np.random.default_rng(3).integers(259, 690, 40).tolist()
    ids[0] = 1
    tensors, made, ablated = compute(folder, ids)
    save_numpy(tensors, folder / "expected/text.safetensors")
    case = {"input_ids": ids, "generated_ids": made, "ablated_heads": ABLATED, "ablated_generated_ids": ablated}
    (folder / "expected/text.json").write_text(json.dumps(case) + "\n")
    (folder / "expected/index.json").write_text(json.dumps({"cases": ["text"]}) + "\n")
    sentencepiece_model(source, folder / "tokenizer.model")
    convert(llama, folder, golden / "gguf/tiny-gemma3.gguf", "bf16", "default")
    (folder / "tokenizer.model").unlink()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
