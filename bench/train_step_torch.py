"""The training step of `train_step.ts` in PyTorch: answers each line it reads with milliseconds and memory."""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

S = json.loads(sys.argv[1])
torch.set_num_threads(S["threads"])
torch.manual_seed(0)
N, K, H, D = S["heads"], S["keyValueHeads"], S["headDim"], S["width"]
T = S["context"] + S["block"] * S["blocks"]


def rotate_half(x):
    first, second = x.chunk(2, -1)
    return torch.cat([-second, first], -1)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda out, width: nn.Linear(width, out, bias=False)
        self.q, self.k, self.v = linear(N * H, D), linear(K * H, D), linear(K * H, D)
        self.o = linear(D, N * H)
        self.gate, self.up, self.down = linear(S["hidden"], D), linear(S["hidden"], D), linear(D, S["hidden"])
        self.n1, self.n2 = nn.RMSNorm(D, 1e-6), nn.RMSNorm(D, 1e-6)
        self.qn, self.kn = nn.RMSNorm(H, 1e-6), nn.RMSNorm(H, 1e-6)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape
        h = self.n1(x)
        q = self.qn(self.q(h).view(b, t, N, H)).transpose(1, 2)
        k = self.kn(self.k(h).view(b, t, K, H)).transpose(1, 2)
        v = self.v(h).view(b, t, K, H).transpose(1, 2)
        q, k = q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin
        z = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        x = x + self.o(z.transpose(1, 2).reshape(b, t, N * H))
        h = self.n2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(S["vocabulary"], D)
        self.layers = nn.ModuleList(Layer() for _ in range(S["layers"]))
        self.norm = nn.RMSNorm(D, 1e-6)


model = Model()
angles = torch.arange(T)[:, None] * 1e5 ** (-torch.arange(H // 2) / (H // 2))
cos, sin = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
row, key = torch.arange(T)[:, None], torch.arange(T)[None]
same = (row - S["context"]) // S["block"] == (key - S["context"]) // S["block"]
mask = (key <= row) & ((row < S["context"]) | (key < S["context"]) | same)
ids = torch.randint(S["vocabulary"], (S["batch"], T))
visual = torch.tensor(S["visual"])
columns = visual[torch.arange(len(visual)) % 8 != 0]
rows = torch.randint(S["batch"] * T, (S["answerRows"],))
classes = torch.randint(S["vocabulary"], (S["answerRows"],))
left = torch.randint(S["vocabulary"], (S["batch"] * len(columns),))
features = torch.randn(S["batch"], len(visual), D)
matrices = [p for n, p in model.layers.named_parameters() if p.ndim == 2]
others = [p for p in model.parameters() if not any(p is m for m in matrices)]
muon = torch.optim.Muon(matrices, lr=0.01)
adam = torch.optim.AdamW(others, lr=2e-3, betas=(0.9, 0.99), weight_decay=0)


def step():
    x = model.embed(ids).clone()
    x[:, visual] = features
    x = 0.3 * x
    read = lambda h: F.linear(h * D**-0.5, model.embed.weight)
    for i, layer in enumerate(model.layers):
        if i == S["afterLayers"]:
            middle = x[:, columns].reshape(-1, D)
            aside = F.cross_entropy(read(F.rms_norm(middle, (D,))), left)
        x = layer(x, cos, sin, mask)
    loss = F.cross_entropy(read(model.norm(x.reshape(-1, D)[rows])), classes) + aside
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimiser in (muon, adam):
        optimiser.step()
        optimiser.zero_grad()
    return float(loss)


for _ in sys.stdin:
    started = time.perf_counter()
    for _ in range(S["steps"]):
        step()
    milliseconds = (time.perf_counter() - started) * 1000 / S["steps"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"milliseconds": milliseconds, "peakMegabytes": peak}), flush=True)
