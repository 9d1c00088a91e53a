"""What transformers computes when paths between heads are patched, for the golden checkpoints.

Writes tests/golden/<family>/expected/paths.json: logits at the prompt's last token, clean, corrupted and for each path.
The corrupted prompt is that of golden_prompts.py.
The heads' outputs and inputs are replaced in an attention function of our own; all else is the library's.

    python tools/reference/make_paths.py tests/golden        (transformers 5, torch, safetensors)
"""
import json
import sys
from pathlib import Path

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

from golden_prompts import golden_prompt

CASES = {"gemma3_text": "text", "qwen3_vl": "image", "qwen2_5_vl": "image"}
SHOWN = 24  # logits written of each run


class Paths:
    """Records heads' inputs and outputs by layer, and replaces some."""

    def __init__(self):
        self.begin()

    def begin(self, outputs=None, inputs=None):
        """outputs[layer]: [N, T, H] in the place of all heads' outputs; inputs: (layer, head, name) -> [T, H], rows."""
        self.outputs, self.inputs, self.seen = outputs or {}, inputs or {}, {}

    def __call__(self, module, query, key, value, attention_mask, scaling, **_):
        groups = query.shape[1] // key.shape[1]
        parts = {"query": query.clone(), "key": key.repeat_interleave(groups, 1), "value": value.repeat_interleave(groups, 1)}
        text = hasattr(module, "layer_idx") and module.is_causal
        if text:
            for (layer, head, name), (rows, new) in self.inputs.items():
                if layer == module.layer_idx:
                    parts[name][0, head, rows] = new[rows]
        scores = parts["query"] @ parts["key"].transpose(2, 3) * scaling
        if attention_mask is not None:
            scores = scores + attention_mask[..., : scores.shape[-1]]
        z = scores.float().softmax(-1).to(query.dtype) @ parts["value"]
        if text:
            if module.layer_idx in self.outputs:
                z = self.outputs[module.layer_idx][None]
            self.seen[module.layer_idx] = {name: x[0] for name, x in parts.items()} | {"z": z[0]}
        return z.transpose(1, 2).contiguous(), None


def paths_of(layers, heads, tokens):
    """Senders (heads, embedding, tokens) and receivers that cover every kind."""
    top, below = layers - 1, layers - 2
    end = [[tokens - 6, tokens]]
    into = lambda layer, head, name, at=None: {"head": {"layer": layer, "head": head}, "input": name} | ({"at": at} if at else {})
    one, two = {"layer": 0, "head": 1}, {"layer": 1, "head": heads - 1}
    return [
        ({"heads": [one]}, "logits"),
        ({"heads": [one, two]}, "logits"),
        ({"embedding": True}, "logits"),
        ({"heads": [two]}, [into(top, 0, "query")]),
        ({"heads": [one]}, [into(top, 1, "key")]),
        ({"heads": [one, two]}, [into(below, 0, "value"), into(top, heads - 1, "query", end)]),
        ({"heads": [one], "embedding": True}, [into(below, 1, "key"), into(below, 1, "value")]),
        ({"embedding": True, "at": [[0, tokens - 4]]}, [into(1, 0, "key", [[tokens // 3, tokens - 2]])]),
    ]


def main(golden):
    AttentionInterface.register("paths", paths := Paths())
    AttentionMaskInterface.register("paths", eager_mask)
    for family, case in CASES.items():
        folder, prompt = golden / family, golden_prompt(golden, family, case, "paths")
        model, clean, corrupted, tokens = prompt.model, prompt.clean, prompt.corrupted, prompt.tokens

        decoder = model.get_decoder() if prompt.text_only else model.model.language_model
        entering = {}
        decoder.layers[0].register_forward_pre_hook(lambda _, args, kwargs: entering["hook"](args, kwargs), with_kwargs=True)

        def run(inputs, outputs=None, received=None, hook=lambda args, kwargs: None):
            paths.begin(outputs, received)
            entering["hook"] = hook
            with torch.no_grad():
                logits = model(**inputs, use_cache=False).logits[0, -1]
            return logits, paths.seen

        stream = {}

        def keep(args, kwargs):
            stream["x"] = args[0].clone()

        logits_clean, seen = run(clean, hook=keep)
        before = stream["x"]
        logits_corrupted, other_seen = run(corrupted, hook=keep)
        after = stream["x"]
        layers, (heads, _, _) = len(seen), seen[0]["z"].shape
        results = []
        for senders, receivers in paths_of(layers, heads, tokens):
            rows = [t for t in range(tokens) if "at" not in senders or any(a <= t < b for a, b in senders["at"])]
            outputs = {layer: own["z"].clone() for layer, own in seen.items()}
            for head in senders.get("heads", []):
                outputs[head["layer"]][head["head"], rows] = other_seen[head["layer"]]["z"][head["head"], rows]
            mixed = before.clone()
            mixed[:, rows] = after[:, rows]
            enter = lambda args, kwargs: ((mixed, *args[1:]), kwargs) if senders.get("embedding") else None
            # all visual tokens send where the embedding does, so that DeepStack features are the corrupted prompt's
            logits, sent = run(corrupted if senders.get("embedding") else clean, outputs, hook=enter)
            if receivers != "logits":
                received = {}
                for receiver in receivers:
                    layer, head, name = receiver["head"]["layer"], receiver["head"]["head"], receiver["input"]
                    at = [t for t in range(tokens) if "at" not in receiver or any(a <= t < b for a, b in receiver["at"])]
                    received[layer, head, name] = (at, sent[layer][name][head])
                logits, _ = run(clean, received=received)
            results.append({"senders": senders, "receivers": receivers, "logits": rounded(logits)})
        content = {"case": case, "clean": rounded(logits_clean), "corrupted": rounded(logits_corrupted), "paths": results}
        (folder / "expected" / "paths.json").write_text(json.dumps(content) + "\n")
        effects = [max(abs(a - b) for a, b in zip(r["logits"], content["clean"])) for r in results]
        stored = prompt.stored
        stored_gap = (stored["logits"][-1].float() - logits_clean).abs().max() if "logits" in stored else None
        print(family, layers, heads, "largest changes", [f"{x:.4f}" for x in effects], "from the stored logits", stored_gap)


def rounded(logits):
    return [round(float(x), 6) for x in logits[:SHOWN]]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
