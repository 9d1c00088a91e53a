"""Prompts of golden checkpoints in two versions, for the references of attribution and of paths."""
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText


@dataclass
class GoldenPrompt:
    """A model with inputs for it, clean and corrupted."""

    model: torch.nn.Module
    clean: dict
    corrupted: dict
    tokens: int
    # logits and whatever else the golden file holds
    stored: dict
    # whether it is a text model
    text_only: bool


def golden_prompt(golden: Path, family: str, case: str, attention: str) -> GoldenPrompt:
    """The corrupted prompt has its pixel values in reverse order, or token 30 + i at every fifth place i of a text, from its end."""
    folder, text_only = golden / family, family == "gemma3_text"
    auto = AutoModelForCausalLM if text_only else AutoModelForImageTextToText
    model = auto.from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()
    stored = load_file(folder / "expected" / f"{case}.safetensors")
    ids = stored["input_ids"].long().reshape(1, -1)
    tokens = ids.shape[1]
    clean = {"input_ids": ids}
    if "pixel_values" in stored:
        clean["pixel_values"] = stored["pixel_values"]
        for name in ("image_grid_thw", "mm_token_type_ids"):
            if name in stored:
                clean[name] = stored[name].long()
        if "mm_token_type_ids" in clean:
            clean["mm_token_type_ids"] = clean["mm_token_type_ids"].reshape(1, -1)
        reverse = clean["pixel_values"].flatten().flip(0).reshape_as(clean["pixel_values"])
        corrupted = clean | {"pixel_values": reverse}
    else:
        other = [30 + i if (tokens - 1 - i) % 5 == 0 else int(t) for i, t in enumerate(ids[0])]
        corrupted = {"input_ids": torch.tensor([other])}
    return GoldenPrompt(model, clean, corrupted, tokens, stored, text_only)
