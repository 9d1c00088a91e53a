"""Use what CoReLens found in Python: its records, and its heads in transformers models.

One file; numpy is all that it needs to be imported. `scores_frame` and `results_frame` need pandas,
`samples_frame` pandas and pyarrow, `mask_heads` and `capture_heads` a transformers model on PyTorch,
`explorer` anywidget.

    import corelens
    run = corelens.read_run("runs/heads")                  # checked against its manifest
    best = corelens.top_heads(run, fraction=0.05)          # [(layer, head), ...], best first
    with corelens.mask_heads(model, best):                 # without these heads
        model.generate(**inputs)

Layers and query heads are counted from 0 everywhere.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Sequence

import numpy as np

__version__ = "0.1.0"
__all__ = [
    "Run", "read_run", "check_run", "scores_frame", "samples_frame", "results_frame", "score_map",
    "top_heads", "heads_of_groups", "group_of", "decoder_layers", "mask_heads", "capture_heads",
    "Captured", "retrieval_attention_mass", "explorer",
]

Head = tuple[int, int]


class RecordError(ValueError):
    """A record that is not there, not whole or not what was asked for."""


# --- records ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A record on disk: what was run, and where its files lie."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def experiment(self) -> str:
        """`find_heads`, `ablate_heads`, `prefill_speed`, ..."""
        return str(self.manifest.get("experiment", ""))

    def json(self, name: str) -> Any:
        """One of its JSON files."""
        return _json(self.folder, name)


def _json(folder: Path, name: str) -> Any:
    try:
        return json.loads(_record_bytes(folder, name).decode("utf-8-sig"))
    except FileNotFoundError:
        raise RecordError(f"Cannot read {folder / name}: no such file; wanted the folder of a run") from None
    except ValueError as error:
        raise RecordError(f"Cannot read {folder / name} as JSON: {error}") from None


def _record_bytes(folder: Path, name: str) -> bytes:
    """A file as it was written; one with `.gz` behind its name stands for it."""
    packed = folder / f"{name}.gz"
    if (folder / name).exists() or not packed.exists():
        return (folder / name).read_bytes()
    try:
        return gzip.decompress(packed.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RecordError(f"Cannot unpack {packed}: {error}") from None


def check_run(folder: str | Path) -> list[str]:
    """Names of a record's files that are missing or not as they were written, by its manifest.

    Records of versions before 0.1.0 hold no digests: nothing is reported of them.
    """
    folder = Path(folder)
    files = _manifest(folder).get("files") or {}
    damaged = []
    for name, digest in files.items():
        if "/" in name or "\\" in name or name in ("", ".", ".."):
            raise RecordError(f"Cannot check {folder}: its manifest names {name!r}")
        try:
            found = hashlib.sha256(_record_bytes(folder, name)).hexdigest()[:32]
        except (OSError, RecordError):
            found = None
        if found != digest:
            damaged.append(name)
    return damaged


def _manifest(folder: Path) -> Mapping[str, Any]:
    manifest = _json(folder, "manifest.json")
    if not isinstance(manifest, dict):
        raise RecordError(f"Cannot read {folder / 'manifest.json'}: wanted a JSON object")
    return manifest


def read_run(folder: str | Path, verify: bool = True) -> Run:
    """Opens the folder of a run.

    Raises RecordError if there is no record, or (unless `verify` is off) one of its files is not as
    it was written.
    """
    folder = Path(folder)
    manifest = _manifest(folder)
    damaged = check_run(folder) if verify else []
    if damaged:
        raise RecordError(
            f"Cannot use {folder}: not as written, by the manifest's digests: {', '.join(damaged)}"
        )
    return Run(folder, manifest)


def _as_run(run: Run | str | Path) -> Run:
    return run if isinstance(run, Run) else read_run(run)


def _scores(run: Run | str | Path, domain: str | None) -> Mapping[str, Any]:
    run = _as_run(run)
    scores = run.json("scores.json")
    if domain is None:
        return scores
    domains = scores.get("domains", {})
    if domain not in domains:
        raise RecordError(f"Cannot find domain {domain!r} in {run.folder}: there are {list(domains)}")
    return domains[domain]


def score_map(run: Run | str | Path, key: str = "scores", domain: str | None = None) -> np.ndarray:
    """Mean scores `[layers, heads]`; `key` may be another table of scores.json, as `calibrated`."""
    scores = _scores(run, domain)
    if key not in scores:
        raise RecordError(f"Cannot find {key!r} in scores.json: there are {sorted(scores)}")
    table = np.asarray(scores[key], dtype=np.float64)
    if table.shape != (scores["layers"], scores["heads"]):
        raise RecordError(f"Cannot use {key!r} of scores.json as a map: its shape is {table.shape}")
    return table


def scores_frame(run: Run | str | Path, domain: str | None = None):
    """scores.json as a DataFrame: one row per head, the best first.

    Columns: layer, head, score, low, high (95 % interval), rank (from 0), membership (probability of
    being among the top fraction).
    """
    import pandas

    scores = _scores(run, domain)
    ranking = np.asarray(scores["ranking"], dtype=int)
    layer, head = ranking[:, 0], ranking[:, 1]
    interval = np.asarray(scores["ci95"], dtype=float)
    return pandas.DataFrame({
        "layer": layer,
        "head": head,
        "score": np.asarray(scores["scores"], dtype=float)[layer, head],
        "low": interval[layer, head, 0],
        "high": interval[layer, head, 1],
        "rank": np.arange(len(ranking)),
        "membership": np.asarray(scores["topMembership"]["probability"], dtype=float)[layer, head],
    })


def samples_frame(run: Run | str | Path):
    """samples.arrow as a DataFrame: for identify runs a row per sample and head, a column per rule."""
    import pyarrow

    table = _record_bytes(_as_run(run).folder, "samples.arrow")
    return pyarrow.ipc.open_file(pyarrow.py_buffer(table)).read_all().to_pandas()


def results_frame(run: Run | str | Path):
    """results.json of an ablation or of a sparse prefill as a DataFrame, a row per condition."""
    import pandas

    return pandas.DataFrame(_as_run(run).json("results.json"))


def top_heads(
    run: Run | str | Path,
    count: int | None = None,
    fraction: float = 0.05,
    domain: str | None = None,
) -> list[Head]:
    """The best heads, best first: `count` of them, or a fraction of all (at least one)."""
    ranking = [(int(layer), int(head)) for layer, head in _scores(run, domain)["ranking"]]
    if count is None:
        if not 0 < fraction <= 1:
            raise ValueError(f"Cannot select {fraction} of the heads: wanted above 0, at most 1")
        count = max(1, int(np.floor(fraction * len(ranking) + 0.5 + 1e-9)))
    if not 1 <= count <= len(ranking):
        raise ValueError(f"Cannot select top {count} of {len(ranking)} heads")
    return ranking[:count]


# --- transformers ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Decoder:
    projections: Sequence[Any]  # o_proj of each layer
    heads: int
    key_value_heads: int


_LAYER = re.compile(r"(.*)layers\.(\d+)\.self_attn\.o_proj")
_VISION = re.compile(r"vision|visual|image|audio", re.IGNORECASE)


def _decoder(model: Any) -> _Decoder:
    """The text decoder of a causal or multimodal transformers model."""
    config = model.config.get_text_config(decoder=True)
    stacks: dict[str, dict[int, Any]] = {}
    for name, module in model.named_modules():
        match = _LAYER.fullmatch(name)
        if match and not _VISION.search(match[1]):
            stacks.setdefault(match[1], {})[int(match[2])] = module
    fitting = [
        stack for stack in stacks.values()
        if sorted(stack) == list(range(config.num_hidden_layers))
    ]
    if len(fitting) != 1:
        raise TypeError(
            f"Cannot find the decoder of {type(model).__name__}: wanted one stack of "
            f"{config.num_hidden_layers} layers with self_attn.o_proj, found {len(fitting)}"
        )
    heads = config.num_attention_heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    return _Decoder([fitting[0][i] for i in range(len(fitting[0]))], heads, groups)


def decoder_layers(model: Any) -> tuple[int, int, int]:
    """Layers, query heads and key-value heads of a model's decoder."""
    decoder = _decoder(model)
    return len(decoder.projections), decoder.heads, decoder.key_value_heads


