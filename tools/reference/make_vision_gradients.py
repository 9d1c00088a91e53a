"""What PyTorch's gradients say of a vision tower in front of a frozen language model.

Writes tests/golden/llava/expected/vision_gradients.safetensors: the loss (mean cross entropy of the answer's tokens 7 and
11, the first predicted by the prompt's end) on the case "image", and its gradients with respect to some weights of the
projector and the tower, under their names in the checkpoint.

    python tools/reference/make_vision_gradients.py tests/golden/llava        (transformers 5, torch, safetensors)
"""
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

ANSWER = [7, 11]
KEPT = ["linear_1.weight", "linear_1.bias", "linear_2.weight", "linear_2.bias", "patch_embedding.weight",
        "layers.0.self_attn.k_proj.weight", "layers.0.layer_norm1.weight", "layers.0.mlp.fc2.weight"]


def main(folder):
    model = AutoModelForImageTextToText.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    stored = load_file(folder / "expected" / "image.safetensors")
    ids = torch.cat([stored["input_ids"].long().reshape(1, -1), torch.tensor([ANSWER[:-1]])], dim=1)
    logits = model(input_ids=ids, pixel_values=stored["pixel_values"]).logits[0, -len(ANSWER):]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(ANSWER))
    loss.backward()
    found = {"loss": loss.detach().reshape(1)}
    for name, weight in model.named_parameters():
        if any(name.endswith(end) for end in KEPT) and "language_model" not in name:
            found[name] = weight.grad.contiguous()
    save_file(found, folder / "expected" / "vision_gradients.safetensors")
    print({name: tuple(value.shape) for name, value in found.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
