"""An image to the first token by transformers with SDPA, for bench/first_token.ts: JSON lines in and out.

Arguments: FOLDER (config.json and preprocessor_config.json; model.safetensors is written unless it is
           there) THREADS DTYPE (float32, bfloat16)
Request:   {"width": of the square photo, "question": [ids], "image": id, "visionStart": id, "visionEnd": id}
Answer:    {"processorMs", "processorCpuMs": pixels to patches, "ms", "cpuMs": patches to logits,
            "logits": the first of the last position's}
The first line that it writes names its versions.
"""

import json
import os
import sys
import time

import numpy
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

try:
    import torchvision  # noqa: F401, with it the processor is the fast one
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import Qwen2VLImageProcessor
except ImportError:
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import (
        Qwen2VLImageProcessorPil as Qwen2VLImageProcessor)


def write_weights(folder, config):
    """Random bfloat16 weights; gains of norms near 1, biases near 0."""
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(config)
    pool = torch.randn(1 << 22, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    weights = {}
    for i, (name, like) in enumerate(model.state_dict().items()):
        if name == "lm_head.weight":
            continue  # tied to the embedding
        values = pool.roll(i * 7919).repeat(-(-like.numel() // len(pool)))[:like.numel()]
        if like.dim() == 1:
            values = 0.1 * values + (1 if name.endswith("weight") else 0)
        else:
            values = values / like[0].numel() ** (0.25 if "embed" in name else 0.5)
        weights[name] = values.reshape(like.shape).to(torch.bfloat16).contiguous()
    save_file(weights, os.path.join(folder, "model.safetensors"), {"format": "pt"})


def photo_of(width):
    x, y = numpy.arange(width)[None, :], numpy.arange(width)[:, None]
    channels = [(x * (c + 1) + y * 2 + (x * y >> 6)) % 256 for c in range(3)]
    return Image.fromarray(numpy.stack(channels, -1).astype(numpy.uint8))


def main():
    folder, threads, dtype = sys.argv[1], int(sys.argv[2]), getattr(torch, sys.argv[3])
    torch.set_num_threads(threads)
    config = Qwen3VLConfig.from_pretrained(folder)
    if not os.path.exists(os.path.join(folder, "model.safetensors")):
        write_weights(folder, config)
    model = Qwen3VLForConditionalGeneration.from_pretrained(
        folder, dtype=dtype, attn_implementation="sdpa").eval()
    processor = Qwen2VLImageProcessor.from_pretrained(folder)
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads(), "processor": type(processor).__name__}),
          flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        photo = photo_of(request["width"])
        start, cpu = time.perf_counter(), time.process_time()
        media = processor(images=photo, return_tensors="pt")
        processor_ms = (time.perf_counter() - start) * 1e3
        processor_cpu = (time.process_time() - cpu) * 1e3
        visual = int(media["image_grid_thw"].prod()) // 4
        ids = torch.tensor([[request["visionStart"], *[request["image"]] * visual,
                             request["visionEnd"], *request["question"]]])
        with torch.inference_mode():
            start, cpu = time.perf_counter(), time.process_time()
            out = model(input_ids=ids, pixel_values=media["pixel_values"].to(dtype),
                        image_grid_thw=media["image_grid_thw"], use_cache=True, logits_to_keep=1,
                        mm_token_type_ids=(ids == request["image"]).int())
            logits = out.logits[0, -1, :1000].float().tolist()
            ms = (time.perf_counter() - start) * 1e3
            cpu = (time.process_time() - cpu) * 1e3
        del out
        print(json.dumps({"processorMs": processor_ms, "processorCpuMs": processor_cpu, "ms": ms,
                          "cpuMs": cpu, "logits": logits}), flush=True)


main()
