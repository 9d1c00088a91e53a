"""Copy a fixture to tests/golden without the tensors that its tests do not need, to stay below 20 MB.

    python trim_golden.py fixtures/llava ../../tests/golden/llava --whole image

Files are copied as they are, except `expected/<case>.safetensors`: the case named by --whole keeps every tensor; the
others keep the model's inputs, the greedy token ids, the vision tower's result and the last logits with heads zeroed.
No number is changed.
"""
import argparse
import json
import shutil
from pathlib import Path

from safetensors import safe_open
from safetensors.numpy import load_file, save_file

INPUTS = ("input_ids", "attention_mask", "mm_token_type_ids", "pixel_values", "pixel_values_videos", "image_grid_thw",
          "video_grid_thw", "second_per_grid_ts", "image_sizes", "batch_num_images", "position_ids", "rope_delta",
          "generated.ids", "ablated.heads", "ablated.generated.ids")
RESULTS = ("vision.features", "ablated.logits_tail")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("source", type=Path)
    ap.add_argument("target", type=Path)
    ap.add_argument("--whole", default="image")
    ap.add_argument("--without", nargs="*", default=[], help="tensors that no case keeps")
    ap.add_argument("--tokenizer-cases", type=int, help="keep only the first N")
    args = ap.parse_args()
    for path in sorted(p for p in args.source.rglob("*") if p.is_file()):
        target = args.target / path.relative_to(args.source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.name == "tokenizer_cases.json" and args.tokenizer_cases:
            cases = json.loads(path.read_text(encoding="utf-8"))[:args.tokenizer_cases]
            target.write_text(json.dumps(cases, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            continue
        if path.parent.name != "expected" or path.suffix != ".safetensors" or path.stem == args.whole and not args.without:
            shutil.copyfile(path, target)
            continue
        with safe_open(path, "np") as file:
            metadata = file.metadata()
        whole = path.stem == args.whole
        save_file({k: v for k, v in load_file(path).items() if (whole or k in INPUTS + RESULTS)
                   and k not in args.without}, target, metadata=metadata)


if __name__ == "__main__":
    main()
