"""Checks that transformers loads the shipped model and computes what this library computes.

    python tools/check_transformers.py data/models/mini [n]

Needs transformers 5.23 and torch 2.13 (CPU is enough), Pillow and deno. For n held-out samples of
each domain, `tools/dump_logits.ts` writes pictures, question and this library's logits of the last
prompt position; transformers reads the same pictures, and the largest difference is reported
relative to the largest logit. Exits with 1 above 1e-3 or when a best token differs.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil


def main() -> int:
    directory = sys.argv[1] if len(sys.argv) > 1 else "data/models/mini"
    count = sys.argv[2] if len(sys.argv) > 2 else "2"
    model = Qwen3VLForConditionalGeneration.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    tokenizer = AutoTokenizer.from_pretrained(directory)
    settings = json.loads(Path(directory, "preprocessor_config.json").read_text())
    settings.pop("image_processor_type"), settings.pop("processor_class")
    processor = Qwen2VLImageProcessorPil(**settings)
    template = Path(directory, "chat_template.jinja").read_text()
    worst, wrong, right = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        dump = ["deno", "run", "-A", "tools/dump_logits.ts", directory, folder, count]
        subprocess.run(dump, check=True)
        samples = json.loads(Path(folder, "samples.json").read_text())
        for sample in samples:
            pictures = [Image.open(Path(folder, name)).convert("RGB") for name in sample["images"]]
            pixels = processor(pictures, return_tensors="pt")
            content = [{"type": "image"} for _ in pictures]
            content.append({"type": "text", "text": sample["question"]})
            text = tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=template, add_generation_prompt=True, tokenize=False,
            )
            for t, h, w in pixels["image_grid_thw"].tolist():
                places = "<placeholder>" * (t * h * w // processor.merge_size**2)
                text = text.replace("<|image_pad|>", places, 1)
            text = text.replace("<placeholder>", "<|image_pad|>")
            ids = tokenizer(text, return_tensors="pt").input_ids
            types = (ids == model.config.image_token_id).int()
            with torch.no_grad():
                logits = model(
                    input_ids=ids, pixel_values=pixels["pixel_values"],
                    image_grid_thw=pixels["image_grid_thw"], mm_token_type_ids=types,
                ).logits[0, -1].numpy()
            ours = np.asarray(sample["logits"], dtype=np.float32)
            worst = max(worst, float(np.abs(logits - ours).max() / np.abs(logits).max()))
            wrong += int(logits.argmax() != ours.argmax())
            right += int(tokenizer.decode([int(logits.argmax())]).strip() == sample["answer"].split()[0])
    print(
        f"{len(samples)} samples: largest difference {worst:.1e} of the largest logit, "
        f"{wrong} best tokens differ, {right} first tokens right"
    )
    return int(worst > 1e-3 or wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