def group_of(model: Any, head: int) -> int:
    """The key-value head whose keys and values a query head reads."""
    _, heads, groups = decoder_layers(model)
    return head // (heads // groups)


def heads_of_groups(model: Any, groups: Iterable[Head]) -> list[Head]:
    """Query heads of key-value heads `(layer, key-value head)`: what must go to remove these."""
    _, heads, count = decoder_layers(model)
    size = heads // count
    return [(layer, group * size + i) for layer, group in groups for i in range(size)]


def _by_layer(decoder: _Decoder, heads: Iterable[Head]) -> dict[int, list[int]]:
    layers: dict[int, list[int]] = {}
    for layer, head in heads:
        if not (0 <= layer < len(decoder.projections) and 0 <= head < decoder.heads):
            raise ValueError(
                f"Cannot use head L{layer}H{head}: the model has {len(decoder.projections)} layers "
                f"with {decoder.heads} query heads"
            )
        layers.setdefault(int(layer), []).append(int(head))
    return layers


def _first_input(args: tuple, kwargs: dict) -> Any:
    return args[0] if args else kwargs["input"]


@contextmanager
def mask_heads(model: Any, heads: Iterable[Head], scale: float = 0.0) -> Iterator[None]:
    """Multiplies what query heads give to the output projection, 0 by default: they are gone.

    This is what `corelens forward --mask` does, in prefill and in each step of decoding. Keys and
    values stay, so that other query heads of the same key-value head work on; `heads_of_groups`
    names all of a group. The weights are never changed: leaving the block undoes it, also after an
    error. Blocks may be nested.

        with corelens.mask_heads(model, [(5, 3), (6, 1)]):
            ids = model.generate(**inputs, max_new_tokens=20)

    Raises ValueError for a head that the model does not have, RuntimeError at the end of the block if
    the model ran without its output projections (fused or compiled attention), so that no effect is
    ever reported of heads that stayed.
    """
    import torch

    decoder = _decoder(model)
    layers = _by_layer(decoder, heads)
    calls = {"projections": 0, "model": 0}

    def hook_for(masked: Sequence[int]):
        def hook(module, args, kwargs):
            z = _first_input(args, kwargs)
            calls["projections"] += 1
            factor = torch.ones(decoder.heads, dtype=z.dtype, device=z.device)
            factor[list(masked)] = scale
            scaled = (z.unflatten(-1, (decoder.heads, -1)) * factor[:, None]).flatten(-2)
            return ((scaled, *args[1:]), kwargs) if args else ((), {**kwargs, "input": scaled})
        return hook

    def count(*_):
        calls["model"] += 1

    handles = [model.register_forward_pre_hook(count)]
    try:
        for layer, masked in layers.items():
            projection = decoder.projections[layer]
            handles.append(projection.register_forward_pre_hook(hook_for(masked), with_kwargs=True))
        yield
    finally:
        for handle in handles:
            handle.remove()
    if layers and calls["model"] > 0 and calls["projections"] == 0:
        raise RuntimeError("the model ran, but never through the output projections that were masked")


