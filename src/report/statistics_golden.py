#!/usr/bin/env python3
"""Golden values for statistics_test.cc: writes statistics_golden.json beside this file.

Needs Debian's python3-scipy (1.10). Every number is computed by another road than the C++ takes:
scipy's own intervals and tests, enumeration instead of sampling, definitions instead of shortcuts.
"""

import itertools
import json
import pathlib

import numpy as np
from scipy import stats


def wilson(right, n):
    interval = stats.binomtest(right, n).proportion_ci(0.95, method="wilson")
    return {"right": right, "n": n, "low": interval.low, "high": interval.high}


def mcnemar(only_first, only_second):
    n, fewer = only_first + only_second, min(only_first, only_second)
    exact = stats.binomtest(fewer, n).pvalue
    # Fagerland, Lydersen & Laake (2013), section "The McNemar mid-p test".
    at = stats.binom.pmf(fewer, n, 0.5)
    mid = 1 - at / 2 if only_first == only_second else 2 * stats.binom.cdf(fewer, n, 0.5) - at
    return {"only_first": only_first, "only_second": only_second, "exact": exact, "mid": mid}


def permutation(first, second):
    difference = np.mean(first, axis=0) - np.mean(second, axis=0)
    test = stats.permutation_test(
        (np.mean(first, axis=0), np.mean(second, axis=0)),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    return {"first": first, "second": second, "difference": difference.mean(), "exact": test.pvalue}


def resampled_means(correct):
    """Mean and weight of every crossed resample of seeds and photographs."""
    table = np.array(correct, dtype=float)
    seeds, photographs = table.shape
    for rows in itertools.product(range(seeds), repeat=seeds):
        for columns in itertools.product(range(photographs), repeat=photographs):
            yield columns, table[np.ix_(rows, columns)].mean()


def percentiles(values):
    return [float(x) for x in np.quantile(values, [0.025, 0.975], method="inverted_cdf")]


def bootstrap(correct):
    return {"correct": correct, "interval": percentiles([m for _, m in resampled_means(correct)])}


def bootstrap_difference(first, second):
    by_columns = {}
    for columns, m in resampled_means(first):
        by_columns.setdefault(columns, ([], []))[0].append(m)
    for columns, m in resampled_means(second):
        by_columns[columns][1].append(m)
    values = [a - b for firsts, seconds in by_columns.values() for a in firsts for b in seconds]
    return {"first": first, "second": second, "interval": percentiles(values)}


def macro_f1(labels, predictions):
    scores = []
    for c in sorted(set(labels) | set(predictions)):
        right = sum(a == b == c for a, b in zip(labels, predictions))
        precision = right / max(1, predictions.count(c))
        recall = right / max(1, labels.count(c))
        scores.append(0 if right == 0 else 2 * precision * recall / (precision + recall))
    return {"labels": labels, "predictions": predictions, "f1": float(np.mean(scores))}


def draw(random, seeds, photographs, share):
    return (random.random((seeds, photographs)) < share).astype(int).tolist()


def main():
    random = np.random.default_rng(2020)
    golden = {
        "wilson": [
            wilson(k, n)
            for k, n in [(0, 10), (10, 10), (1, 1), (7, 10), (812, 1000), (5980, 8041)]
        ],
        "mcnemar": [
            mcnemar(b, c) for b, c in [(1, 7), (7, 1), (0, 3), (5, 5), (40, 61), (400, 520)]
        ],
        "permutation": [
            permutation(draw(random, s, 10, 0.8), draw(random, t, 10, 0.4))
            for s, t in [(1, 1), (3, 3), (2, 3), (3, 1)]
        ],
        "bootstrap": [
            bootstrap([[1, 1, 0, 1, 0, 1]]),
            bootstrap([[1, 0, 1, 1, 1], [0, 0, 1, 1, 0]]),
            bootstrap([[1, 0, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]]),
        ],
        "bootstrap_difference": [
            bootstrap_difference(
                [[1, 1, 1, 0, 1], [1, 1, 0, 1, 1]], [[1, 0, 0, 0, 1], [0, 1, 0, 1, 0]]
            ),
            bootstrap_difference([[1, 1, 1, 0, 1, 1]], [[1, 0, 0, 1, 1, 0]]),
        ],
        "macro_f1": [
            macro_f1(random.integers(0, k, n).tolist(), random.integers(0, k, n).tolist())
            for k, n in [(2, 20), (5, 40), (30, 25)]
        ],
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    lines = [f"{json.dumps(name)}: {json.dumps(values)}" for name, values in golden.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
