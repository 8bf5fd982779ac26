"""Makes statistics-reference.json, with which the tests here compare our statistics.

From the project's root, with Python 3.11, scipy 1.17.1 and statsmodels 0.15.0 (and what they bring):

    python eval/statistics-reference.py |
      npx prettier --stdin-filepath eval/statistics-reference.json > reference.json
    mv reference.json eval/statistics-reference.json

Each entry holds what went in and what came out. No package here has sfc32, so the sequences come from a
second one, on Python's unbounded integers. Takes a minute.
"""

import json

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

generator = np.random.default_rng(20261124)


def round_all(values, digits=4):
    return [round(float(value), digits) for value in values]


def sfc32(seed, count):
    mask = 0xFFFFFFFF
    a, b, c, counter = 0, seed & mask, (seed >> 32) & mask, 1
    drawn = []
    for _ in range(12 + count):
        total = (a + b + counter) & mask
        counter = (counter + 1) & mask
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & mask
        c = (((c << 21) | (c >> 11)) + total) & mask
        drawn.append(total / 2**32)
    return drawn[12:]


def wilson(successes, n):
    # Our z is 1.96, a little more than the 95 % quantile.
    low, high = proportion_confint(successes, n, alpha=2 * stats.norm.sf(1.96), method="wilson")
    return {"successes": successes, "n": n, "low": float(low), "high": float(high)}


def mcnemar(before, after):
    p = stats.binomtest(before, before + after, 0.5).pvalue
    return {"onlyBefore": before, "onlyAfter": after, "p": float(p)}


def sign_flip(differences, resamples):
    result = stats.permutation_test(
        (np.array(differences),),
        lambda sample, axis: np.sum(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=10_000,
        rng=generator,
    )
    return {"differences": differences, "p": float(result.pvalue)}


def ratio_of_sums(numerator, denominator, axis=-1):
    return np.sum(numerator, axis=axis) / np.sum(denominator, axis=axis)


def difference_of_ratios(before, below_before, after, below_after, axis=-1):
    after_mean = ratio_of_sums(after, below_after, axis)
    return after_mean - ratio_of_sums(before, below_before, axis)


def bootstrap(samples, statistic):
    interval = stats.bootstrap(
        [np.array(sample) for sample in samples],
        statistic,
        paired=True,
        method="percentile",
        n_resamples=50_000,
        batch=5_000,
        rng=generator,
    ).confidence_interval
    return {"low": float(interval.low), "high": float(interval.high)}


def draw_ratios(count, share):
    below = generator.integers(0, 6, count)
    return generator.binomial(below, share).tolist(), below.tolist()


def power(cases, flip_rate, change):
    against = (flip_rate - change) / (2 * flip_rate)
    found = 0.0
    for flipped in range(1, cases + 1):
        for fewer in range(flipped // 2 + 1):
            if stats.binomtest(fewer, flipped, 0.5).pvalue >= 0.05:
                break
            both = stats.binom.pmf(flipped, cases, flip_rate)
            found += both * stats.binom.pmf(fewer, flipped, against)
    return float(found)


def powers():
    settings = [(n, 0.15, 0.1) for n in (50, 100, 150, 200)]
    settings += [(200, 0.1, 0.05), (100, 0.3, 0.1), (60, 0.2, 0.2)]
    return [
        {"cases": n, "flipRate": flips, "change": change, "power": power(n, flips, change)}
        for n, flips, change in settings
    ]


def detectable(cases, flip_rate):
    change = optimize.brentq(lambda size: power(cases, flip_rate, size) - 0.8, 0.001, flip_rate)
    return {"cases": cases, "flipRate": flip_rate, "change": float(change)}


def spearman(a, b):
    return {"a": a, "b": b, "correlation": float(stats.spearmanr(a, b).statistic)}


def area(positives, negatives):
    u = stats.mannwhitneyu(positives, negatives).statistic
    return {
        "positives": positives,
        "negatives": negatives,
        "area": float(u / (len(positives) * len(negatives))),
    }


def sign_flips():
    few = round_all(generator.normal(0.3, 0.5, 8))
    tied = [0.25, 0.5, -0.25, 0, 1, 0.5, 0, -0.5, 0.25, 0, 1, 0.25, 0.1, 0.2, -0.3]
    near = round_all(generator.normal(0.18, 1, 120))
    far = round_all(generator.normal(0.05, 1, 200))
    return {
        "exact": [sign_flip(few, np.inf), sign_flip(tied, np.inf)],
        "drawn": [sign_flip(near, 500_000), sign_flip(far, 500_000)],
    }


def bootstraps():
    before, below_before = draw_ratios(80, 0.7)
    after, below_after = draw_ratios(80, 0.8)
    return {
        "before": {"numerators": before, "denominators": below_before},
        "after": {"numerators": after, "denominators": below_after},
        "mean": bootstrap((before, below_before), ratio_of_sums),
        "difference": bootstrap(
            (before, below_before, after, below_after), difference_of_ratios
        ),
    }


def agreement():
    ratings = generator.integers(1, 6, 30)
    scores = round_all(ratings / 5 + generator.normal(0, 0.3, 30), 2)
    negatives = round_all(generator.normal(0.5, 0.2, 25), 1)
    positives = round_all(generator.normal(0.7, 0.2, 30), 1)
    return {
        "spearman": spearman(ratings.tolist(), scores),
        "auc": area(positives, negatives),
    }


print(
    json.dumps(
        {
            "random": [{"seed": seed, "drawn": sfc32(seed, 5)} for seed in (0, 7, 2**40 + 3)],
            "wilson": [wilson(*at) for at in ((70, 70), (12, 12), (0, 9), (7, 10), (4321, 9999))],
            "mcnemar": [
                mcnemar(*at) for at in ((1, 9), (5, 5), (0, 6), (12, 31), (4850, 5150), (4000, 6000))
            ],
            "signFlip": sign_flips(),
            "bootstrap": bootstraps(),
            "power": powers(),
            "detectable": [detectable(100, 0.3), detectable(200, 0.15)],
            **agreement(),
        }
    )
)