@dataclass
class Captured:
    """Outputs of heads before the output projection, by layer."""

    heads: int
    steps: dict[int, list[Any]] = field(default_factory=dict)

    def z(self, layer: int):
        """`[batch, tokens, heads, head_dim]` of all calls in a row, on the CPU."""
        import torch

        if not self.steps.get(layer):
            raise KeyError(f"nothing was captured of layer {layer}; captured: {sorted(self.steps)}")
        joined = torch.cat(self.steps[layer], dim=1)
        return joined.unflatten(-1, (self.heads, -1))


@contextmanager
def capture_heads(model: Any, layers: Iterable[int] | None = None) -> Iterator[Captured]:
    """Captures what each head gives to the output projection (`o_proj_inputs` of `corelens forward`).

        with corelens.capture_heads(model) as captured:
            model(**inputs)
        captured.z(5)[0, -1, 3]        # layer 5, last token, head 3

    Together with `mask_heads` it sees what is left after those masks that were set before it.
    """
    decoder = _decoder(model)
    wanted = range(len(decoder.projections)) if layers is None else list(layers)
    _by_layer(decoder, ((layer, 0) for layer in wanted))
    captured = Captured(decoder.heads, {layer: [] for layer in wanted})

    def hook_for(layer: int):
        def hook(module, args, kwargs):
            captured.steps[layer].append(_first_input(args, kwargs).detach().cpu().clone())
        return hook

    handles = []
    try:
        for layer in wanted:
            projection = decoder.projections[layer]
            handles.append(projection.register_forward_pre_hook(hook_for(layer), with_kwargs=True))
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def retrieval_attention_mass(
    attentions: Sequence[Any], question: Sequence[int], evidence: Sequence[int], batch: int = 0
) -> np.ndarray:
    """RAM of every head, `[layers, heads]`: attention from question tokens that lands on evidence.

    `attentions` is what `model(**inputs, output_attentions=True).attentions` holds with eager
    attention: per layer `[batch, heads, tokens, tokens]`.
    """
    if len(question) == 0 or len(evidence) == 0:
        raise ValueError("Cannot measure RAM: wanted question tokens and evidence tokens")
    rows, columns = np.asarray(question), np.unique(np.asarray(evidence))
    maps = []
    for attention in attentions:
        pattern = attention[batch].detach().float().cpu().numpy()
        maps.append(pattern[:, rows][:, :, columns].sum(-1).mean(-1))
    return np.stack(maps)


