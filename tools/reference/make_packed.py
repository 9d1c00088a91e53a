"""Quantised checkpoints in the layouts that people publish, and what transformers computes with their dequantised weights.

Writes to tests/golden/packed:

- `matrices.safetensors`: one matrix in every packing, as its parts `CASE.PART`, with the weight that it stands for (`CASE.expected`,
  float32), and the settings of `config.json` by case as the file's notes. The values are those of compressed-tensors, MLX and torch;
  of AWQ and GPTQ, whose programs do not run everywhere, those of the numbers that were packed, in the documented order.
- `compressed_tensors` (int4 in groups of 32), `mlx` (4 bits in groups of 32, names and axes of mlx-vlm) and `fp8` (blocks of 128 by
  128, smaller at the edges): a small Qwen3-VL, whole folders.
- `expected/FOLDER.safetensors`: token ids of the golden case `image`, logits of its last 8 positions and 12 greedy tokens.

    python3 -m venv v && v/bin/pip install transformers==5.23.0 torch==2.13.0 compressed-tensors==0.20.1 'mlx[cpu]' safetensors
    v/bin/python tools/reference/make_packed.py tests/golden tests/golden/packed

The small model is golden's `qwen3_vl` with its first two decoder layers and tower layers, one DeepStack merger and a tied head.
"""
import json
import shutil
import sys
import tempfile
from pathlib import Path

import mlx.core as mx
import numpy as np
import torch
from compressed_tensors.compressors.naive_quantized import FloatQuantizationCompressor, IntQuantizationCompressor
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import load_file, save_file
from make_gguf_multimodal import compute

OUT, IN = 24, 64


# ---------------------------------------------------------------- compressed-tensors
def ct_scheme(**args):
    return QuantizationScheme(targets=["Linear"], weights=QuantizationArgs(**args))


def ct_config(scheme, form):
    weights = json.loads(scheme.weights.model_dump_json())
    group = {"targets": ["Linear"], "weights": weights, "input_activations": None, "output_activations": None}
    return {"quant_method": "compressed-tensors", "format": form, "quantization_status": "compressed", "ignore": ["lm_head"],
            "config_groups": {"group_0": group}, "kv_cache_scheme": None}  # fmt: skip


def ct_parts(weight, scheme, compressor):
    """Stored parts of a weight and what they stand for, by compressed-tensors itself."""
    args = scheme.weights
    size = {"group": args.group_size, "channel": weight.shape[1]}.get(str(getattr(args.strategy, "value", args.strategy)))
    if size is None:
        low, high = weight.min().reshape(1), weight.max().reshape(1)
    else:
        groups = weight.reshape(weight.shape[0], -1, size)
        low, high = groups.amin(-1), groups.amax(-1)
    scale, zero = calculate_qparams(low, high, args)
    scale = scale.bfloat16().float()  # as they are published
    parts = compressor.compress({"weight": weight, "weight_scale": scale, "weight_zero_point": zero}, scheme)
    parts.pop("weight_zero_point") if args.symmetric and "weight_zero_point" in parts else None
    expected = compressor.decompress(dict(parts), scheme)["weight"].float()
    parts["weight_scale"] = scale.bfloat16()
    return {k: v.contiguous() for k, v in parts.items()}, expected


