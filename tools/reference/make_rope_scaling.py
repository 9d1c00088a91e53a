"""Frequencies of transformers' scaled rotary embeddings, and the logits of golden checkpoints whose config names one.

    python make_rope_scaling.py > ../../tests/golden/inputs/rope_scaling.json
"""
import json
import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file

import transformers
from transformers import AutoConfig, AutoModelForImageTextToText, LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
NEW_TOKENS = 6
HEAD = 16
SHORT, LONG = [1.0 + 0.05 * i for i in range(HEAD // 2)], [1.5 + 0.7 * i for i in range(HEAD // 2)]
# head_dim 16: rope_theta, max_position_embeddings, the scaling, lengths of sequences
FREQUENCIES = [
    (10000.0, 64, {"rope_type": "linear", "factor": 4.0}, [32]),
    (10000.0, 64, {"rope_type": "dynamic", "factor": 2.0}, [32, 64, 65, 200]),
    (1000000.0, 131072, {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, [32]),
    (5000000.0, 1000000, {"rope_type": "yarn", "factor": 3.0, "original_max_position_embeddings": 262144}, [32]),
    (10000.0, 4096, {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 512, "beta_fast": 16,
                     "beta_slow": 2, "truncate": False}, [32]),
    (10000.0, 4096, {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 512,
                     "attention_factor": 0.9}, [32]),
    (10000.0, 4096, {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 512, "mscale": 1.0,
                     "mscale_all_dim": 0.7}, [32]),
    (10000.0, 64, {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 4}, [32]),
    (500000.0, 131072, {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                        "original_max_position_embeddings": 8192}, [32]),
    (10000.0, 4096, {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                     "original_max_position_embeddings": 64}, [32]),
    (10000.0, 128, {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG,
                    "original_max_position_embeddings": 64}, [64, 65]),
    (10000.0, 128, {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "factor": 4.0,
                    "attention_factor": 1.1, "original_max_position_embeddings": 64}, [64, 65]),
]
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
# family, case, max_position_embeddings, the scaling as a file has it
LOGITS = [
    ("qwen2_5_vl", "image", 64, {"type": "yarn", "factor": 4, "original_max_position_embeddings": 16}),
    ("qwen2_5_vl", "video", 64, YARN),
    ("qwen2_vl", "image", 64, YARN),
    ("qwen3_vl", "image", 64, YARN),
    ("qwen3_vl", "video", 4096, LLAMA3),
    ("qwen3_vl", "image", 20, {"rope_type": "dynamic", "factor": 2.0}),
    ("internvl", "text", 24, {"rope_type": "dynamic", "type": "dynamic", "factor": 2.0}),
    ("internvl", "image", 24, {"rope_type": "dynamic", "factor": 3.0}),
    ("internvl", "text", 512, {"rope_type": "linear", "factor": 2.0}),
    ("llava", "image", 512, LLAMA3),
    ("llava", "text", 64, YARN),
    ("llava", "text", 64, "longrope"),
    ("llava", "image", 64, "longrope"),
]


def frequencies():
    out = []
    for theta, most, scaling, lengths in FREQUENCIES:
        for length in lengths:
            config = LlamaConfig(hidden_size=4 * HEAD, num_attention_heads=4, head_dim=HEAD, max_position_embeddings=most,
                                 rope_parameters={"rope_theta": theta, **scaling})
            values, factor = ROPE_INIT_FUNCTIONS[scaling["rope_type"]](config, "cpu", seq_len=length)
            out.append({"theta": theta, "maxPositions": most, "scaling": scaling, "length": length,
                        "frequencies": values.tolist(), "attentionFactor": float(factor)})
    return out


def rewritten(family, most, scaling, folder):
    """A copy of a golden checkpoint whose decoder has another rotary embedding, in the keys of its own file."""
    for file in (GOLDEN / family).iterdir():
        if file.is_file() and file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = json.loads((GOLDEN / family / "config.json").read_text())
    text = config.get("text_config", config)
    text["max_position_embeddings"] = most
    old = text.get("rope_scaling") or {}
    kept = {key: old[key] for key in ("mrope_section", "mrope_interleaved") if key in old}
    text["rope_scaling"] = {**scaling, **kept}
    (folder / "config.json").write_text(json.dumps(config))
    return text


def logits():
    out = []
    for family, case, most, scaling in LOGITS:
        if scaling == "longrope":
            half = AutoConfig.from_pretrained(GOLDEN / family).get_text_config().head_dim // 2
            scaling = {"rope_type": "longrope", "short_factor": [1.0 + 0.05 * i for i in range(half)],
                       "long_factor": [1.5 + 0.7 * i for i in range(half)], "original_max_position_embeddings": 40}
        with tempfile.TemporaryDirectory() as name:
            rewritten(family, most, scaling, Path(name))
            model = AutoModelForImageTextToText.from_pretrained(name, dtype=torch.float32,
                                                                attn_implementation="eager").eval()
        stored = load_file(GOLDEN / family / "expected" / f"{case}.safetensors")
        ids = stored["input_ids"].long()[None]
        args = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        for key, value in stored.items():
            if key.startswith("pixel_values"):
                args[key] = value
            elif key in ("image_grid_thw", "video_grid_thw", "image_sizes"):
                args[key] = value.long()
            elif key == "second_per_grid_ts":
                args[key] = value
            elif key == "mm_token_type_ids":
                args[key] = value.int()[None]
        with torch.no_grad():
            last = model(**args).logits[0, -1]
            made = model.generate(**args, do_sample=False, repetition_penalty=1.0, max_new_tokens=NEW_TOKENS,
                                  eos_token_id=[], return_dict_in_generate=True, output_logits=True)
        top = torch.cat(made.logits).topk(2).values
        plain = stored["logits"][-1] if "logits" in stored else None
        out.append({"family": family, "case": case, "maxPositions": most, "scaling": scaling, "tokens": ids.shape[1],
                    "changed": None if plain is None else round(float((plain - last).abs().max()), 3),
                    "margin": float((top[:, 0] - top[:, 1]).min()), "ids": made.sequences[0, ids.shape[1]:].tolist(),
                    "logits": [float(f"{x:.6g}") for x in last.tolist()]})
    return out


def main():
    torch.set_num_threads(2)
    rows = lambda entries: ",\n".join("  " + json.dumps(entry) for entry in entries)  # noqa: E731
    print(f'{{"transformers": "{transformers.__version__}", "headDim": {HEAD}, "frequencies": [\n{rows(frequencies())}\n],'
          f' "logits": [\n{rows(logits())}\n]}}')


if __name__ == "__main__":
    main()
