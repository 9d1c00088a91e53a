"""A tiny Gemma 3 with images and random weights, and what transformers makes of prompts with it.

Writes tests/golden/gemma3 in the layout of the published checkpoints: a SigLIP tower whose 6 x 6 patches are pooled to
3 x 3 tokens, a decoder whose window (5) is shorter than an image (9), and cases with text, one image, two images, and
a wide image in pan and scan crops.

    v/bin/python tools/reference/make_gemma3_vision.py tests/golden
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import Gemma3Config, Gemma3ForConditionalGeneration, PreTrainedTokenizerFast
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.gemma3.modeling_gemma3 import get_block_sequence_ids_for_mask
from transformers.models.gemma3.processing_gemma3 import Gemma3Processor

LAYERS, HEADS, HEAD, SIDE, TOKENS = 6, 4, 16, 84, 9
SPECIAL = ["<start_of_image>", "<end_of_image>", "<image_soft_token>", "<start_of_turn>", "<end_of_turn>"]
FIRST = 701
BOI, EOI, SOFT, _, TURN = range(FIRST, FIRST + 5)
TEXT = {
    "model_type": "gemma3_text", "vocab_size": 706, "hidden_size": 32, "intermediate_size": 64,
    "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": 2, "head_dim": HEAD,
    "query_pre_attn_scalar": HEAD, "sliding_window": 5, "max_position_embeddings": 1024,
    "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
}  # fmt: skip
CONFIG = {
    "architectures": ["Gemma3ForConditionalGeneration"], "boi_token_index": BOI, "eoi_token_index": EOI,
    "eos_token_id": [2, TURN], "image_token_index": SOFT, "initializer_range": 0.02, "mm_tokens_per_image": TOKENS,
    "model_type": "gemma3", "text_config": TEXT, "torch_dtype": "bfloat16", "transformers_version": "4.50.0",
    "vision_config": {
        "hidden_size": 24, "image_size": SIDE, "intermediate_size": 40, "model_type": "siglip_vision_model",
        "num_attention_heads": 2, "num_hidden_layers": 2, "patch_size": 14, "vision_use_head": False,
    },
}  # fmt: skip
IMAGES = {
    "do_convert_rgb": None, "do_normalize": True, "do_pan_and_scan": None, "do_rescale": True, "do_resize": True,
    "image_mean": [0.5] * 3, "image_processor_type": "Gemma3ImageProcessor", "image_seq_length": TOKENS,
    "image_std": [0.5] * 3, "pan_and_scan_max_num_crops": None, "pan_and_scan_min_crop_size": None,
    "pan_and_scan_min_ratio_to_activate": None, "processor_class": "Gemma3Processor", "resample": 2,
    "rescale_factor": 1 / 255, "size": {"height": SIDE, "width": SIDE},
}  # fmt: skip
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<start_of_turn>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] | trim }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<start_of_image>{% else %}{{ part['text'] | trim }}{% endif %}{% endfor %}{% endif %}"
    "<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
ABLATED = [[0, 1], [2, 3], [5, 0]]
CASES = [
    ("text", [], "Which colour is the kite?"),
    ("image", [(100, 60)], "What is in the picture?"),
    ("two_images", [(120, 90), (84, 84)], "Which of the two is larger?"),
    ("image_wide", [(640, 280)], "What stands at the right?"),
]


def write_json(path, content):
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def tokenizer(golden, folder):
    source = json.loads((golden / "gemma3_text/tokenizer.json").read_text())
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    source["added_tokens"] += [{"id": FIRST + i, "content": text, **flags} for i, text in enumerate(SPECIAL)]
    write_json(folder / "tokenizer.json", source)
    settings = json.loads((golden / "gemma3_text/tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": TEMPLATE}
    settings["extra_special_tokens"] = {"boi_token": SPECIAL[0], "eoi_token": SPECIAL[1], "image_token": SPECIAL[2]}
    write_json(folder / "tokenizer_config.json", settings)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def picture(rng, width, height):
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 9 + y / 7)], -1)
    return Image.fromarray(np.clip(base + rng.normal(0, 6 if width < 200 else 0, base.shape), 0, 255).astype(np.uint8), "RGB")


def randomise(model):
    rng = torch.Generator().manual_seed(31)
    with torch.no_grad():
        for name, value in sorted(model.named_parameters()):
            noise = torch.randn(value.shape, generator=rng)
            if "layer_norm" in name or "layernorm" in name and "vision" in name:  # plain LayerNorm
                value.copy_((1.0 if name.endswith("weight") else 0.0) + 0.2 * noise)
            elif "norm" in name:  # stored less one
                value.copy_(0.3 * noise)
            elif "embed" in name:
                value.copy_(0.12 * noise)
            else:
                value.copy_((1.2 / max(1, value.shape[-1]) ** 0.5 if value.ndim > 1 else 0.1) * noise)
    return model


def published(name):
    """Published checkpoints have one more level in these names; transformers 5 drops it."""
    name = name.replace("model.language_model.", "language_model.model.")
    name = name.replace("model.vision_tower.vision_model.", "model.vision_tower.")
    name = name.replace("model.vision_tower.", "vision_tower.vision_model.")
    return name.replace("model.multi_modal_projector.", "multi_modal_projector.")


def without_heads(model):
    def hook(heads):
        def run(_, args):
            z = args[0].clone()
            for head in heads:
                z[..., head * HEAD : (head + 1) * HEAD] = 0
            return (z, *args[1:])

        return run

    return [
        model.model.language_model.layers[layer].self_attn.o_proj.register_forward_pre_hook(
            hook([head for own, head in ABLATED if own == layer])
        )
        for layer in {layer for layer, _ in ABLATED}
    ]


def greedy(model, inputs):
    """Twelve tokens, each from a run without cache over the whole text."""
    made, rows = [], []
    for _ in range(12):
        ids = torch.cat([inputs["input_ids"], torch.tensor([made], dtype=torch.long)], 1)
        types = torch.nn.functional.pad(inputs["token_type_ids"], (0, len(made)))
        own = {"input_ids": ids, "token_type_ids": types, "attention_mask": torch.ones_like(ids)}
        if "pixel_values" in inputs:
            own["pixel_values"] = inputs["pixel_values"]
        logits = model(**own, use_cache=False).logits[0, -1]
        rows.append(logits)
        made.append(int(logits.argmax()))
    return made, torch.stack(rows)


def positions(types):
    """Counted positions, and for each token where its image begins (text tokens: where they stand)."""
    blocks = get_block_sequence_ids_for_mask(types)[0]
    place = torch.arange(len(blocks))
    starts = place.clone()
    for block in set(blocks.tolist()) - {-1}:
        starts[blocks == block] = place[blocks == block].min()
    return torch.stack([place, starts])


def compute(model, inputs):
    core, kept = model.model, {}

    def keep(module, key, pre=False):
        def hook(_, args, *out):
            value = args[0] if pre else out[0]
            kept[key] = (value[0] if isinstance(value, tuple) else value).detach().clone()

        return module.register_forward_pre_hook(hook) if pre else module.register_forward_hook(hook)

    tower = getattr(core.vision_tower, "vision_model", core.vision_tower)
    handles = [keep(layer.self_attn.o_proj, f"z{i}", True) for i, layer in enumerate(core.language_model.layers)]
    handles += [keep(layer, f"block{i}") for i, layer in enumerate(tower.encoder.layers)]
    handles += [keep(tower.embeddings, "embeddings"), keep(core.multi_modal_projector, "merged")]
    with torch.no_grad():
        out = model(**inputs, output_hidden_states=True, output_attentions=True, use_cache=False)
    for handle in handles:
        handle.remove()
    tensors = {
        "input_ids": inputs["input_ids"][0], "mm_token_type_ids": inputs["token_type_ids"][0],
        "position_ids": positions(inputs["token_type_ids"]), "logits": out.logits[0],
        "hidden_states": torch.stack([h[0] for h in out.hidden_states]),
        "attentions": torch.stack([a[0] for a in out.attentions]),
        "o_proj_inputs": torch.stack([kept[f"z{i}"][0] for i in range(LAYERS)]),
    }  # fmt: skip
    if "pixel_values" in inputs:
        tensors |= {
            "pixel_values": inputs["pixel_values"], "vision.embeddings": kept["embeddings"],
            "vision.blocks": torch.stack([kept[f"block{i}"] for i in range(2)]), "vision.merged": kept["merged"],
            "vision.features": kept["merged"].flatten(0, 1),
        }  # fmt: skip
    with torch.no_grad():
        made, tensors["generated.logits"] = greedy(model, inputs)
        handles = without_heads(model)
        tensors["ablated.logits_tail"] = model(**inputs, use_cache=False).logits[0, -4:]
        ablated, _ = greedy(model, inputs)
    for handle in handles:
        handle.remove()
    return tensors, made, ablated


def main(golden):
    folder = golden / "gemma3"
    expected = folder / "expected"
    expected.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "preprocessor_config.json", IMAGES)
    write_json(folder / "processor_config.json", {"image_seq_length": TOKENS, "processor_class": "Gemma3Processor"})
    tok = tokenizer(golden, folder)
    images = Gemma3ImageProcessorPil(**{k: v for k, v in IMAGES.items() if v is not None and "class" not in k and "type" not in k})
    processor = Gemma3Processor(images, tok, chat_template=TEMPLATE, image_seq_length=TOKENS)
    model = randomise(Gemma3ForConditionalGeneration._from_config(
        Gemma3Config(**json.loads(json.dumps(CONFIG))), dtype=torch.float32, attn_implementation="eager")).eval()
    model.tie_weights()
    low = {k: v.bfloat16() for k, v in model.state_dict().items()}
    with torch.no_grad():
        model.load_state_dict({k: v.float() for k, v in low.items()})
    weights = {published(k): v.contiguous() for k, v in low.items() if k != "lm_head.weight" and "position_ids" not in k}
    save_file({k: v.clone() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    rng = np.random.default_rng(5)
    for name, sizes, question in CASES:
        files = [f"{name}_image{i}.png" for i in range(len(sizes))]
        for file, size in zip(files, sizes):
            picture(rng, *size).save(expected / file)
        parts = [{"type": "image", "image": file} for file in files] + [{"type": "text", "text": question}]
        messages = [{"role": "user", "content": parts if files else question}]
        prompt = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        extra = {"do_pan_and_scan": True} if name == "image_wide" else {}
        given = {"images": [[Image.open(expected / file) for file in files]]} if files else {}
        found = processor(text=[prompt], **given, **extra, return_tensors="pt", add_special_tokens=False)
        inputs = {k: v for k, v in found.items() if k in ("input_ids", "attention_mask", "token_type_ids", "pixel_values")}
        tensors, made, ablated = compute(model, inputs)
        if name != "image":
            for bulky in ("attentions", "hidden_states", "o_proj_inputs", "vision.blocks", "vision.embeddings"):
                tensors.pop(bulky, None)
        save_file(
            {k: (v.int() if not v.is_floating_point() else v.float()).contiguous().clone() for k, v in tensors.items()},
            expected / f"{name}.safetensors",
        )
        write_json(expected / f"{name}.json", {
            "name": name, "messages": messages, "prompt": prompt, "images": files, "video": None,
            "input_ids": tensors["input_ids"].tolist(), "generated_ids": made, "ablated_heads": ABLATED,
            "ablated_generated_ids": ablated, **({"pan_and_scan": True} if extra else {}),
        })  # fmt: skip
        print(name, tensors["input_ids"].shape, made, ablated)
    write_json(expected / "index.json", {"cases": [name for name, *_ in CASES if name != "image_wide"]})
    write_json(expected / "tokenizer_cases.json", [
        {"text": text, "ids": tok.encode(text), "ids_without_special": tok.encode(text, add_special_tokens=False),
         "decoded": tok.decode(tok.encode(text)),
         "decoded_skip_special": tok.decode(tok.encode(text), skip_special_tokens=True)}
        for text in ("Hello world", "a<start_of_image>b", "<start_of_turn>user\n\n\n<start_of_image>")
    ])  # fmt: skip
    cases = [[{"role": "user", "content": "Hi "}, {"role": "model", "content": "Yes?"}]]
    write_json(expected / "template_cases.json", [
        {"messages": messages, "kwargs": {"add_generation_prompt": True},
         "prompt": tok.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)} for messages in cases
    ])  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]).resolve())
