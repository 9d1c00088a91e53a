"""What PyTorch's gradients say of the heads of golden checkpoints: attribution patching, written out.

Writes tests/golden/<family>/expected/attribution.json: for each head the sum over positions of (changed z - z) times the
gradient of a metric with respect to z, the input of the output projection, [layers][heads]; z is changed to zero, or to
its value on the corrupted prompt of golden_prompts.py. "between": the second change times the mean gradient at the middles of STEPS equal steps between what enters the
decoder on both prompts, DeepStack features included (EAP-IG). Metrics are those of token 7 at the prompt's last position: its log-probability, and its logit less that of token 11.

    python tools/reference/make_attribution.py tests/golden        (transformers 5, torch, safetensors)
"""
import json
import re
import sys
from pathlib import Path

import torch

from golden_prompts import golden_prompt

CASES = {"gemma3_text": "text", "qwen3_vl": "image", "qwen2_5_vl": "image", "llava": "image", "qwen3_vl_moe": "image"}
TOKEN, AGAINST = 7, 11
STEPS = 3
METRICS = {
    "log-probability": lambda logits: logits.log_softmax(-1)[TOKEN],
    "logit difference": lambda logits: logits[TOKEN] - logits[AGAINST],
}


def main(golden):
    for family, case in CASES.items():
        folder, prompt = golden / family, golden_prompt(golden, family, case, "eager")
        model, clean, corrupted, tokens = prompt.model, prompt.clean, prompt.corrupted, prompt.tokens

        seen = {}
        for name, module in model.named_modules():
            if re.search(r"layers\.\d+\.self_attn\.o_proj$", name) and "vision" not in name:

                def keep(_, args, layer=int(re.search(r"layers\.(\d+)\.", name)[1])):
                    seen[layer] = args[0]
                    args[0].retain_grad()

                module.register_forward_pre_hook(keep)

        entered, mixed = [], []

        def enter(features):
            """Keeps what enters the decoder, or puts a mixture in its place."""
            features = [x.detach() for x in features]
            entered[:] = features
            return mixed or features

        def mix_decoder(_, args, given):
            own = enter([given["inputs_embeds"], *(given.get("deepstack_visual_embeds") or [])])
            given = given | {"inputs_embeds": own[0]}
            return args, given | ({"deepstack_visual_embeds": own[1:]} if own[1:] else {})

        if prompt.text_only:
            model.get_input_embeddings().register_forward_hook(lambda _, args, out: enter([out])[0])
        else:
            model.model.language_model.register_forward_pre_hook(mix_decoder, with_kwargs=True)
        logits = lambda inputs: model(**inputs, use_cache=False).logits[0, -1].float()
        logits(corrupted)
        others = {layer: z.detach() for layer, z in seen.items()}
        end = list(entered)
        logits(clean)
        start, own = list(entered), {layer: z.detach() for layer, z in seen.items()}
        heads = model.config.get_text_config().num_attention_heads
        content = {"case": case, "token": TOKEN, "against": AGAINST, "steps": STEPS, "metrics": []}
        for name, metric in METRICS.items():
            value = metric(logits(clean))
            value.backward()
            effects = {"zero": [], "resample": [], "between": []}
            for layer in sorted(seen):
                z, slope = seen[layer].detach(), seen[layer].grad
                for change, to in (("zero", 0 * z), ("resample", others[layer])):
                    each = ((to - z) * slope).reshape(tokens, heads, -1).double().sum((0, 2))
                    effects[change].append([float(f"{x:.6g}") for x in each])
            slopes = {layer: 0 for layer in seen}
            for step in range(STEPS):
                part = (step + 0.5) / STEPS
                mixed[:] = [a + part * (b - a) for a, b in zip(start, end)]
                metric(logits(clean)).backward()
                slopes = {layer: slopes[layer] + seen[layer].grad / STEPS for layer in seen}
            mixed.clear()
            for layer in sorted(seen):
                each = ((others[layer] - own[layer]) * slopes[layer]).reshape(tokens, heads, -1).double().sum((0, 2))
                effects["between"].append([float(f"{x:.6g}") for x in each])
            content["metrics"].append({"metric": name, "value": float(f"{value.item():.7g}"), **effects})
        (folder / "expected" / "attribution.json").write_text(json.dumps(content) + "\n")
        print(family, len(seen), heads, [m["value"] for m in content["metrics"]])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
