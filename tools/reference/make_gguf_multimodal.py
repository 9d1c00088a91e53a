"""Golden multimodal checkpoints as pairs of GGUF files, written by llama.cpp's own converters, and what transformers computes.

Writes tests/golden/gguf_multimodal/FAMILY: `model.gguf` and `mmproj.gguf`, and in `expected/FAMILY.safetensors` the token ids
of a golden case, the logits of its last positions and 12 greedy tokens. The weights are first rounded to values that the stored types
hold exactly, so that transformers computes with the very numbers of the files; this is checked by a second conversion to float32.

    git clone https://github.com/ggml-org/llama.cpp       (or the source of llama-cpp-python 0.3.36, in vendor/llama.cpp)
    python3 -m venv v && v/bin/pip install transformers==5.23.0 torch==2.13.0 gguf==0.19.0 safetensors sentencepiece protobuf
    v/bin/python tools/reference/make_gguf_multimodal.py llama.cpp tests/golden tests/golden/gguf_multimodal

Changes to the golden checkpoints: Qwen3-VL's DeepStack layers are 0, 2 and 3 (llama.cpp numbers their tensors by layer);
Qwen2.5-VL's windows have the published 112 pixels (a GGUF file does not say it); Qwen3-VL-MoE has no layer without experts (llama.cpp knows none); InternVL has no scaled rotary embedding (a GGUF file says nothing
of it), a fourth layer in its tower, and the names that llama.cpp knows. The converter finds out how a tokenizer cuts texts by a digest of its tokens, which it
cannot know of ours: it is told. LLaVA's mmproj is written by the older script, as the published ones were.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from gguf import GGMLQuantizationType as Q, GGUFReader, quants
from safetensors.numpy import load_file as load_numpy, save_file as save_numpy
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

FAMILIES = {
    "qwen3_vl": "q8_0", "qwen3_vl_moe": "bf16", "qwen2_vl": "q8_0", "qwen2_5_vl": "f16", "internvl": "q8_0", "llava": "q8_0",
}  # fmt: skip
# The older script writes 16-bit matrices whatever it is asked.
LEGACY = {"llava"}
INPUTS = ("input_ids", "attention_mask", "mm_token_type_ids", "image_grid_thw", "pixel_values", "image_sizes")
WRAPPER = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/gguf-py"]
pre = sys.argv[2]
del sys.argv[1:3]
from conversion.base import TextModel
TextModel.get_vocab_base_pre = lambda self, tokenizer: pre
import convert_hf_to_gguf
convert_hf_to_gguf.main()
"""


def rounded(value, kind):
    """The nearest values that a type holds; 16-bit ones where rows are no whole blocks, vectors as they are."""
    value = value.float()
    if value.ndim < 2:
        return value
    if kind == "bf16":
        return value.bfloat16().float()
    if kind == "f16" or value.shape[-1] % 32:
        return value.half().float()
    flat = value.reshape(-1, value.shape[-1]).contiguous().numpy()
    return torch.from_numpy(quants.dequantize(quants.quantize(flat, Q.Q8_0), Q.Q8_0)).reshape(value.shape)


def stored_type(name, family, kind):
    vision = any(part in name for part in ("visual", "vision_tower", "multi_modal_projector"))
    return "f16" if vision and family in LEGACY else kind


def prepare(source, folder, family, kind):
    """A copy of a golden checkpoint with rounded weights that llama.cpp can convert."""
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("model"):
            shutil.copy(path, folder)
    config = json.loads((source / "config.json").read_text())
    weights = {}
    for path in sorted(source.glob("*.safetensors")):
        weights |= load_file(path)
    if family == "qwen3_vl":
        config["vision_config"]["deepstack_visual_indexes"] = [0, 2, 3]
    if family == "qwen2_5_vl":
        config["vision_config"]["window_size"] = 112
    if family == "qwen3_vl_moe":
        config["text_config"] |= {"num_hidden_layers": 2, "mlp_only_layers": [], "decoder_sparse_step": 1}
        weights = {k: v for k, v in weights.items() if ".layers.1." not in k}
        weights = {k.replace(".layers.2.", ".layers.1."): v for k, v in weights.items()}
    if family == "internvl":
        del config["text_config"]["rope_scaling"]
        config["vision_config"]["num_hidden_layers"] = 4  # the map of names is as long as the tower, and the projector has part 3
        own = {k: v for k, v in weights.items() if ".layer.1." in k}
        weights |= {k.replace(".layer.1.", ".layer.3."): v.flip(0).contiguous() for k, v in own.items()}
        names = {"vision_tower.": "model.vision_tower.", "multi_modal_projector.": "model.multi_modal_projector."}
        weights = {next((new + k[len(old):] for old, new in names.items() if k.startswith(old)), k): v for k, v in weights.items()}
    transposed = family == "qwen3_vl_moe"

    def store(name, value):
        if transposed and ".experts." in name:  # the converter turns them, and stores rows of the turned ones
            return rounded(value.transpose(-1, -2).contiguous(), kind).transpose(-1, -2).contiguous()
        return rounded(value, stored_type(name, family, kind)).contiguous()

    weights = {name: store(name, value) for name, value in weights.items()}
    if family == "llava":
        sentencepiece_model(json.loads((source / "tokenizer.json").read_text()), folder / "tokenizer.model")
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return config, weights


