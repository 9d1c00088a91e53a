"""Writes tests/stats/scipy_reference.json: statistics by SciPy and others, for the tests.

Usage: python tools/reference/make_scipy_reference.py [output.json] && deno fmt tests/stats
Needs: pip install scipy==1.17.1 numpy==1.26.4 statsmodels==0.15.0 rbo==0.1.3 mmh3==5.3.1
"""

import json
import pathlib
import sys
import warnings

import mmh3
import numpy as np
import rbo
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests

warnings.filterwarnings("ignore")
rng = np.random.default_rng(20260)


def rounded(values, digits=3):
    """Plain numbers of few digits, so that inputs are exact in the table."""
    return np.round(np.asarray(values, dtype=float), digits)


def normal():
    z = [-38.0, -20.0, -8.3, -7.1, -7.0, -3.2, -1.0, -0.1, 0.0, 0.4, 1.96, 3.0, 6.5, 9.0]
    p = [1e-300, 1e-20, 1e-9, 1e-4, 0.02425, 0.05, 0.0749, 0.0751, 0.25, 0.5, 0.8, 0.975, 0.999999]
    return {
        "z": z,
        "cdf": stats.norm.cdf(z).tolist(),
        "p": p,
        "quantile": stats.norm.ppf(p).tolist(),
    }


def hashes():
    texts = ["", "a", "n0", "abcdefghijklmno", "abcdefghijklmnop", "sample 12/5:page", "größe – 頭"]
    texts.append("the quick brown fox jumps over the lazy dog, twice and then once more")
    words = []
    for text in texts:
        raw = mmh3.mmh3_x86_128_digest(text.encode())
        words.append(np.frombuffer(raw, "<u4").tolist())
    return [{"text": t, "words": w} for t, w in zip(texts, words)]


def rank_pairs():
    pairs = []
    for count, levels in [(2, 0), (5, 0), (17, 4), (40, 7), (64, 0), (301, 12), (96, 2)]:
        a = rng.normal(size=count)
        b = 0.6 * a + rng.normal(size=count)
        if levels:
            a, b = np.floor(a * levels / 3), np.floor(b * levels / 2)
        a, b = rounded(a), rounded(b)
        pairs.append({
            "a": a.tolist(),
            "b": b.tolist(),
            "averageRanks": stats.rankdata(a).tolist(),
            "kendall": stats.kendalltau(a, b).statistic,
            "spearman": stats.spearmanr(a, b).statistic,
            "pearson": stats.pearsonr(a, b).statistic,
        })
    return pairs


def overlaps():
    cases = []
    for size_a, size_b, pool, p in [(10, 10, 10, 0.9), (5, 12, 14, 0.9), (30, 30, 40, 0.98),
                                    (1, 6, 6, 0.5), (8, 3, 30, 0.8)]:
        a = rng.permutation(pool)[:size_a].tolist()
        b = rng.permutation(pool)[:size_b].tolist()
        cases.append({"a": a, "b": b, "p": p, "rbo": rbo.RankingSimilarity(a, b).rbo_ext(p=p)})
    jaccard = []
    for count, k in [(2, 1), (20, 3), (96, 5), (270, 14), (10, 8), (1152, 576)]:
        shared = np.arange(0, k + 1)
        probability = stats.hypergeom(count, k, k).pmf(shared)
        jaccard.append({"count": count, "k": k,
                        "expected": float(np.sum(probability * shared / (2 * k - shared)))})
    return {"rbo": cases, "expectedJaccard": jaccard}


