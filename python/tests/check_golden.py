"""Checks mask_heads and capture_heads on transformers against CoReLens' own numbers.

    python python/tests/check_golden.py [FOLDER]

Run in the repository, with torch, transformers and safetensors installed. FOLDER holds what
`tests/suites/masked_logits.ts` writes; without it deno is started to write that. Every golden
checkpoint is loaded in transformers; without some heads its logits and the outputs of all heads must
be within 2e-4 of ours, relative to the largest, and 12 greedy tokens the same. Exits with 1 where
they are not.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoModelForImageTextToText
from transformers.utils import logging

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
import corelens  # noqa: E402

BOUND = 2e-4
MEDIA = ("image_grid_thw", "image_sizes", "batch_num_images", "pixel_values")
TOKENS = ("input_ids", "attention_mask", "mm_token_type_ids")


def tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(str(path), "pt") as file:
        return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}


def inputs_of(stored: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    given = {key: stored[key].long().reshape(1, -1) for key in TOKENS if key in stored}
    for key in MEDIA:
        if key in stored:
            given[key] = stored[key] if key == "pixel_values" else stored[key].long()
    given.setdefault("attention_mask", torch.ones_like(given["input_ids"]))
    return given


def error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


def check(family: str, ours: Path) -> list[str]:
    wanted, about = tensors(ours)
    golden = ROOT / "tests" / "golden" / family
    made = ours.with_suffix("")  # weights that are a formula
    stored, _ = tensors(golden / "expected" / f"{about['case']}.safetensors")
    given = inputs_of(stored)
    folder = made if made.is_dir() else golden
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    if model.config.model_type == "gemma3":  # its own name of the same
        given["token_type_ids"] = given.pop("mm_token_type_ids")
    heads = [(int(layer), int(head)) for layer, head in wanted["heads"]]
    with torch.no_grad():
        before = model(**given).logits[0]
        with corelens.capture_heads(model) as all_heads, corelens.mask_heads(model, heads):
            masked = model(**given, use_cache=False).logits[0]
        with corelens.mask_heads(model, heads), corelens.capture_heads(model) as left:
            steps = model.generate(
                **given, do_sample=False, min_new_tokens=12, max_new_tokens=12,
                repetition_penalty=1.0, eos_token_id=None,
            )
        after = model(**given).logits[0]
    z = torch.stack([all_heads.z(layer)[0] for layer in sorted(all_heads.steps)])
    kept = torch.ones(z.shape[0], z.shape[2], dtype=bool)
    for layer, head in heads:
        kept[layer, head] = False
    of_kept = lambda values: values.movedim(2, 1)[kept]  # noqa: E731
    z_kept, wanted_z = of_kept(z), of_kept(wanted["z"])
    removed = [left.z(layer)[0, :, head].abs().max() for layer, head in heads]
    length = given["input_ids"].shape[1]
    found = {
        "logits": error(masked, wanted["logits"]),
        "outputs of heads": error(z_kept, wanted_z),
    }
    faults = [f"{name} differ by {value:.1e}" for name, value in found.items() if not value < BOUND]
    if steps[0, length:].tolist() != wanted["generated"].tolist():
        faults.append(f"tokens are {steps[0, length:].tolist()}, not {wanted['generated'].tolist()}")
    if max(removed) != 0 or left.z(0).shape[1] != length + 11:
        faults.append("heads were not gone in every step")
    if not torch.equal(before, after) or error(before, masked) < 10 * BOUND:
        faults.append("the mask did nothing, or did not end with its block")
    text = ", ".join(f"{name} {value:.1e}" for name, value in found.items())
    print(f"{family}: {text}{''.join(f'; FAULT: {fault}' for fault in faults)}", flush=True)
    return faults


def check_messages(family: str) -> list[str]:
    """Mistakes are told, and key-value groups count as the model has them."""
    folder = ROOT / "tests" / "golden" / family
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    layers, heads, groups = corelens.decoder_layers(model)
    faults = []
    if corelens.heads_of_groups(model, [(1, groups - 1)]) != [
        (1, head) for head in range(heads) if corelens.group_of(model, head) == groups - 1
    ]:
        faults.append("groups of heads do not fit")
    for wrong in [(layers, 0), (0, heads), (-1, 0)]:
        try:
            with corelens.mask_heads(model, [wrong]):
                faults.append(f"head {wrong} was masked")
        except ValueError:
            pass
    if any(module._forward_pre_hooks for module in model.modules()):
        faults.append("hooks stay after an error")
    return faults


def main() -> int:
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else made)
        if len(sys.argv) < 2:
            script = ["deno", "run", "-A", "--quiet", "tests/suites/masked_logits.ts", str(folder)]
            subprocess.run(script, check=True, cwd=ROOT)
        files = sorted(folder.glob("*.safetensors"))
        faults = [fault for file in files for fault in check(file.stem, file)]
        faults += check_messages("qwen3_vl")
    print(f"{len(files)} checkpoints, {len(faults)} faults")
    return int(bool(faults) or not files)


if __name__ == "__main__":
    sys.exit(main())
