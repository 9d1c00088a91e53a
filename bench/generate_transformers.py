"""Prefill and decoding by transformers, for bench/generate.ts: JSON lines in, JSON lines out.

Arguments: MODEL THREADS DTYPE [CONFIG]
MODEL is a GGUF file, a Hugging Face directory of a language model, or, with CONFIG (JSON of
Qwen3Config), a safetensors file of a decoder's weights. Attention is SDPA.
Request:   {"ids": [...], "count": tokens to decode}
Answer:    {"prefillMs": milliseconds from token ids to the logits of the last position,
            "stepMs": [milliseconds of each further token by `generate`], "made": [token ids]}
The first line that it writes names its versions.
"""

import json
import sys
import time
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, Qwen3Config, Qwen3ForCausalLM


class Clock:
    """A streamer that notes when each token comes; the prompt comes first."""

    def __init__(self):
        self.times = []

    def put(self, value):
        self.times.append(time.perf_counter())

    def end(self):
        pass


def build(path, dtype, config):
    if config:
        settings = Qwen3Config(**json.loads(config))
        settings._attn_implementation = "sdpa"
        with torch.device("meta"):
            model = Qwen3ForCausalLM(settings)
        weights = {f"model.{name}": value.to(dtype) for name, value in load_file(path).items()}
        model.load_state_dict(weights, assign=True, strict=False)
        model.tie_weights()
        # buffers are not in the checkpoint: the rotary frequencies are made again, on the processor
        model.model.rotary_emb = type(model.model.rotary_emb)(settings)
        return model
    path = Path(path)
    if path.suffix == ".gguf":
        return AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=dtype, attn_implementation="sdpa"
        )
    return AutoModelForCausalLM.from_pretrained(path, dtype=dtype, attn_implementation="sdpa")


def main():
    path, threads, dtype = sys.argv[1], int(sys.argv[2]), getattr(torch, sys.argv[3])
    torch.set_num_threads(threads)
    model = build(path, dtype, sys.argv[4] if len(sys.argv) > 4 else None).eval()
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        ids = torch.tensor([request["ids"]])
        with torch.inference_mode():
            start = time.perf_counter()
            model(input_ids=ids, use_cache=True, logits_to_keep=1).logits[0, -1].float().tolist()
            prefill = (time.perf_counter() - start) * 1e3
            clock = Clock()
            out = model.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=request["count"],
                do_sample=False, eos_token_id=None, pad_token_id=0, repetition_penalty=1.0,
                streamer=clock,
            )
        times = clock.times[1:]  # without the prompt
        steps = [(b - a) * 1e3 for a, b in zip(times, times[1:])]
        made = out[0, len(request["ids"]):].tolist()
        print(json.dumps({"prefillMs": prefill, "stepMs": steps, "made": made}), flush=True)


main()
