"""Small numbers of transformers, torch and Pillow for the tests of lib/inputs: sizes, sampled frames, resized and decoded
pictures.

    python make_inputs_reference.py > ../../tests/golden/inputs/transformers_reference.json
"""
import base64
import io
import json
import sys
import unicodedata
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from fixture_extras import STRINGS
from tv_shim import enable_torchvision

enable_torchvision()

from transformers.image_processing_utils import select_best_resolution  # noqa: E402
from transformers.image_transforms import convert_to_rgb  # noqa: E402
from transformers.models.got_ocr2.image_processing_got_ocr2 import get_optimal_tiled_canvas  # noqa: E402
from transformers.models.internvl.video_processing_internvl import InternVLVideoProcessor  # noqa: E402
from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor  # noqa: E402
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize  # noqa: E402
from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor  # noqa: E402
from transformers.models.qwen3_vl.processing_qwen3_vl import Qwen3VLProcessor  # noqa: E402
from transformers.models.qwen3_vl.video_processing_qwen3_vl import Qwen3VLVideoProcessor  # noqa: E402
from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize as video_resize  # noqa: E402
from transformers.video_utils import VideoMetadata, default_sample_indices_fn  # noqa: E402

rng = np.random.default_rng(0)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def number(low, high):
    """A whole number, small ones as likely as large ones."""
    return int(round(float(np.exp(rng.uniform(np.log(low), np.log(high))))))


def sizes():
    out = []
    while len(out) < 60:
        h, w, factor = number(2, 4000), number(2, 4000), int(rng.choice([28, 32]))
        low, high = 4 * factor**2, number(8, 16384) * factor**2
        if max(h, w) / min(h, w) > 200:
            continue
        out.append([[h, w], [factor, low, high], smart_resize(h, w, factor, low, high)])
    return out


def video_sizes():
    out = []
    while len(out) < 60:
        n, h, w, factor = number(2, 800), number(10, 2000), number(10, 2000), 32
        low, high = 4 * factor**2, number(8, 24576) * factor**2
        try:
            out.append([n, [h, w], [factor, low, high], video_resize(n, h, w, 2, factor, low, high)])
        except ValueError:
            continue
    return out


def frames():
    makers = {"spread": Qwen3VLVideoProcessor(), "stepped": Qwen2VLVideoProcessor(), "middle": InternVLVideoProcessor()}
    out = []
    while len(out) < 80:
        name = str(rng.choice(["spread", "stepped", "middle", "default"]))
        total, fps = number(2, 300), float(rng.choice([1, 2, 4, 5, 23.976, 24, 25, 29.97, 30, 60]))
        wanted = float(rng.choice([0.5, 1, 2, 3]))
        low, high = 4, int(rng.choice([6, 32, 768]))
        meta = VideoMetadata(total_num_frames=total, fps=fps)
        try:
            if name == "default":
                found = default_sample_indices_fn(meta, fps=wanted)
            else:
                proc = makers[name]
                proc.min_frames, proc.max_frames = low, high
                found = proc.sample_frames(meta, fps=wanted)
        except (ValueError, ZeroDivisionError):
            continue
        out.append([name, total, fps, [wanted, low, high], [int(i) for i in found]])
    return out


def tiles():
    out = []
    for _ in range(60):
        h, w, most = number(10, 3000), number(10, 3000), int(rng.choice([4, 6, 12]))
        tile = int(rng.choice([56, 448]))
        out.append([[h, w], tile, most, list(get_optimal_tiled_canvas((h, w), (tile, tile), 1, most))])
    return out


