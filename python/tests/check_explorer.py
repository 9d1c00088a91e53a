"""Checks the explorer widget: `python python/tests/check_explorer.py PAGE`.

PAGE is what `corelens explore` wrote. Needs numpy; the widget itself is checked where anywidget is
installed. Prints what was checked; exits with 1 for a fault.
"""

import importlib.util
import json
import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import corelens  # noqa: E402


def refused(kind, action, words: str) -> bool:
    try:
        action()
    except kind as error:
        return words in str(error)
    return False


def without_anywidget(page: str) -> bool:
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name == "anywidget"}
    sys.modules["anywidget"] = None  # what Python remembers of a package that is not there
    try:
        return refused(ImportError, lambda: corelens.explorer(page), "pip install anywidget")
    finally:
        del sys.modules["anywidget"]
        sys.modules.update(kept)


def main() -> int:
    page = sys.argv[1]
    checks = {"says what is missing": without_anywidget(page)}
    if importlib.util.find_spec("anywidget"):
        import traitlets

        shown = corelens.explorer(page, heads=[(1, 2)])
        data = json.loads(shown.data)
        with tempfile.TemporaryDirectory() as folder:
            other = Path(folder) / "other.html"
            other.write_text("<p>another page</p>")
            checks |= {
                "not a page": refused(
                    corelens.RecordError, lambda: corelens.explorer(other), "corelens explore"
                ),
                "no file": refused(
                    corelens.RecordError, lambda: corelens.explorer(other.parent / "x"), "No such"
                ),
                "not a record": refused(
                    corelens.RecordError, lambda: corelens.explorer(folder), "Cannot"
                ),
            }
        script = str(shown._esm)
        checks |= {
            "module": re.search(r"export\s*\{[^}]*\bas default\b", script) is not None,
            "style": ".explorer" in str(shown._css),
            "data": data["layers"] > 1 and len(data["ranking"]) == data["layers"] * data["heads"],
            "synced": {"data", "heads", "_esm", "_css"} <= set(shown.keys),
            "heads": [tuple(head) for head in shown.heads] == [(1, 2)],
            "no such head": refused(
                traitlets.TraitError, lambda: shown.set_trait("heads", [(99, 0)]), "L99H0"
            ),
        }
        shown.heads = [(0, 1), (1, 0)]
        checks["chosen"] = shown.get_state("heads")["heads"] == [(0, 1), (1, 0)]
        shown.set_state({"heads": [[1, 1]]})  # as the browser sends it
        checks["chosen in the browser"] = shown.heads == [(1, 1)]
    faults = [name for name, right in checks.items() if not right]
    print(f"checked: {', '.join(checks)}; faults: {', '.join(faults) or 'none'}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
