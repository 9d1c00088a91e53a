"""A vision tower by transformers with SDPA, for bench/vision_tower.ts: JSON lines in, JSON lines out.

Arguments: KIND (qwen3_vl, qwen2_5_vl, clip, siglip, internvit) CONFIG (JSON) CHECKPOINT (written)
           THREADS DTYPE (float32, bfloat16)
Request:   {"shape": [...], "grid": [[frames, rows, columns], ...] or null}
Answer:    {"ms": milliseconds, "cpuMs": of the processor, "rows": the first features}
"""

import json
import sys
import time

import numpy
import torch
import transformers
from safetensors.torch import save_file
from transformers import (CLIPVisionConfig, CLIPVisionModel, InternVLVisionConfig,
                          InternVLVisionModel, SiglipVisionConfig, SiglipVisionModel)
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VisionTransformerPretrainedModel)
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLVisionConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

KINDS = {
    "qwen3_vl": (Qwen3VLVisionConfig, Qwen3VLVisionModel),
    "qwen2_5_vl": (Qwen2_5_VLVisionConfig, Qwen2_5_VisionTransformerPretrainedModel),
    "clip": (CLIPVisionConfig, CLIPVisionModel),
    "internvit": (InternVLVisionConfig, InternVLVisionModel),
    "siglip": (SiglipVisionConfig, SiglipVisionModel),
}


def main():
    kind, config, checkpoint = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    torch.set_num_threads(int(sys.argv[4]))
    torch.manual_seed(0)
    settings, model = KINDS[kind]
    settings = settings(**config)
    settings._attn_implementation = "sdpa"
    dtype = getattr(torch, sys.argv[5])
    model = model(settings).to(dtype).eval()
    weights = {name: value.contiguous() for name, value in model.state_dict().items()
               if value.dtype == dtype}
    save_file(weights, checkpoint)
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        size = int(numpy.prod(request["shape"]))
        pixels = numpy.sin(numpy.arange(size) * 0.37).astype(numpy.float32)
        pixels = torch.from_numpy(pixels).reshape(request["shape"]).to(dtype)
        with torch.inference_mode():
            start, cpu = time.perf_counter(), time.process_time()
            if request["grid"] is None:
                out = model(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
            else:
                out = model(pixels, torch.tensor(request["grid"])).pooler_output
            rows = out.reshape(-1, out.shape[-1])[:2].flatten().float().tolist()
            ms = (time.perf_counter() - start) * 1e3
            cpu = (time.process_time() - cpu) * 1e3
        del out
        print(json.dumps({"ms": ms, "cpuMs": cpu, "rows": rows}), flush=True)


main()
