"""Pixels that transformers makes of one image by unusual settings of golden checkpoints' preprocessor_config.json.

    python make_processor_settings.py > ../../tests/golden/inputs/processor_settings.json
"""
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import transformers
from PIL import Image
from transformers import AutoProcessor

transformers.logging.set_verbosity_error()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
WIDTH, HEIGHT = 97, 61
CHANGES = {
    "nothing scaled, by null": {"do_rescale": None, "do_normalize": None},
    "not normalised": {"do_normalize": False},
    "not scaled": {"do_rescale": False},
    "another factor": {"rescale_factor": 1 / 127.5},
    "one mean for all channels": {"image_mean": 0.25, "image_std": 0.5},
    "bilinear": {"resample": 2},
    "RGB by null": {"do_convert_rgb": None},
    "budgets by name": {"min_pixels": 4096, "max_pixels": 8192},
    "sizes as numbers": {"size": 56, "crop_size": 56},
    "another size as a number": {"size": 64},
    "a square as a number": {"size": 64, "default_to_square": True},
    "another crop as a number": {"crop_size": 40},
    "not cropped by null, but square": {"do_center_crop": None, "size": {"height": 56, "width": 56}},
}
ONLY = {
    "qwen3_vl": ("nothing scaled, by null", "not normalised", "not scaled", "another factor", "one mean for all channels",
                 "bilinear", "RGB by null", "budgets by name"),
    "internvl": ("nothing scaled, by null", "not scaled", "one mean for all channels", "another size as a number"),
    "llava": tuple(name for name in CHANGES if name != "budgets by name"),
}

# in place of all settings of the file, for llava
WHOLE = {
    "SigLIP's class": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 56, "width": 56}},
    "SigLIP's class, shorter side": {"image_processor_type": "SiglipImageProcessorFast", "size": {"shortest_edge": 56},
                                     "crop_size": {"height": 56, "width": 56}},
    "SigLIP's class, nothing else": {"image_processor_type": "SiglipImageProcessor"},
    "SigLIP's class, cropped": {"image_processor_type": "SiglipImageProcessor", "size": {"shortest_edge": 56},
                                "crop_size": 42, "do_center_crop": True},
    "CLIP's class, square": {"image_processor_type": "CLIPImageProcessor", "size": {"height": 56, "width": 42},
                             "crop_size": {"height": 56, "width": 56}},
    "LLaVA's class": {"image_processor_type": "LlavaImageProcessor", "size": {"shortest_edge": 56}, "crop_size": 56},
}


def picture():
    y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")
    return Image.fromarray(((x * 7 + y * 13 + c * 29 + x * y) % 256).astype(np.uint8))


def main():
    cases = []
    for family, names in ONLY.items():
        for name in (*names, *(WHOLE if family == "llava" else ())):
            with tempfile.TemporaryDirectory() as made:
                for path in (GOLDEN / family).iterdir():
                    if path.is_file() and path.suffix in (".json", ".jinja", ".txt"):
                        shutil.copy(path, made)
                file = Path(made, "preprocessor_config.json")
                changed = {**json.loads(file.read_text()), **CHANGES[name]} if name in CHANGES else WHOLE[name]
                file.write_text(json.dumps(changed))
                tiles = {"crop_to_patches": True} if family == "internvl" else {}  # as its processor calls it
                own = AutoProcessor.from_pretrained(made).image_processor
                pixels = own(images=[picture()], return_tensors="np", **tiles)
            values = np.asarray(pixels["pixel_values"], dtype=np.float64)
            cases.append({"family": family, "name": name, "settings": CHANGES.get(name) or WHOLE[name],
                          **({"whole": True} if name in WHOLE else {}), "shape": list(values.shape),
                          "sum": float(values.sum()), "absolute": float(np.abs(values).sum()),
                          "some": [float(v) for v in values.reshape(-1)[:: max(1, values.size // 12)][:12]]})
    rows = ",\n".join(json.dumps(case) for case in cases)
    print(f'{{"transformers": "{transformers.__version__}", "width": {WIDTH}, "height": {HEIGHT}, "cases": [\n{rows}\n]}}')


if __name__ == "__main__":
    main()
