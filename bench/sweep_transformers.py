"""Head sets zeroed one by one with PyTorch hooks in transformers, for bench/ablation_sweep.ts.

Arguments: CHECKPOINT (directory) THREADS
Request:   {"inputs": FILE (safetensors: a prompt with all but the last token of its answer),
            "answer": [ids], "sets": [[[layer, head], ...], ...]}
Answer:    {"ms": milliseconds for all sets, "logProbs": [log-probability of the answer by set]}
"""

import json
import sys
import time

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText


def main():
    checkpoint, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()
    text = model.config.text_config
    layers = model.model.language_model.layers
    print(json.dumps({"torch": torch.__version__, "transformers": transformers.__version__,
                      "threads": torch.get_num_threads()}), flush=True)
    removed = {}

    def hook(layer):
        def zero(_, args):
            heads = removed.get(layer)
            if not heads:
                return None
            z = args[0].clone()
            for head in heads:
                z[..., head * text.head_dim:(head + 1) * text.head_dim] = 0
            return (z,)
        return zero

    for index, layer in enumerate(layers):
        layer.self_attn.o_proj.register_forward_pre_hook(hook(index))
    for line in sys.stdin:
        request = json.loads(line)
        tensors = load_file(request["inputs"])
        ids = tensors.pop("input_ids")[None].long()
        positions = tensors.pop("position_ids")[:, None].long()
        media = {name: value.long() if "grid" in name else value for name, value in tensors.items()}
        answer = torch.tensor(request["answer"])
        result = []
        with torch.inference_mode():
            start = time.perf_counter()
            for heads in request["sets"]:
                removed.clear()
                for layer, head in heads:
                    removed.setdefault(layer, []).append(head)
                out = model(input_ids=ids, position_ids=positions, logits_to_keep=len(answer),
                            use_cache=False, **media)
                scores = out.logits[0].log_softmax(-1)
                result.append(scores.gather(1, answer[:, None]).sum().item())
            ms = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": ms, "logProbs": result}), flush=True)


main()
