"""Prefill by transformers, for bench/prefill.ts: reads requests as JSON lines, answers as JSON lines.

Arguments: CHECKPOINT (safetensors) CONFIG (JSON of Qwen3VLTextConfig) THREADS
Request:   {"dtype": "float32"|"bfloat16", "attention": "sdpa"|"eager", "ids": [...]}
Answer:    {"ms": milliseconds, "cpuMs": processor time, "last": [hidden state of the last position]}
The first line that it writes names its versions.
"""

import json
import sys
import time

import torch
import transformers
from safetensors.torch import load_file
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLTextConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextModel


def build(checkpoint, config, dtype, attention):
    settings = Qwen3VLTextConfig(**config)
    settings._attn_implementation = attention
    with torch.device("meta"):
        model = Qwen3VLTextModel(settings)
    weights = {name: value.to(dtype) for name, value in load_file(checkpoint).items()}
    model.load_state_dict(weights, assign=True, strict=True)
    # buffers are not in the checkpoint: the rotary frequencies are made again, on the processor
    model.rotary_emb = type(model.rotary_emb)(settings)
    return model.eval()


def main():
    checkpoint, config, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    models = {}
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        key = request["dtype"]
        if key not in models:
            models[key] = build(checkpoint, config, getattr(torch, key), request["attention"])
        model = models[key]
        model.set_attn_implementation(request["attention"])
        ids = torch.tensor([request["ids"]])
        positions = torch.arange(ids.shape[1])[None, None].expand(3, 1, -1)
        with torch.inference_mode():
            cpu = time.process_time()
            start = time.perf_counter()
            out = model(input_ids=ids, position_ids=positions, use_cache=True)
            last = out.last_hidden_state[0, -1].float().tolist()
            ms = (time.perf_counter() - start) * 1e3
            cpu_ms = (time.process_time() - cpu) * 1e3
        del out
        print(json.dumps({"ms": ms, "cpuMs": cpu_ms, "last": last}), flush=True)


main()