# ---------------------------------------------------------------- AWQ and GPTQ
def words(codes, bits):
    """Rows of codes as 32-bit words, lowest bits first; codes may reach over the end of a word."""
    rows, count = codes.shape
    stream = np.zeros((rows, -(-count * bits // 32) * 32), np.uint8)
    for bit in range(bits):
        stream[:, bit: count * bits: bits] = codes >> bit & 1
    return np.packbits(stream, axis=1, bitorder="little").view(np.int32)


def awq_case(rng):
    codes = rng.integers(0, 16, (OUT, IN))
    zeros = rng.integers(0, 16, (OUT, IN // 32))
    scales = rng.uniform(0.01, 0.02, (OUT, IN // 32)).astype(np.float16)
    order = [0, 2, 4, 6, 1, 3, 5, 7]  # outputs in a word, lowest bits first
    pack = lambda matrix: words(matrix.reshape(matrix.shape[0], -1, 8)[:, :, order].reshape(matrix.shape), 4)
    expected = (codes - zeros.repeat(32, 1)) * scales.astype(np.float32).repeat(32, 1)
    parts = {"qweight": pack(codes.T), "qzeros": pack(zeros.T), "scales": scales.T.copy(), "expected": expected.astype(np.float32)}
    return parts, {"quant_method": "awq", "bits": 4, "group_size": 32, "version": "gemm", "zero_point": True}


def gptq_case(rng, bits, form, act_order):
    top = 2**bits
    codes = rng.integers(0, top, (OUT, IN))
    zeros = rng.integers(1, top, (OUT, IN // 32))
    scales = rng.uniform(0.01, 0.02, (OUT, IN // 32)).astype(np.float16)
    groups = np.arange(IN) // 32
    if act_order:
        groups = rng.permutation(groups)
    expected = (codes - zeros[:, groups]) * scales.astype(np.float32)[:, groups]
    stored = zeros - 1 if form == "gptq" else zeros
    parts = {
        "qweight": words(codes, bits).T.copy(), "qzeros": words(stored.T, bits), "scales": scales.T.copy(),
        "g_idx": groups.astype(np.int32), "expected": expected.astype(np.float32),
    }  # fmt: skip
    return parts, {"quant_method": "gptq", "bits": bits, "group_size": 32, "checkpoint_format": form, "desc_act": act_order}


# ---------------------------------------------------------------- MLX and FP8
def mlx_parts(weight, bits, group):
    codes, scales, biases = mx.quantize(mx.array(weight), group_size=group, bits=bits)
    scales, biases = scales.astype(mx.float16).astype(mx.float32), biases.astype(mx.float16).astype(mx.float32)
    expected = np.array(mx.dequantize(codes, scales, biases, group_size=group, bits=bits))
    half = lambda array: np.array(array).astype(np.float16)
    return {"weight": np.array(codes), "scales": half(scales), "biases": half(biases)}, expected


def fp8_parts(weight, block):
    rows, columns = -(-weight.shape[0] // block[0]), -(-weight.shape[1] // block[1])
    scale = torch.zeros(rows, columns)
    spread = torch.zeros_like(weight)
    for r in range(rows):
        for c in range(columns):
            place = (slice(r * block[0], (r + 1) * block[0]), slice(c * block[1], (c + 1) * block[1]))
            scale[r, c] = weight[place].abs().max() / 448
            spread[place] = scale[r, c]
    codes = (weight / spread).to(torch.float8_e4m3fn)
    return codes, scale, codes.float() * spread


# ---------------------------------------------------------------- files
def matrices(out):
    rng = np.random.default_rng(20)
    weight = torch.from_numpy(rng.normal(0, 0.1, (OUT, IN)).astype(np.float32))
    tensors, settings = {}, {}

    def add(case, parts, config):
        settings[case] = json.dumps(config)
        for name, value in parts.items():
            tensors[f"{case}.{name}"] = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(value))

    kinds = {
        "ct_int4_group": (dict(num_bits=4, strategy="group", group_size=32), PackedQuantizationCompressor, "pack-quantized"),
        "ct_int4_zeros": (dict(num_bits=4, strategy="group", group_size=32, symmetric=False), PackedQuantizationCompressor,
                          "pack-quantized"),
        "ct_int8_channel": (dict(num_bits=8, strategy="channel"), PackedQuantizationCompressor, "pack-quantized"),
        "ct_int3_group": (dict(num_bits=3, strategy="group", group_size=32), PackedQuantizationCompressor, "pack-quantized"),
        "ct_w8_channel": (dict(num_bits=8, strategy="channel"), IntQuantizationCompressor, "int-quantized"),
        "ct_fp8_channel": (dict(num_bits=8, type="float", strategy="channel"), FloatQuantizationCompressor, "float-quantized"),
        "ct_fp8_tensor": (dict(num_bits=8, type="float", strategy="tensor"), FloatQuantizationCompressor, "float-quantized"),
    }  # fmt: skip
    for case, (args, compressor, form) in kinds.items():
        scheme = ct_scheme(**args)
        parts, expected = ct_parts(weight, scheme, compressor)
        add(case, parts | {"expected": expected}, {"quantization_config": ct_config(scheme, form)})
    parts, config = awq_case(rng)
    add("awq", parts, {"quantization_config": config})
    for bits, form, act_order in [(4, "gptq", False), (4, "gptq_v2", True), (8, "gptq", False), (3, "gptq", True), (2, "gptq", False)]:
        parts, config = gptq_case(rng, bits, form, act_order)
        add(f"{form}_{bits}{'_act' if act_order else ''}", parts, {"quantization_config": config})
    for bits in [2, 3, 4, 6, 8]:
        parts, expected = mlx_parts(weight.numpy(), bits, 32)
        add(f"mlx_{bits}", parts | {"expected": expected}, {"quantization": {"group_size": 32, "bits": bits}})
    codes, scale, expected = fp8_parts(weight, (16, 48))
    add("fp8_block", {"weight": codes, "weight_scale_inv": scale, "expected": expected},
        {"quantization_config": {"quant_method": "fp8", "weight_block_size": [16, 48]}})  # fmt: skip
    codes, scale, expected = fp8_parts(weight, (1, IN))
    add("fbgemm", {"weight": codes, "weight_scale": scale, "expected": expected},
        {"quantization_config": {"quant_method": "fbgemm_fp8"}})  # fmt: skip
    # every bit pattern, with a scale of one
    codes = torch.arange(256, dtype=torch.uint8).reshape(1, 256).view(torch.float8_e4m3fn)
    add("fp8_all", {"weight": codes, "weight_scale_inv": torch.ones(1, 1), "expected": codes.float()},
        {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 256]}})  # fmt: skip
    save_file({k: v.contiguous() for k, v in tensors.items()}, out / "matrices.safetensors", settings)


def small_model(golden):
    """The config and the weights of a small Qwen3-VL."""
    config = json.loads((golden / "config.json").read_text())
    config["text_config"] |= {"num_hidden_layers": 2, "tie_word_embeddings": True}
    config["vision_config"] |= {"depth": 2, "deepstack_visual_indexes": [1]}
    config["tie_word_embeddings"] = True
    dropped = [".layers.2.", ".layers.3.", "blocks.2.", "blocks.3.", "merger_list.1.", "merger_list.2.", "lm_head."]
    weights = load_file(golden / "model.safetensors")
    return config, {k: v.bfloat16() for k, v in weights.items() if not any(part in k for part in dropped)}


def quantised(kind, weights):
    """Stored tensors, the dequantised weights under the usual names, and the settings of the config."""
    stored, plain = {}, {name: value.float() for name, value in weights.items()}
    scheme = ct_scheme(num_bits=4, strategy="group", group_size=32)
    for name, value in weights.items():
        module = name.removesuffix(".weight")
        linear = "language_model.layers" in name and value.ndim == 2
        embedding = "embed_tokens" in name
        if kind == "mlx":
            own = module.replace("model.language_model.", "language_model.model.").replace("model.visual.", "vision_tower.")
            if linear or embedding:
                parts, plain[name] = mlx_parts(value.float().numpy(), 4, 32)
                plain[name] = torch.from_numpy(plain[name])
                stored |= {f"{own}.{part}": torch.from_numpy(data) for part, data in parts.items()}
            else:
                own += name[len(module):]
                stored[own] = value.permute(0, 2, 3, 4, 1) if "patch_embed.proj.weight" in name else value
        elif not linear:
            stored[name] = value
        elif kind == "compressed_tensors":
            parts, plain[name] = ct_parts(value.float(), scheme, PackedQuantizationCompressor)
            stored |= {f"{module}.{part}": data for part, data in parts.items()}
        else:
            codes, scale, plain[name] = fp8_parts(value.float(), (128, 128))
            stored |= {name: codes, f"{module}.weight_scale_inv": scale}
    config = {
        "mlx": {"quantization": {"group_size": 32, "bits": 4}, "quantization_config": {"group_size": 32, "bits": 4}},
        "compressed_tensors": {"quantization_config": ct_config(scheme, "pack-quantized")},
        "fp8": {"quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic",
                                        "weight_block_size": [128, 128], "modules_to_not_convert": ["visual"]}},
    }[kind]  # fmt: skip
    return {k: v.contiguous() for k, v in stored.items()}, plain, config


def main(golden, out):
    (out / "expected").mkdir(parents=True, exist_ok=True)
    matrices(out)
    source = golden / "qwen3_vl"
    config, weights = small_model(source)
    case = {k: v.numpy() for k, v in load_file(source / "expected/image.safetensors").items()}
    for kind in ["compressed_tensors", "mlx", "fp8"]:
        folder = out / kind
        folder.mkdir(exist_ok=True)
        for name in ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "preprocessor_config.json"]:
            shutil.copy(source / name, folder)
        stored, plain, settings = quantised(kind, weights)
        save_file(stored, folder / "model.safetensors", {"format": "mlx" if kind == "mlx" else "pt"})
        (folder / "config.json").write_text(json.dumps(config | settings, indent=1) + "\n")
        with tempfile.TemporaryDirectory() as temporary:
            target = Path(temporary)
            (target / "config.json").write_text(json.dumps(config))
            save_file({k: v.contiguous() for k, v in plain.items()}, target / "model.safetensors", {"format": "pt"})
            save_numpy(compute(target, case), out / "expected" / f"{kind}.safetensors")
        print(kind, sum(path.stat().st_size for path in folder.iterdir()), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*(Path(argument).resolve() for argument in sys.argv[1:]))
