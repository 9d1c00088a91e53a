"""Tiny GGUF checkpoints with random weights, and what transformers computes with them.

Writes tests/golden/gguf: three models (LLaMA of two layers, Qwen2 and Qwen3 of one) whose tensors have every type that the
library reads, with tokenizers trained on a few sentences; per model the logits and greedy tokens of transformers, which
dequantises and reorders the weights by its own code; blocks of every type with their values; tokenizer cases.

    python3 -m venv v && v/bin/pip install transformers==5.23.0 torch==2.13.0 gguf==0.19.0 accelerate safetensors
    v/bin/python tools/reference/make_gguf.py tests/golden/gguf
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFWriter, GGMLQuantizationType as Q, quants
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM

WIDTH, FFN = 64, 256
# Query heads, key-value heads, head dim; transformers reads Qwen3's GGUF files as if every head had 128.
SIZES = {"llama": (4, 2, 16), "qwen2": (4, 2, 16), "qwen3": (2, 1, 128)}
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CORPUS = [
    "The owner of the lantern is Tom. The owner of the violin is Anna.",
    "Who is the owner of the lantern? The weather was mild and the streets were quiet.",
    "user assistant system question answer the the of of is is owner owner",
]
CASES = [
    "The owner of the lantern is Tom.",
    "Who's 1234 + 56?  two  spaces\n\nand lines\r\n",
    "<|im_start|>user\nnaïve 日本語 😀 e\u0301<|im_end|>",
    "They'LL say I'm 3.14\ttab ... (x) _y_",
    " leading and trailing ",
]
# Types by tensor; every type occurs. 256 elements a row are needed for the last three.
TYPES = {
    "llama": {
        "token_embd": Q.Q8_0, "output": Q.F16,
        "blk.0": [Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.BF16, Q.Q6_K],
        "blk.1": [Q.F16, Q.Q8_0, Q.F32, Q.Q4_1, Q.Q4_0, Q.Q5_1, Q.Q4_K],
    },
    "qwen2": {
        "token_embd": Q.Q8_0,
        "blk.0": [Q.Q4_0, Q.Q4_1, Q.Q8_0, Q.Q4_0, Q.Q4_0, Q.Q4_1, Q.Q5_K],
    },
    "qwen3": {
        "token_embd": Q.Q8_0,
        "blk.0": [Q.Q4_1, Q.Q4_1, Q.Q8_0, Q.Q4_0, Q.Q4_0, Q.Q4_1, Q.Q4_K],
    },
}  # fmt: skip
ROLES = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]


def k_blocks(rng, kind, shape, scale):
    """Random blocks of a K type (the package cannot quantise to them), with values of about `scale`."""
    rows = (*shape[:-1], shape[-1] // 256)
    size = {Q.Q4_K: 144, Q.Q5_K: 176, Q.Q6_K: 210}[kind]
    data = rng.integers(0, 256, (*rows, size), dtype=np.uint8)
    spread = {Q.Q4_K: 7.5 * 31, Q.Q5_K: 15.5 * 31, Q.Q6_K: 16 * 64}[kind]
    halves = rng.uniform(0.5, 1, (*rows, 2)).astype(np.float32) * scale / spread
    halves[..., 1] *= {Q.Q4_K: 7.5, Q.Q5_K: 15.5}.get(kind, 1)  # offsets of about half the range
    packed = halves.astype(np.float16).view(np.uint8).reshape(*rows, 4)
    if kind == Q.Q6_K:
        data[..., 208:210] = packed[..., :2]
    else:
        data[..., :4] = packed
    return data.reshape(*shape[:-1], -1)


def random_blocks(rng, kind, count):
    """Blocks of random bytes; the package has no quantiser for these types. Scales are moderate numbers."""
    size, places = {Q.Q2_K: (84, [80, 82]), Q.Q3_K: (110, [108]), Q.IQ4_NL: (18, [0]), Q.IQ4_XS: (136, [0])}[kind]
    data = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for place in places:
        scale = (rng.uniform(0.5, 1, count) * rng.choice([-0.02, 0.02], count)).astype(np.float16)
        data[:, place:place + 2] = scale.view(np.uint8).reshape(count, 2)
    return data


def stored(rng, kind, shape, scale):
    if kind in (Q.Q4_K, Q.Q5_K, Q.Q6_K):
        return k_blocks(rng, kind, shape, scale)
    values = rng.normal(0, scale, shape).astype(np.float32)
    return values if kind == Q.F32 else quants.quantize(values, kind)


def make_tokenizer(arch):
    t = Tokenizer(models.BPE())
    if arch == "llama":  # as SmolLM2
        t.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    else:
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    t.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    t.train_from_iterator(CORPUS * 3, trainer)
    return t


def write_model(arch, path, tokenizer, rng):
    spec = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(spec["vocab"], key=spec["vocab"].get)
    heads, kv, head = SIZES[arch]
    layers = sum(key.startswith("blk") for key in TYPES[arch])
    w = GGUFWriter(str(path), arch)
    w.add_name(f"tiny {arch}")
    w.add_block_count(layers)
    w.add_context_length(512)
    w.add_embedding_length(WIDTH)
    w.add_feed_forward_length(FFN)
    w.add_head_count(heads)
    w.add_head_count_kv(kv)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(10000.0)
    if arch == "qwen3":
        w.add_key_length(head)
        w.add_value_length(head)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm" if arch == "llama" else "qwen2")
    w.add_token_list(tokens)
    w.add_token_types([3 if t in SPECIAL else 1 for t in tokens])
    w.add_token_merges([" ".join(m) for m in spec["merges"]])
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_pad_token_id(2)
    w.add_add_bos_token(False)
    w.add_chat_template(TEMPLATE)
    kinds = TYPES[arch]
    shapes = {
        "attn_q": (heads * head, WIDTH), "attn_k": (kv * head, WIDTH), "attn_v": (kv * head, WIDTH),
        "attn_output": (WIDTH, heads * head), "ffn_gate": (FFN, WIDTH), "ffn_up": (FFN, WIDTH), "ffn_down": (WIDTH, FFN),
    }  # fmt: skip
    put = lambda name, data, kind=Q.F32: w.add_tensor(name, data, raw_dtype=kind)
    put("token_embd.weight", stored(rng, kinds["token_embd"], (len(tokens), WIDTH), 0.5), kinds["token_embd"])
    for layer in range(layers):
        for norm in ["attn_norm", "ffn_norm"]:
            put(f"blk.{layer}.{norm}.weight", rng.normal(1, 0.2, WIDTH).astype(np.float32))
        for role, kind in zip(ROLES, kinds[f"blk.{layer}"]):
            put(f"blk.{layer}.{role}.weight", stored(rng, kind, shapes[role], 0.15), kind)
            if arch == "qwen2" and role in ROLES[:3]:
                put(f"blk.{layer}.{role}.bias", rng.normal(0, 0.5, shapes[role][0]).astype(np.float32))
        if arch == "qwen3":
            for role in ["attn_q_norm", "attn_k_norm"]:
                put(f"blk.{layer}.{role}.weight", rng.normal(1, 0.3, head).astype(np.float32))
    put("output_norm.weight", rng.normal(1, 0.2, WIDTH).astype(np.float32))
    if "output" in kinds:
        put("output.weight", stored(rng, kinds["output"], (len(tokens), WIDTH), 0.3), kinds["output"])
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def compute(path, tokenizer):
    model = AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    text = "<|im_start|>user\nWho is the owner of the lantern?<|im_end|>\n<|im_start|>assistant\n"
    ids = tokenizer.encode(text).ids
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
        made = model.generate(
            torch.tensor([ids]), attention_mask=torch.ones(1, len(ids)), max_new_tokens=12, min_new_tokens=12,
            do_sample=False, pad_token_id=2, eos_token_id=None, repetition_penalty=1.0,
        )[0, len(ids):]  # fmt: skip
    return {
        "input_ids": np.array(ids, np.int32),
        "logits": logits.numpy().astype(np.float32),
        "generated": made.numpy().astype(np.int32),
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(9)
    cases = {}
    for arch in TYPES:
        tokenizer = make_tokenizer(arch)
        path = folder / f"tiny-{arch}.gguf"
        write_model(arch, path, tokenizer, rng)
        save_file(compute(path, tokenizer), folder / f"tiny-{arch}.safetensors")
        cases[arch] = [{"text": text, "ids": tokenizer.encode(text).ids} for text in CASES]
    (folder / "tokenizer_cases.json").write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")
    blocks = {}
    for kind in [Q.F16, Q.BF16, Q.Q4_0, Q.Q4_1, Q.Q5_0, Q.Q5_1, Q.Q8_0, Q.Q4_K, Q.Q5_K, Q.Q6_K]:
        data = stored(rng, kind, (2, 512), 0.7).view(np.uint8)
        blocks[f"{kind.name}.bytes"] = data
        blocks[f"{kind.name}.values"] = quants.dequantize(data, kind).astype(np.float32)
    save_file(blocks, folder / "blocks.safetensors")
    more = {}  # of a generator of their own: those above stay as they are
    for kind in [Q.Q2_K, Q.Q3_K, Q.IQ4_NL, Q.IQ4_XS]:
        data = random_blocks(np.random.default_rng(10), kind, 32 if kind == Q.IQ4_NL else 4)
        more[f"{kind.name}.bytes"] = data
        more[f"{kind.name}.values"] = quants.dequantize(data, kind).astype(np.float32)
    save_file(more, folder / "more_blocks.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
