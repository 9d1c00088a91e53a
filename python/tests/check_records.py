"""Checks the readers of corelens.py on a record: `python python/tests/check_records.py RUN`.

RUN is the folder of an identify run. Nothing but numpy is needed; DataFrames are checked where pandas
and pyarrow are installed. Prints what was checked; exits with 1 for a fault.
"""

import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import corelens  # noqa: E402


def refused(action, words: str) -> bool:
    try:
        action()
    except (corelens.RecordError, ValueError) as error:
        return words in str(error)
    return False


def main() -> int:
    folder = Path(sys.argv[1])
    run = corelens.read_run(folder)
    scores = json.loads((folder / "scores.json").read_text())
    ranking = [tuple(head) for head in scores["ranking"]]
    count = scores["layers"] * scores["heads"]
    table = corelens.score_map(run)
    checks = {
        "experiment": run.experiment == "find_heads",
        "whole": corelens.check_run(folder) == [],
        "top heads": corelens.top_heads(run, 3) == ranking[:3],
        "top fraction": len(corelens.top_heads(run, fraction=0.5)) == int(count * 0.5 + 0.5),
        "map": table.shape == (scores["layers"], scores["heads"])
        and tuple(np.unravel_index(table.argmax(), table.shape)) == ranking[0],
        "too many": refused(lambda: corelens.top_heads(run, count + 1), "Cannot select top"),
        "no such domain": refused(lambda: corelens.score_map(run, domain="none"), "there are"),
    }
    with tempfile.TemporaryDirectory() as other:
        copy = Path(other) / "run"
        shutil.copytree(folder, copy)
        text = (copy / "scores.json").read_text()
        (copy / "scores.json").write_text(text.replace("0", "1", 1))
        checks["changed"] = corelens.check_run(copy) == ["scores.json"] and refused(
            lambda: corelens.read_run(copy), "not as written"
        )
        checks["unverified"] = corelens.read_run(copy, verify=False).experiment == "find_heads"
        checks["nothing there"] = refused(lambda: corelens.read_run(other), "no such file")
    if all(importlib.util.find_spec(name) for name in ("pandas", "pyarrow")):
        frame, samples = corelens.scores_frame(run), corelens.samples_frame(run)
        means = samples.groupby(["layer", "head"])[scores["rule"]].mean().to_numpy()
        checks["frames"] = bool(
            list(zip(frame["layer"], frame["head"])) == ranking
            and frame["score"].is_monotonic_decreasing
            and (frame["low"] <= frame["score"] + 1e-6).all()
            and len(samples) == count * scores["samples"]
            and np.allclose(means, table.ravel(), atol=1e-6)
        )
    faults = [name for name, right in checks.items() if not right]
    print(f"checked: {', '.join(checks)}; faults: {', '.join(faults) or 'none'}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
