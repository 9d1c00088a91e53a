"""Greedy tokens and log-probabilities of transformers after videos, for prompts whose decode positions differ by rule.

After a video, Qwen2-VL and Qwen2.5-VL go on at the last position of the prompt plus one. The largest position plus one, as
`rope_deltas` has it, is another number where the times of the frames reach beyond the text that follows them.

    python make_video_decoding.py > ../../tests/golden/inputs/video_decoding.json

The frames are not stored: channel c of pixel (x, y) of frame f is (7x + 13y + 29f + 41c + xy) mod 256, in `make_frames` here
and in tests/suites/video_decoding.ts.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch

from tv_shim import enable_torchvision

enable_torchvision()

import transformers  # noqa: E402
from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: E402
from transformers.video_utils import VideoMetadata  # noqa: E402

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
NEW_TOKENS = 6
SIZE = (70, 56)
CASES = [(frames, fps) for frames in (8, 12, 16, 24, 32, 40, 48, 60) for fps in (0.5, 1, 2, 4)]


def make_frames(count):
    width, height = SIZE
    f, y, x, c = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((7 * x + 13 * y + 29 * f + 41 * c + x * y) % 256).astype(np.uint8)


def run(model, proc, family, frames, fps):
    text = "What happens?"
    messages = [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": text}]}]
    prompt = proc.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    meta = VideoMetadata(total_num_frames=frames, fps=fps, duration=frames / fps, frames_indices=list(range(frames)))
    inputs = proc(text=[prompt], videos=[torch.from_numpy(make_frames(frames)).permute(0, 3, 1, 2)],
                  video_metadata=[[meta]], return_tensors="pt")
    inputs.pop("video_metadata", None)
    length = inputs["input_ids"].shape[1]
    with torch.no_grad():
        out = model.generate(**inputs, do_sample=False, repetition_penalty=1.0, max_new_tokens=NEW_TOKENS,
                             eos_token_id=[], return_dict_in_generate=True, output_logits=True)
        new = out.sequences[0, length:]
        logits = torch.cat(out.logits)
        top = logits.topk(2).values
        positions, delta = model.model.get_rope_index(
            inputs["input_ids"], mm_token_type_ids=inputs["mm_token_type_ids"],
            video_grid_thw=inputs["video_grid_thw"],
            **({"second_per_grid_ts": inputs["second_per_grid_ts"]} if "second_per_grid_ts" in inputs else {}))
        # one pass over prompt and answer, without a cache
        whole = dict(inputs, input_ids=out.sequences, attention_mask=torch.ones_like(out.sequences))
        zeros = torch.zeros_like(new)[None].to(inputs["mm_token_type_ids"].dtype)
        whole["mm_token_type_ids"] = torch.cat([inputs["mm_token_type_ids"], zeros], 1)
        rows = model(**whole, use_cache=False).logits[0, length - 1:-1].log_softmax(-1)
    return {
        "family": family, "frames": frames, "fps": fps, "promptTokens": length,
        "lastPosition": int(positions[0, 0, -1]), "largestPosition": length + int(delta) - 1,
        "ids": new.tolist(), "margin": float((top[:, 0] - top[:, 1]).min()),
        "logProb": float(rows.gather(1, new[:, None]).sum()),
    }


def main():
    torch.set_num_threads(2)
    out = []
    for family in ("qwen2_vl", "qwen2_5_vl"):
        model = AutoModelForImageTextToText.from_pretrained(GOLDEN / family, dtype=torch.float32,
                                                            attn_implementation="eager").eval()
        proc = AutoProcessor.from_pretrained(GOLDEN / family)
        out += [run(model, proc, family, *case) for case in CASES]
    lines = ",\n".join("  " + json.dumps(entry) for entry in out)
    print(f'{{"transformers": "{transformers.__version__}", "size": {list(SIZE)}, "cases": [\n{lines}\n]}}')
    print(sum(e["lastPosition"] != e["largestPosition"] for e in out), "of", len(out), "differ by rule; least margin",
          min(e["margin"] for e in out), file=sys.stderr)


if __name__ == "__main__":
    main()
