"""What transformers makes of logits and of whole answers under the rules of generation_config.json.

    python make_decoding.py > ../../tests/golden/inputs/decoding.json
"""
import json
import warnings
from pathlib import Path

import torch
from safetensors.torch import load_file

import transformers
from transformers import AutoModelForImageTextToText, GenerationConfig

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
GOLDEN = Path(__file__).resolve().parents[2] / "tests/golden"
VOCABULARY = 24
STOP = [3, 7]
PROMPT = [5, 9, 5, 9, 1, 2, 5]
RULES = [
    {}, {"repetition_penalty": 1.3}, {"repetition_penalty": 0.8}, {"no_repeat_ngram_size": 2}, {"no_repeat_ngram_size": 1},
    {"bad_words_ids": [[4], [2, 5, 6], [1, 9], [3]]}, {"min_new_tokens": 3}, {"suppress_tokens": [0, 8]},
    {"begin_suppress_tokens": [11]},
    {"repetition_penalty": 1.2, "no_repeat_ngram_size": 2, "bad_words_ids": [[9]], "min_new_tokens": 2,
     "suppress_tokens": [12]},
]
DRAWS = [
    {"temperature": 1.0, "top_k": 0}, {"temperature": 0.7, "top_k": 0}, {"temperature": 2.0, "top_k": 5}, {"top_k": 50},
    {"top_k": 0, "top_p": 0.5}, {"top_k": 0, "top_p": 0.05}, {"top_k": 0, "min_p": 0.1}, {"top_k": 0, "typical_p": 0.4},
    {"top_k": 0, "typical_p": 0.9}, {"top_k": 0, "epsilon_cutoff": 0.05}, {"top_k": 0, "eta_cutoff": 0.2},
    {"temperature": 0.7, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.05},
    {"temperature": 1.5, "top_k": 12, "top_p": 0.9, "min_p": 0.05, "typical_p": 0.8, "epsilon_cutoff": 0.01,
     "eta_cutoff": 0.02},
]
GREEDY = [("qwen3_vl", "text"), ("qwen2_5_vl", "image"), ("internvl", "text"), ("qwen2_5_vl", "text_multiturn")]
ANSWERS = [{"repetition_penalty": 1.05}, {"repetition_penalty": 1.5}, {"no_repeat_ngram_size": 1},
           {"repetition_penalty": 1.2, "no_repeat_ngram_size": 2, "min_new_tokens": 8}]
NEW_TOKENS = 12


def scores(model):
    g = torch.Generator().manual_seed(0)
    out = []
    for draws, rules in [(False, r) for r in RULES] + [(True, r) for r in DRAWS]:
        for answer in ([], [6, 5, 9]):
            # no ties but one, which the rules have to keep or drop whole
            logits = torch.randn(VOCABULARY, generator=g) * 3
            logits[20] = logits[21]
            config = GenerationConfig(do_sample=draws, eos_token_id=STOP, **{"temperature": 1.0, "top_k": 50, **rules})
            config._eos_token_tensor = torch.tensor(STOP)
            ids = torch.tensor([PROMPT + answer])
            processors = model._get_logits_processor(config, len(PROMPT), ids[:, :len(PROMPT)], device="cpu",
                                                     model_kwargs={"attention_mask": torch.ones_like(ids)})
            made = processors(ids, logits[None].clone())[0].double().softmax(-1)
            out.append({"draws": draws, "settings": rules, "prompt": PROMPT, "answer": answer, "logits": logits.tolist(),
                        "probabilities": [round(p, 9) for p in made.tolist()]})
    return out


def answers():
    out = []
    for family, case in GREEDY:
        model = AutoModelForImageTextToText.from_pretrained(GOLDEN / family, dtype=torch.float32,
                                                            attn_implementation="eager").eval()
        stored = load_file(GOLDEN / family / "expected" / f"{case}.safetensors")
        ids = stored["input_ids"].long()[None]
        args = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        for key in ("pixel_values", "image_grid_thw"):
            if key in stored:
                args[key] = stored[key].long() if key == "image_grid_thw" else stored[key]
        if "mm_token_type_ids" in stored:
            args["mm_token_type_ids"] = stored["mm_token_type_ids"].int()[None]
        for rules in [{}] + ANSWERS:
            with torch.no_grad():
                made = model.generate(**args, do_sample=False, max_new_tokens=NEW_TOKENS,
                                      **{"repetition_penalty": 1.0, **rules}, return_dict_in_generate=True,
                                      output_scores=True)
            top = torch.cat(made.scores).topk(2).values
            entry = {"family": family, "case": case, "settings": rules,
                     "ids": made.sequences[0, ids.shape[1]:].tolist(),
                     "margin": float((top[:, 0] - top[:, 1]).min())}
            out.append(entry)
    return out


def main():
    torch.set_num_threads(2)
    model = AutoModelForImageTextToText.from_pretrained(GOLDEN / "qwen3_vl", dtype=torch.float32)
    rows = lambda entries: ",\n".join("  " + json.dumps(entry) for entry in entries)  # noqa: E731
    print(f'{{"transformers": "{transformers.__version__}", "stop": {STOP}, "scores": [\n{rows(scores(model))}\n],'
          f' "answers": [\n{rows(answers())}\n]}}')


if __name__ == "__main__":
    main()