# --- the head explorer in notebooks ----------------------------------------------------------------


@dataclass(frozen=True)
class _Page:
    """The parts of a page of `corelens explore`."""

    data: str
    script: str
    style: str


_PARTS = {
    "data": r'<script type="application/json" id="corelens-data">(.*?)</script>',
    "script": r'<script type="module">(.*?)</script>',
    "style": r"<style>(.*?)</style>",
}


def _read_page(path: Path) -> _Page:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error.strerror}") from None
    found = {name: re.search(pattern, text, re.DOTALL) for name, pattern in _PARTS.items()}
    if not all(found.values()):
        raise RecordError(f"Cannot show {path}: wanted a page that `corelens explore` wrote")
    return _Page(**{name: match[1] for name, match in found.items()})


def _make_page(folder: Path, options: Sequence[str]) -> _Page:
    """Runs `corelens explore` on a record, in the checkout that this file lies in."""
    root = Path(__file__).resolve().parents[1]
    by_hand = (
        f"run `deno task corelens explore --scores {folder} --out heads.html` in the CoReLens "
        "repository, and give its heads.html"
    )
    deno = shutil.which("deno")
    npx = shutil.which("npx")
    if not (root / "deno.json").is_file() or not (deno or npx):
        raise RecordError(f"Cannot show the record {folder} from here: {by_hand}")
    program = [deno] if deno else [npx, "-y", "deno@2.9.6"]
    with tempfile.TemporaryDirectory() as scratch:
        page = Path(scratch) / "heads.html"
        command = [*program, "task", "--quiet", "corelens", "explore"]
        command += ["--scores", str(folder.resolve()), "--out", str(page), *options]
        here = {**os.environ, "INIT_CWD": os.getcwd()}  # paths of options are seen from there
        done = subprocess.run(
            command, cwd=root, env=here, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            raise RecordError(f"Cannot show the record {folder}: {lines[-1] if lines else by_hand}")
        return _read_page(page)


def explorer(record: str | Path, heads: Iterable[Head] = (), options: Sequence[str] = ()) -> Any:
    """The head explorer as a widget: in JupyterLab, Jupyter Notebook, VS Code, Colab and marimo.

    `record` is a page that `corelens explore` wrote; or, where this file lies in a checkout with Deno
    or Node.js on the path, the folder of an identify run, of which the page is made first (`options`
    as on the command line, such as `["--ablation", "runs/ablation"]`). The widget's `heads` are the
    chosen heads, in both directions:

        shown = corelens.explorer("heads.html")
        shown                                              # choose heads by mouse or keyboard
        with corelens.mask_heads(model, shown.heads):      # and go on without them
            ...
        shown.heads = [(3, 1), (4, 7)]                     # or choose them from here

    The page's own script runs in the notebook: show pages that you would open as notebooks, too.
    Raises ImportError where anywidget is not installed, RecordError for what is no such page.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ImportError(
            "corelens.explorer needs anywidget: pip install anywidget, then restart the kernel; "
            "without it, open the page in a browser"
        ) from None
    path = Path(record)
    page = _make_page(path, options) if path.is_dir() else _read_page(path)
    sizes = json.loads(page.data)

    class HeadExplorer(anywidget.AnyWidget):
        """The head explorer. `heads` are the chosen heads, (layer, head) from 0."""

        _esm = page.script
        _css = page.style
        data = traitlets.Unicode(page.data).tag(sync=True)
        heads = traitlets.List().tag(sync=True)

        @traitlets.validate("heads")
        def _check(self, proposal):
            pairs = [(int(layer), int(head)) for layer, head in proposal["value"]]
            for layer, head in pairs:
                if not (0 <= layer < sizes["layers"] and 0 <= head < sizes["heads"]):
                    raise traitlets.TraitError(
                        f"Cannot choose head L{layer}H{head}: there are {sizes['layers']} layers "
                        f"with {sizes['heads']} heads"
                    )
            return pairs

    return HeadExplorer(heads=[tuple(head) for head in heads])
