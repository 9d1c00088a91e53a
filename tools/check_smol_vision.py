"""Checks that transformers loads SmolLM2 with a vision tower and computes what this library computes.

    python tools/check_smol_vision.py data/models/smol-vision [samples]

Needs transformers 5.23 and torch 2.13 (CPU is enough), Pillow and deno. `tools/dump_page_logits.ts` writes pages, token
ids and this library's logits of the last prompt position; transformers reads the same pages with its own processor,
chat template and model (`LlavaForConditionalGeneration`). Exits with 1 where token ids or the best token differ, where
logits differ by more than 1e-3 of the largest, or where a weight is missing or unexpected.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import AutoTokenizer, LlavaForConditionalGeneration
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

LIMIT = 1e-3


def main() -> int:
    directory = sys.argv[1] if len(sys.argv) > 1 else "data/models/smol-vision"
    count = sys.argv[2] if len(sys.argv) > 2 else "4"
    model, info = LlavaForConditionalGeneration.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    model.eval()
    strange = [name for key in ("missing_keys", "unexpected_keys", "mismatched_keys") for name in info[key]]
    print(f"weights missing or unexpected: {strange or 'none'}")
    tokenizer = AutoTokenizer.from_pretrained(directory)
    settings = json.loads(Path(directory, "preprocessor_config.json").read_text())
    settings.pop("image_processor_type"), settings.pop("processor_class")
    processor = CLIPImageProcessorPil(**settings)
    template = Path(directory, "chat_template.jinja").read_text()
    worst, wrong = 0.0, len(strange)
    with tempfile.TemporaryDirectory() as folder:
        dump = ["deno", "run", "-A", "tools/dump_page_logits.ts", directory, folder, count]
        subprocess.run(dump, check=True)
        samples = json.loads(Path(folder, "samples.json").read_text())
        for sample in samples:
            pictures = [Image.open(Path(folder, name)).convert("RGB") for name in sample["images"]]
            pixels = processor(pictures, return_tensors="pt")["pixel_values"]
            content = [{"type": "image"} for _ in pictures] + [{"type": "text", "text": sample["question"]}]
            text = tokenizer.apply_chat_template(
                [{"role": "user", "content": content}],
                chat_template=template, add_generation_prompt=True, tokenize=False,
            )
            text = text.replace("<image>", "<image>" * model.config.image_seq_length)
            ids = tokenizer(text, return_tensors="pt").input_ids
            wrong += ids[0].tolist() != sample["ids"]
            with torch.no_grad():
                logits = model(input_ids=ids, pixel_values=pixels).logits[0, -1].numpy()
            ours = np.asarray(sample["logits"], dtype=np.float32)
            worst = max(worst, float(np.abs(logits - ours).max() / np.abs(logits).max()))
            wrong += int(logits.argmax() != ours.argmax())
    print(
        f"{len(samples)} samples: largest difference {worst:.1e} of the largest logit (limit {LIMIT:.0e}), "
        f"{wrong} other differences"
    )
    return int(worst > LIMIT or wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
