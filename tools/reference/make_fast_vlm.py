"""A FastVLM whose weights are a formula of their names and places, and what transformers makes of prompts with it.

Writes tests/golden/fast_vlm: the files of a checkpoint but for its weights, which `tests/suites/formula_weights.ts`
makes again by the same formula (an EfficientNet-Lite is too large to be stored), cases with text, one image and two,
and features of images of odd sizes for towers with either kind of border.

    v/bin/python tools/reference/make_fast_vlm.py tests/golden
"""
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import (CLIPImageProcessor, FastVlmConfig, FastVlmForConditionalGeneration, LlavaProcessor,
                          PreTrainedTokenizerFast, Qwen2Config, TimmWrapperConfig)

from fixture_specs import CLIP_MEAN, CLIP_STD, SPECIALS, qwen_tokenizer

SIDE, STRIDE, LAYERS, HEADS, HEAD = 64, 32, 3, 4, 8
ODD = {"tf_efficientnet_lite0": [(97, 70), (64, 33)], "efficientnet_lite0": [(97, 70), (64, 33)],
       "fastvit_mci3": [(97, 161), (128, 64)]}
FASTVIT = {"inference_mode": True, "layers": [1, 2, 1, 2, 1], "embed_dims": [8, 16, 32, 64, 128]}
ABLATED = [[0, 1], [1, 3], [2, 0]]
CASES = [
    ("text", [], [{"type": "text", "text": "What is 12 + 30?"}]),
    ("image", [(97, 61)], [{"type": "image"}, {"type": "text", "text": "What is shown in the image?"}]),
    ("two_images", [(45, 130), (64, 64)],
     [{"type": "image"}, {"type": "image"}, {"type": "text", "text": "Which one is larger?"}]),
]
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n'}}{# images first #}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>' }}{% endfor %}"
    "{# then text #}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ '\n' + content['text'] }}{% endfor %}{{'<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def uniform(count, seed):
    """Numbers from -1 to 1: the places, their bits mixed as MurmurHash3 does at its end."""
    h = (np.arange(count, dtype=np.uint64) + seed * 0x9E3779B1).astype(np.uint32)
    with np.errstate(over="ignore"):
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**31 - 1


def formula(name, shape, seed):
    """Weights of a size at which signals neither die nor grow."""
    u = uniform(int(np.prod(shape)), seed)
    if name.endswith("running_var"):
        u = 1 + 0.5 * u
    elif name.endswith(("running_mean", ".bias")):
        u = 0.2 * u
    elif name.endswith("gamma"):
        u = 0.5 + 0.3 * u
    elif len(shape) == 1:
        u = 1 + 0.2 * u
    else:
        u = u * np.sqrt(4.5 / np.prod(shape[1:]))
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def fill(model):
    """The formula for every weight, numbered in the order of the names."""
    stored = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    with torch.no_grad():
        for seed, name in enumerate(sorted(stored)):
            stored[name].copy_(formula(name, tuple(stored[name].shape), seed))
    return model.eval()


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def save(tensors, path):
    save_file(tensors, path)
    path.chmod(0o644)


def picture(width, height, seed):
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 9 + y / 7 + seed)], -1)
    return Image.fromarray(np.clip(base, 0, 255).astype(np.uint8), "RGB")


def without_heads(model):
    def hook(heads):
        def run(_, args):
            z = args[0].clone()
            for head in heads:
                z[..., head * HEAD : (head + 1) * HEAD] = 0
            return (z, *args[1:])

        return run

    layers = model.model.language_model.layers
    return [layers[layer].self_attn.o_proj.register_forward_pre_hook(hook([h for own, h in ABLATED if own == layer]))
            for layer in {layer for layer, _ in ABLATED}]


def greedy(model, inputs):
    made, rows = [], []
    for _ in range(12):
        ids = torch.cat([inputs["input_ids"], torch.tensor([made], dtype=torch.long)], 1)
        own = {**inputs, "input_ids": ids, "attention_mask": torch.ones_like(ids)}
        logits = model(**own, use_cache=False).logits[0, -1]
        rows.append(logits)
        made.append(int(logits.argmax()))
    return made, torch.stack(rows)