def intervals():
    """Intervals by scipy.stats.bootstrap from bootstrap draws given in the table."""
    cases = []
    skewed = rounded(rng.exponential(size=24))
    binary = (rng.random(30) < 0.8).astype(float)
    short = rounded(rng.normal(size=6))
    for sample in (skewed, binary, short):
        result = stats.bootstrap((sample,), np.mean, n_resamples=400, method="BCa",
                                 rng=np.random.default_rng(5))
        draws = np.sort(result.bootstrap_distribution)
        case = {"sample": sample.tolist(), "draws": draws.tolist(), "intervals": []}
        cases.append(case)
        for method in ("percentile", "BCa"):
            for level in (0.95, 0.8):
                interval = stats.bootstrap((sample,), np.mean, n_resamples=0, method=method,
                                           confidence_level=level, bootstrap_result=result)
                case["intervals"].append({
                    "level": level, "method": method.lower(),
                    "low": float(interval.confidence_interval.low),
                    "high": float(interval.confidence_interval.high),
                })
    # Large-number intervals, to which a bootstrap with other random numbers must come close.
    close = []
    other = rounded(0.7 * skewed + rng.normal(size=24) * 0.2 + 0.5)
    statistics = {
        "mean": lambda x, y, axis=-1: np.mean(x, axis=axis),
        "meanDifference": lambda x, y, axis=-1: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        "ratioOfMedians": lambda x, y, axis=-1: np.median(x, axis=axis) / np.median(y, axis=axis),
    }
    x, y = rounded(skewed + 1), rounded(np.abs(other) + 0.5)
    for name, statistic in statistics.items():
        for method in ("percentile", "BCa"):
            if name == "ratioOfMedians" and method == "BCa":
                continue
            found = stats.bootstrap((x, y), statistic, paired=True, vectorized=True, method=method,
                                    n_resamples=200000, batch=5000, rng=np.random.default_rng(9))
            close.append({
                "statistic": name, "method": method.lower(), "x": x.tolist(), "y": y.tolist(),
                "low": float(found.confidence_interval.low),
                "high": float(found.confidence_interval.high),
                "standardError": float(found.standard_error),
            })
    # Two independent samples: the acceleration over strata.
    first, second = rounded(rng.exponential(size=9)), rounded(rng.exponential(size=14) * 3)
    def stratified(a, b, axis=-1):
        return (np.sum(a, axis=axis) + np.sum(b, axis=axis)) / 23
    found = stats.bootstrap((first, second), stratified, vectorized=True, method="BCa",
                            n_resamples=200000, batch=5000, rng=np.random.default_rng(10))
    strata = {"first": first.tolist(), "second": second.tolist(),
              "low": float(found.confidence_interval.low),
              "high": float(found.confidence_interval.high),
              "standardError": float(found.standard_error)}
    return {"given": cases, "close": close, "strata": strata}


def permutations():
    def mean(x, axis=-1):
        return np.mean(x, axis=axis)

    sign_flips = []
    lists = [rounded(rng.normal(0.4, 1, 8)), np.array([1, 0, 1, 1, 0, -1, 1, 1, 0, 1.0]),
             rounded(rng.normal(0.5, 1, 12)), np.array([0.1, 0.2, 0.3, -0.3]),
             rounded(rng.normal(0.25, 1, 60))]
    for values in lists:
        for alternative in ("two-sided", "greater", "less"):
            exact = 2 ** len(values) <= 9999
            found = stats.permutation_test((values,), mean, permutation_type="samples",
                                           vectorized=True, alternative=alternative,
                                           n_resamples=np.inf if exact else 100000, batch=2000,
                                           rng=np.random.default_rng(3))
            sign_flips.append({"values": values.tolist(), "alternative": alternative,
                               "exact": exact, "statistic": float(found.statistic),
                               "pValue": float(found.pvalue)})
    return {"signFlip": sign_flips}


def proportions():
    cases = []
    for successes, trials in [(0, 1), (0, 20), (1, 1), (20, 20), (7, 30), (480, 500), (1, 1000)]:
        for level in (0.95, 0.99):
            found = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
            cases.append({"successes": successes, "trials": trials, "level": level,
                          "low": found.low, "high": found.high})
    return cases


def corrections():
    cases = []
    for p in ([0.2], [0.01, 0.04, 0.03], [0.5, 0.5, 0.001, 0.02, 0.02], rounded(rng.random(40) ** 3)):
        p = np.asarray(p)
        cases.append({"p": p.tolist(), "holm": multipletests(p, method="holm")[1].tolist(),
                      "benjaminiHochberg": stats.false_discovery_control(p).tolist()})
    return cases


def concentration():
    cases = []
    for values in (rounded(rng.exponential(size=50)), rounded(rng.random(7)), [0, 0, 3.0],
                   [2.0, 2, 2, 2]):
        values = np.asarray(values, dtype=float)
        pairwise = np.abs(values[:, None] - values[None, :]).mean()
        cases.append({"values": values.tolist(),
                      "gini": float(pairwise / (2 * values.mean())),
                      "entropy": float(stats.entropy(values)),
                      "topFifth": float(np.sort(values)[-max(1, round(len(values) / 5)):].sum()
                                        / values.sum())})
    return cases


def quantiles():
    values = rounded(rng.normal(size=23))
    probabilities = [0, 0.025, 0.1, 0.25, 0.5, 0.77, 0.975, 1]
    return {"values": values.tolist(), "probabilities": probabilities,
            "quantiles": np.quantile(values, probabilities).tolist(),
            "median": float(np.median(values)), "mean": float(values.mean()),
            "variance": float(values.var(ddof=1))}


table = {
    "versions": {"scipy": scipy.__version__, "numpy": np.__version__,
                 "statsmodels": statsmodels.__version__, "mmh3": "5.3.1", "rbo": "0.1.3"},
    "normal": normal(),
    "hashes": hashes(),
    "rankPairs": rank_pairs(),
    "overlaps": overlaps(),
    "intervals": intervals(),
    "permutations": permutations(),
    "proportions": proportions(),
    "corrections": corrections(),
    "concentration": concentration(),
    "quantiles": quantiles(),
}
default = pathlib.Path(__file__).parents[2] / "tests/stats/scipy_reference.json"
target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
target.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n")
