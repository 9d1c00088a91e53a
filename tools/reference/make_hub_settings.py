"""Tiny models behind the processor files of published LLaVA and InternVL checkpoints, and what transformers computes.

The golden checkpoints have small pictures, and processor files to match. Here the files of the processor are those
of the hub (sizes of 336, 384 and 448 pixels, the keys that the releases of then wrote); only the widths and depths
of the model and the vocabulary are small. For each family this writes, into tests/golden/hub_settings/<family>:
config.json, model.safetensors (bfloat16), the processor's files, and expected.json with token ids (runs of
[id, count]), sums of the pixels and the logits of the last position, for one picture of the golden
checkpoints. Tokenizer and, but for LLaVA-NeXT, chat template are those of tests/golden/<family>.

    python make_hub_settings.py --repository ../.. --out ../../tests/golden/hub_settings
"""
import argparse
import json
import shutil
import tempfile
import warnings
from itertools import groupby
from pathlib import Path

import torch
from PIL import Image

from tv_shim import enable_torchvision

torch.set_num_threads(1)
warnings.filterwarnings("ignore")
enable_torchvision()

import transformers  # noqa: E402
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
PIXELS = {"do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3,
          "rescale_factor": 0.00392156862745098}
TEXT = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 1}
TOWER = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_hidden_layers": 3}
CLIP = {"model_type": "clip_vision_model", "image_size": 336, "patch_size": 14, "projection_dim": 768,
        "vocab_size": 32000, **TOWER}
EDGES = [384 * n for n in range(1, 7)]
NEXT = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
# printed by a processor of llava-hf/llava-v1.6-mistral-7b-hf
MISTRAL_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{ '<<SYS>>\n' + message['content'][0]['text'] + "
    "'\n<</SYS>>\n\n' }}{% elif message['role'] == 'user' %}{{ '[INST] ' }}{# Render all images first #}{% for content "
    "in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}{# Render all text "
    "next #}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] }}"
    "{% endfor %}{{' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] + "
    "'</s> '}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}")

# Of each family: changes of the golden config, and the files of the processor.
FAMILIES = {
    "llava": {
        "config": {"vision_config": CLIP, "image_seq_length": 576},
        "preprocessor_config.json": {
            **PIXELS, "crop_size": {"height": 336, "width": 336}, "do_center_crop": True, "image_mean": CLIP_MEAN,
            "image_std": CLIP_STD, "image_processor_type": "CLIPImageProcessor", "processor_class": "LlavaProcessor",
            "size": {"shortest_edge": 336}},
        "processor_config.json": {
            "image_token": "<image>", "num_additional_image_tokens": 1, "patch_size": 14,
            "processor_class": "LlavaProcessor", "vision_feature_select_strategy": "default"},
    },
    "llava_next": {
        "config": {"vision_config": CLIP, "image_grid_pinpoints": NEXT},
        "preprocessor_config.json": {
            "aspect_ratio_setting": "anyres", **PIXELS, "crop_size": {"height": 336, "width": 336},
            "do_center_crop": True, "do_pad": True, "image_grid_pinpoints": NEXT, "image_mean": CLIP_MEAN,
            "image_std": CLIP_STD, "image_processor_type": "LlavaNextImageProcessor",
            "processor_class": "LlavaNextProcessor", "size": {"shortest_edge": 336}},
        "processor_config.json": {
            "image_token": "<image>", "num_additional_image_tokens": 1, "patch_size": 14,
            "processor_class": "LlavaNextProcessor", "vision_feature_select_strategy": "default"},
        "chat_template.json": {"chat_template": MISTRAL_TEMPLATE},
    },
    "llava_onevision": {
        "config": {"vision_aspect_ratio": "anyres_max_9",
                   "image_grid_pinpoints": [[h, w] for h in EDGES for w in EDGES],
                   "vision_config": {"model_type": "siglip_vision_model", "image_size": 384, "patch_size": 14,
                                     "vision_use_head": False, **TOWER}},
        "preprocessor_config.json": {
            **PIXELS, "do_pad": True, "image_grid_pinpoints": [[h, w] for h in EDGES for w in EDGES],
            "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "image_processor_type": "LlavaOnevisionImageProcessor",
            "processor_class": "LlavaOnevisionProcessor", "size": {"height": 384, "width": 384}},
        "processor_config.json": {
            "image_token": "<image>", "num_image_tokens": 729, "processor_class": "LlavaOnevisionProcessor",
            "video_token": "<video>", "vision_feature_select_strategy": "full"},
    },
    "internvl_moe": {
        "golden": "internvl_qwen3",
        "config": {"image_seq_length": 256, "tie_word_embeddings": False,
                   "text_config": {"model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"], "head_dim": 8,
                                   "num_experts": 5, "num_experts_per_tok": 2, "moe_intermediate_size": 12,
                                   "decoder_sparse_step": 1, "mlp_only_layers": [], "norm_topk_prob": True},
                   "vision_config": {"model_type": "internvl_vision", "image_size": [448, 448], "patch_size": [14, 14],
                                     "attention_bias": True, "layer_scale_init_value": 0.1, **TOWER}},
    },
    "internvl": {
        "config": {"image_seq_length": 256,
                   "vision_config": {"model_type": "internvl_vision", "image_size": [448, 448], "patch_size": [14, 14],
                                     "attention_bias": True, "layer_scale_init_value": 0.1, **TOWER}},
        # as GotOcr2ImageProcessorFast of transformers 4.52.4 writes it
        "preprocessor_config.json": {
            **PIXELS, "crop_size": None, "crop_to_patches": False, "data_format": "channels_first",
            "default_to_square": True, "device": None, "do_center_crop": None, "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225], "image_processor_type": "GotOcr2ImageProcessorFast",
            "input_data_format": None, "max_patches": 12, "min_patches": 1, "processor_class": "InternVLProcessor",
            "return_tensors": None, "size": {"height": 448, "width": 448}},
        "processor_config.json": {"image_seq_length": 256, "processor_class": "InternVLProcessor"},
    },
}