def sentencepiece_model(tokenizer, path):
    """The tokenizer as a sentencepiece model: merges in the order of scores, bytes for what is unknown."""
    from sentencepiece import sentencepiece_model_pb2 as pb

    model = pb.ModelProto()
    model.trainer_spec.model_type = pb.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.add_dummy_prefix = True
    kinds = pb.ModelProto.SentencePiece
    special = {token["content"] for token in tokenizer["added_tokens"]}
    rank = {left + right: i for i, (left, right) in enumerate(
        merge.split(" ") if isinstance(merge, str) else merge for merge in tokenizer["model"]["merges"])}  # fmt: skip
    vocabulary = tokenizer["model"]["vocab"] | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    for piece, _ in sorted(vocabulary.items(), key=lambda item: item[1]):
        kind = kinds.NORMAL
        if piece == "<unk>":
            kind = kinds.UNKNOWN
        elif piece in special:
            kind = kinds.CONTROL
        elif piece.startswith("<0x"):
            kind = kinds.BYTE
        model.pieces.add(piece=piece, score=-float(rank.get(piece, len(rank))) if kind == kinds.NORMAL else 0.0, type=kind)
    model.trainer_spec.vocab_size = len(model.pieces)
    path.write_bytes(model.SerializeToString())


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    if done.returncode:
        sys.exit(done.stderr)


def convert(llama, folder, out, kind, pre, extra=()):
    command = [sys.executable, "-c", WRAPPER, str(llama), pre, str(folder), "--outtype", kind, "--outfile", str(out),
               "--model-name", "tiny", *extra]  # fmt: skip
    run(command)


def legacy_mmproj(llama, folder, out, config, weights):
    """LLaVA's tower and projector by the script that the published files were written with."""
    tower = folder / "tower"
    tower.mkdir(exist_ok=True)
    prefix = "vision_tower."
    own = {k[len(prefix):]: v for k, v in weights.items() if k.startswith(prefix)}
    save_file(own, tower / "model.safetensors", {"format": "pt"})
    vision = config["vision_config"] | {"vision_feature_layer": config["vision_feature_layer"], "layer_norm_eps": 1e-5}
    (tower / "config.json").write_text(json.dumps(vision | {"hidden_act": "quick_gelu", "architectures": ["CLIPVisionModel"]}))
    parts = {"linear_1": "0", "linear_2": "2"}
    named = {}
    for name, value in weights.items():
        if name.startswith("multi_modal_projector."):
            _, part, kind = name.split(".")
            named[f"model.mm_projector.{parts[part]}.{kind}"] = value
    torch.save(named, tower / "llava.projector")
    script = (llama / "tools/mtmd/legacy-models/convert_image_encoder_to_gguf.py").read_text()
    # transformers 5 leaves out the prefix of older releases, which the script looks for
    script = script.replace("state_dict = model.state_dict()", LEGACY_STATE)
    script = script.replace("model.vision_model.encoder", "getattr(model, 'vision_model', model).encoder")
    (folder / "legacy.py").write_text(script)
    command = [sys.executable, str(folder / "legacy.py"), "-m", str(tower), "--clip-model-is-vision",
               "--llava-projector", str(tower / "llava.projector"), "-o", str(folder / "legacy_out")]  # fmt: skip
    run(command)
    shutil.copy(next((folder / "legacy_out").glob("*.gguf")), out)


LEGACY_STATE = (
    "state_dict = {n if n.startswith('vision_model.') else 'vision_model.' + n: v for n, v in model.state_dict().items()}"
)


def values(path):
    tensors = {}
    for tensor in GGUFReader(path).tensors:
        data = quants.dequantize(tensor.data, tensor.tensor_type)
        tensors[tensor.name] = np.asarray(data, np.float32).reshape(tensor.shape[::-1])
    return tensors


def check_exact(found, wanted):
    """Both files hold the same numbers, so that nothing was rounded after `rounded`."""
    a, b = values(found), values(wanted)
    assert a.keys() == b.keys()
    for name in a:
        assert np.array_equal(a[name], b[name]), f"{found}: {name} was rounded once more"


def compute(folder, case):
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    inputs = {}
    for name in INPUTS:
        if name in case:
            value = torch.from_numpy(case[name])
            value = value if name == "pixel_values" else value.long()
            inputs[name] = value[None] if name in ("input_ids", "attention_mask", "mm_token_type_ids") else value
    with torch.no_grad():
        logits = model(**inputs, use_cache=False).logits[0]
        made = model.generate(
            **inputs, max_new_tokens=12, min_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0,
            repetition_penalty=1.0,
        )[0, inputs["input_ids"].shape[1]:]  # fmt: skip
    return {
        "input_ids": case["input_ids"],
        "logits": logits[-8:].numpy().astype(np.float32).copy(),
        "generated": made.numpy().astype(np.int32),
    }


def main(llama, golden, out):
    (out / "expected").mkdir(parents=True, exist_ok=True)
    for family, kind in FAMILIES.items():
        target = out / family
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            config, weights = prepare(golden / family, folder, family, kind)
            case = load_numpy(golden / family / "expected/image.safetensors")
            save_numpy(compute(folder, case), out / "expected" / f"{family}.safetensors")
            pre = "default" if family == "llava" else "qwen2"
            convert(llama, folder, target / "model.gguf", kind, pre)
            convert(llama, folder, folder / "exact.gguf", "f32", pre)
            check_exact(target / "model.gguf", folder / "exact.gguf")
            if family in LEGACY:
                legacy_mmproj(llama, folder, target / "mmproj.gguf", config, weights)
            else:
                convert(llama, folder, target / "mmproj.gguf", kind, pre, ["--mmproj"])
                convert(llama, folder, folder / "exact.gguf", "f32", pre, ["--mmproj"])
                check_exact(target / "mmproj.gguf", folder / "exact.gguf")
        print(family, sum(path.stat().st_size for path in target.iterdir()), flush=True)


if __name__ == "__main__":
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
