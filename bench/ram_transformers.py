"""Eager attention maps by transformers, for bench/ram_pass.ts: JSON lines in, JSON lines out.

Arguments: CHECKPOINT (safetensors) CONFIG (JSON of Qwen3VLTextConfig) THREADS
Request:   {"ids": [...], "question": [start, end], "evidence": [start, end]}
Answer:    {"ms": milliseconds, "ram": [RAM of every head], "peak": peak memory in MB,
            "weights": memory in MB before the first request}
"""

import json
import resource
import sys
import time

import torch
import transformers
from safetensors.torch import load_file
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLTextConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLTextModel


def resident():
    with open("/proc/self/status") as status:
        return next(float(line.split()[1]) / 1e3 for line in status if line.startswith("VmRSS"))


def main():
    checkpoint, config, threads = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    settings = Qwen3VLTextConfig(**config)
    settings._attn_implementation = "eager"
    with torch.device("meta"):
        model = Qwen3VLTextModel(settings)
    weights = {name: value.to(torch.float32) for name, value in load_file(checkpoint).items()}
    model.load_state_dict(weights, assign=True, strict=True)
    # buffers are not in the checkpoint: the rotary frequencies are made again, on the processor
    model.rotary_emb = type(model.rotary_emb)(settings)
    model.eval()
    weights_mb = resident()
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        ids = torch.tensor([request["ids"]])
        positions = torch.arange(ids.shape[1])[None, None].expand(3, 1, -1)
        (q0, q1), (e0, e1) = request["question"], request["evidence"]
        with torch.inference_mode():
            start = time.perf_counter()
            out = model(input_ids=ids, position_ids=positions, use_cache=False,
                        output_attentions=True)
            ram = torch.stack([a[0, :, q0:q1, e0:e1].sum(-1).mean(-1) for a in out.attentions])
            ram = ram.flatten().tolist()
            ms = (time.perf_counter() - start) * 1e3
        del out
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(json.dumps({"ms": ms, "ram": ram, "peak": peak, "weights": weights_mb}), flush=True)


main()