for _name in ("preprocessor_config.json", "processor_config.json"):
    FAMILIES["internvl_moe"][_name] = FAMILIES["internvl"][_name]


def make(family, spec, repository, out):
    golden, folder = repository / "tests/golden" / spec.get("golden", family), out / family
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((golden / "config.json").read_text())
    text = {**config["text_config"], **TEXT}
    for key in ("head_dim", "layer_types"):
        text.pop(key, None)
    config = {**config, **spec["config"], "text_config": {**text, **spec["config"].get("text_config", {})}}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    for name, content in spec.items():
        if name.endswith(".json"):
            (folder / name).write_text(json.dumps(content, indent=1) + "\n")
    with tempfile.TemporaryDirectory() as whole:
        for file in golden.iterdir():
            if file.is_file() and file.suffix != ".safetensors" and "preprocessor" not in file.name:
                shutil.copy(file, whole)
        if "chat_template.json" in spec:
            for file in Path(whole).glob("chat_template.*"):
                file.unlink()
            (Path(whole) / "chat_template.jinja").write_text(MISTRAL_TEMPLATE)
        for file in folder.iterdir():
            if file.suffix == ".json" and file.name != "chat_template.json":
                shutil.copy(file, whole)
        torch.manual_seed(0)
        model = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(whole), dtype=torch.float32)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if parameter.dim() > 1 or "newline" in name or "class" in name or "cls" in name:
                    parameter.copy_(torch.randn_like(parameter) * (0.5 if parameter.dim() in (2, 3) else 0.1))
                parameter.copy_(parameter.to(torch.bfloat16).float())
        model = model.eval()
        processor = AutoProcessor.from_pretrained(whole)
        picture = "tests/golden/qwen3_vl/expected/image_image0.png"
        with Image.open(repository / picture) as image:
            content = [{"type": "image", "image": image.convert("RGB")}, {"type": "text", "text": "What is this?"}]
            inputs = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=True,
                                                   return_dict=True, return_tensors="pt", add_generation_prompt=True)
        with torch.no_grad():
            logits = model(**inputs).logits[0, -1]
        # after the numbers: this rounds the rotary frequencies as well
        model.to(torch.bfloat16).save_pretrained(folder / "saved")
        shutil.copy(folder / "saved/model.safetensors", folder)
        shutil.rmtree(folder / "saved")
    ids, pixels = inputs["input_ids"][0].tolist(), inputs["pixel_values"].double()
    expected = {
        "transformers": transformers.__version__,
        "picture": picture,
        "question": "What is this?",
        "input_ids": [[token, len(list(run))] for token, run in groupby(ids)],
        "pixel_values": {"shape": list(pixels.shape), "sum": pixels.sum().item(), "absolute": pixels.abs().sum().item()},
        "logits": [round(x, 6) for x in logits.tolist()],
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n")
    print(family, len(ids), list(pixels.shape), logits.abs().max().item())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repository", type=Path, default=Path("../.."))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    for name, described in FAMILIES.items():
        make(name, described, arguments.repository, arguments.out)