def compute(model, inputs):
    out = model(**inputs)
    made, rows = greedy(model, inputs)
    hooks = without_heads(model)
    ablated, _ = greedy(model, inputs)
    tail = model(**inputs).logits[0, -2:]
    for hook in hooks:
        hook.remove()
    length = inputs["input_ids"].shape[1]
    tensors = {
        "input_ids": inputs["input_ids"].int(), "position_ids": torch.arange(length).int()[None],
        "logits": out.logits[0],
        "generated.logits": rows, "ablated.logits_tail": tail,
    }
    if "pixel_values" in inputs:
        tensors["pixel_values"] = inputs["pixel_values"]
        tensors["vision.features"] = model.get_image_features(inputs["pixel_values"]).pooler_output.flatten(0, 1)
    return {k: v.contiguous() for k, v in tensors.items()}, made, ablated


def make_config(architecture, vocabulary, image_id, channels, **args):
    vision = TimmWrapperConfig(architecture=architecture, do_pooling=True, model_args=args or None)
    vision.hidden_size = channels
    text = Qwen2Config(hidden_size=HEADS * HEAD, intermediate_size=48, num_hidden_layers=LAYERS,
                       num_attention_heads=HEADS, num_key_value_heads=2, vocab_size=vocabulary)
    return FastVlmConfig(vision_config=vision, text_config=text, image_token_index=image_id)


def main(golden):
    folder = golden / "fast_vlm"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "expected").mkdir(parents=True)
    SPECIALS["fast_vlm"] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"]
    made = qwen_tokenizer({"family": "fast_vlm", "vocab": 40})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        content = json.loads(made.files[name])
        if name == "tokenizer_config.json":
            content["chat_template"] = TEMPLATE
        write_json(folder / name, content)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE},
                                image_mean=CLIP_MEAN, image_std=CLIP_STD)
    processor = LlavaProcessor(images, tokenizer, patch_size=STRIDE, image_token="<image>")
    images.save_pretrained(folder)
    kept = processor.to_dict()
    write_json(folder / "processor_config.json", {k: kept[k] for k in (
        "image_token", "num_additional_image_tokens", "patch_size", "processor_class", "vision_feature_select_strategy")})
    config = make_config("tf_efficientnet_lite0", made.padded_size, made.ids["<image>"], 1280)
    config.architectures = ["FastVlmForConditionalGeneration"]
    config.save_pretrained(folder)
    write_json(folder / "generation_config.json", {"eos_token_id": made.ids["<|im_end|>"]})
    model = fill(FastVlmForConditionalGeneration(config))
    for name, sizes, content in CASES:
        pictures = [picture(*size, seed) for seed, size in enumerate(sizes)]
        files = [f"{name}_image{i}.png" for i in range(len(sizes))]
        for file, image in zip(files, pictures):
            image.save(folder / "expected" / file)
        messages = [{"role": "user", "content": content}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        inputs = dict(processor(text=text, images=pictures or None, return_tensors="pt"))
        inputs.pop("token_type_ids", None)
        tensors, ids, ablated = compute(model, inputs)
        save(tensors, folder / "expected" / f"{name}.safetensors")
        parts = iter(files)
        shown = [{**p, "image": next(parts)} if p["type"] == "image" else p for p in content]
        write_json(folder / "expected" / f"{name}.json", {
            "messages": [{"role": "user", "content": shown}], "input_ids": inputs["input_ids"][0].tolist(),
            "generated_ids": ids, "ablated_heads": ABLATED, "ablated_generated_ids": ablated})
        spread = tensors["logits"].std().item(), tensors.get("vision.features", torch.zeros(2)).std().item()
        print(name, tuple(tensors["logits"].shape), "spread of logits and features", spread, ids)
    write_json(folder / "expected" / "index.json", {"cases": [name for name, *_ in CASES]})
    odd = {}
    for architecture, sizes in ODD.items():
        channels, args = (256, FASTVIT) if architecture.startswith("fastvit") else (1280, {})
        own = fill(FastVlmForConditionalGeneration(
            make_config(architecture, made.padded_size, made.ids["<image>"], channels, **args)))
        for height, width in sizes:
            pixels = torch.from_numpy(uniform(3 * height * width, 999).astype(np.float32).reshape(1, 3, height, width))
            tower = own.model.vision_tower(pixels).last_hidden_state
            print(architecture, height, width, tuple(tower.shape), "spread", tower.std().item())
            odd[f"{architecture}.{height}.{width}"] = own.get_image_features(pixels).pooler_output[0].contiguous()
    save(odd, folder / "expected" / "odd_sizes.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    main(Path(sys.argv[1]))