def maps():
    """Anyres: resolution and numbers of tokens, with the methods of the processor on a bare object."""
    out = []
    for _ in range(60):
        h, w = number(10, 3000), number(10, 3000)
        side, tile, most, across = [(27, 384, 9, 6), (3, 42, 4, 3), (4, 56, 3, 3)][int(rng.integers(3))]
        choices = [[tile * i, tile * j] for i in range(1, across + 1) for j in range(1, across + 1)]
        best = select_best_resolution((h, w), choices)
        proc = LlavaOnevisionProcessor.__new__(LlavaOnevisionProcessor)
        proc.vision_aspect_ratio = f"anyres_max_{most}"
        counts = proc._get_unpadded_features(h, w, side, side, best[0] // tile, best[1] // tile)
        out.append([[h, w], [side, tile, most, across], list(best), list(counts)])
    return out


def stamps():
    proc = Qwen3VLProcessor.__new__(Qwen3VLProcessor)
    out = []
    for _ in range(20):
        indices = sorted(int(i) for i in rng.integers(0, 400, int(rng.integers(1, 9))))
        fps = float(rng.choice([1, 2, 4, 5, 8, 24, 25, 29.97]))
        out.append([indices, fps, [f"{t:.1f}" for t in proc._calculate_timestamps(list(indices), fps)]])
    return out


def resized():
    out = []
    for (w, h), (to_w, to_h) in [((9, 7), (20, 15)), ((30, 21), (8, 6)), ((17, 23), (17, 5)), ((23, 4), (6, 12)),
                                 ((1, 5), (3, 3)), ((40, 40), (3, 39)), ((12, 1), (7, 4))]:
        image = rng.choice(np.array([0, 1, 128, 254, 255, 60]), (h, w, 3)).astype(np.uint8)   # hard edges: clamping
        for mode in ("bicubic", "bilinear"):
            x = torch.from_numpy(image).permute(2, 0, 1)[None]
            y = torch.nn.functional.interpolate(x, (to_h, to_w), mode=mode, antialias=True, align_corners=False)
            out.append({"from": [w, h], "to": [to_w, to_h], "filter": mode, "input": text(image.tobytes()),
                        "output": text(y[0].permute(1, 2, 0).contiguous().numpy().tobytes())})
    return out


def decoded():
    """Files of many kinds with the pixels that transformers makes of them when Pillow has opened them."""
    base = Image.fromarray(rng.integers(0, 256, (6, 7, 3)).astype(np.uint8), "RGB")
    alpha = Image.fromarray(rng.integers(0, 256, (6, 7)).astype(np.uint8), "L")
    rgba = base.copy()
    rgba.putalpha(alpha)
    grey_alpha = base.convert("L")
    grey_alpha.putalpha(alpha)
    palette = base.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    smooth = base.resize((32, 24), Image.Resampling.BICUBIC)
    cases = [("RGB png", base, "PNG", {}), ("RGBA png", rgba, "PNG", {}), ("L png", base.convert("L"), "PNG", {}),
             ("LA png", grey_alpha, "PNG", {}), ("P png", palette, "PNG", {}), ("1 png", base.convert("1"), "PNG", {}),
             ("P png, transparent colour", palette, "PNG", {"transparency": 3}),
             ("RGB png, transparent colour", base, "PNG", {"transparency": base.getpixel((2, 2))}),
             ("RGB tiff", base, "TIFF", {}), ("RGB webp", base, "WEBP", {"lossless": True}),
             ("RGBA webp", rgba, "WEBP", {"lossless": True, "exact": True}), ("P gif", palette, "GIF", {}),
             ("RGB jpeg", smooth, "JPEG", {"quality": 90}), ("L jpeg", smooth.convert("L"), "JPEG", {"quality": 90}),
             ("CMYK jpeg", smooth.convert("CMYK"), "JPEG", {"quality": 95}),
             ("CMYK tiff", smooth.convert("CMYK"), "TIFF", {}),
             ("RGB jpeg, 4:2:0", smooth, "JPEG", {"quality": 75, "subsampling": 2})]
    out = []
    for name, image, kind, kwargs in cases:
        file = io.BytesIO()
        image.save(file, kind, **kwargs)
        opened = Image.open(io.BytesIO(file.getvalue()))
        pixels = convert_to_rgb(opened, return_numpy=True)
        dropped = np.asarray(opened.convert("RGB"))
        out.append({"name": name, "file": text(file.getvalue()), "size": [pixels.shape[1], pixels.shape[0]],
                    "pixels": text(np.ascontiguousarray(pixels).tobytes()),
                    "dropped": text(np.ascontiguousarray(dropped).tobytes())})
    return out


def offsets():
    """Characters of each token, as string indices in UTF-16, of texts that normalisation leaves as they are."""
    out = []
    for folder in ("qwen3_vl", "llava"):
        tok = Tokenizer.from_file(str(Path(__file__).parent / f"../../tests/golden/{folder}/tokenizer.json"))
        for string in STRINGS + ["<|im_start|>user\nWhere is the 猫? <image>Don't 😀👍🏽 stop<|im_end|>"]:
            if unicodedata.normalize("NFC", string) != string:
                continue
            index = [0]
            for character in string:
                index.append(index[-1] + len(character.encode("utf-16-le")) // 2)
            out.append([folder, string, [[index[a], index[b]] for a, b in tok.encode(string).offsets]])
    return out


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


json.dump({"imageSize": sizes(), "videoSize": video_sizes(), "frames": frames(), "tileGrid": tiles(), "tokenMap": maps(),
           "timeStamps": stamps(), "resize": resized(), "decode": decoded(),
           "offsets": offsets()}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
