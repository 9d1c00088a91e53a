"""What transformers makes of LLaVA with a SigLIP tower: golden LLaVA whose tower is golden LLaVA-OneVision's.

    python make_siglip_tower.py > ../../tests/golden/inputs/siglip_tower.json
"""
import json
import shutil
import tempfile
from pathlib import Path

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoProcessor

transformers.logging.set_verbosity_error()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
TOWER = "vision_tower."
HALF = [0.5, 0.5, 0.5]
PIXELS = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 42, "width": 42}, "image_mean": HALF, "image_std": HALF}
PROCESSOR = {"vision_feature_select_strategy": "full", "num_additional_image_tokens": 0}
CHANGES = ({"vision_feature_layer": -2}, {"vision_feature_layer": -1}, {"vision_feature_layer": 1})


def main():
    llava, onevision = GOLDEN / "llava", GOLDEN / "llava_onevision"
    weights = {name: w for name, w in load_file(llava / "model.safetensors").items() if not name.startswith(TOWER)}
    weights |= {name: w for name, w in load_file(onevision / "model.safetensors").items() if name.startswith(TOWER)}
    vision = json.loads((onevision / "config.json").read_text())["vision_config"]
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is shown?"}]}]
    picture = Image.open(llava / "expected/image_image0.png")
    cases = []
    for change in CHANGES:
        config = {"vision_config": vision, "vision_feature_select_strategy": "full", **change}
        with tempfile.TemporaryDirectory() as made:
            for path in llava.iterdir():
                if path.is_file() and path.suffix in (".json", ".jinja"):
                    shutil.copy(path, made)
            for file, changed in (("config.json", config), ("processor_config.json", PROCESSOR)):
                Path(made, file).write_text(json.dumps({**json.loads((llava / file).read_text()), **changed}))
            Path(made, "preprocessor_config.json").write_text(json.dumps(PIXELS))
            save_file(weights, Path(made, "model.safetensors"))
            processor = AutoProcessor.from_pretrained(made)
            prompt = processor.apply_chat_template(messages, add_generation_prompt=True)
            inputs = processor(images=[picture], text=prompt, return_tensors="pt")
            model = AutoModelForImageTextToText.from_pretrained(made, dtype=torch.float32).eval()
            with torch.no_grad():
                logits = model(**inputs).logits[0, -1]
        cases.append({"config": config, "prompt": prompt, "ids": inputs["input_ids"][0].tolist(),
                      "logits": [float(x) for x in logits]})
    rows = ",\n".join(json.dumps(case) for case in cases)
    print(f'{{"transformers": "{transformers.__version__}", "pixels": {json.dumps(PIXELS)}, '
          f'"processor": {json.dumps(PROCESSOR)}, "cases": [\n{rows}\n]}}')


if __name__ == "__main__":
    main()
