"""How balanced a small dataset is, with independent draws and with the stratified sampler.

    python -m benchmarks.stratified_draws [--rows 300] [--intents 20] [--classes 8] [--datasets 20]

Prints which share of the intents lacks a class of noise, and how far on average the SNR of an
intent's clips lies from uniform (Kolmogorov-Smirnov distance).
"""

import argparse
from collections import Counter

import numpy as np
from scipy import stats

from pipeline.augment.stratified import Rank, StratifiedDraws
from pipeline.randomness import rng_for


def main() -> None:
    """Print both figures for both samplers."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("rows", 300), ("intents", 20), ("classes", 8), ("datasets", 20)):
        parser.add_argument(f"--{name}", type=int, default=number)
    asked = parser.parse_args()
    for sampler in ("independent", "stratified"):
        found = [
            balance(sampler == "stratified", seed, asked.rows, asked.intents, asked.classes)
            for seed in range(asked.datasets)
        ]
        lacking, distance = np.mean(found, axis=0)
        print(f"{sampler}: {lacking:.1%} of the intents lack a class, distance {distance:.3f}")


def balance(
    even: bool, seed: int, num_rows: int, num_intents: int, num_classes: int
) -> tuple[float, float]:
    """(share of intents without some class, mean distance of an intent's draws from uniform)."""
    intents = np.random.default_rng(seed).integers(num_intents, size=num_rows)
    drawn, seen = np.empty(num_rows), Counter[int]()
    for row, intent in enumerate(intents.tolist()):
        rng = rng_for(seed, "augment", str(row))
        if even:
            rng = StratifiedDraws(rng, seed, "noise", Rank(str(intent), seen[intent]))
        seen[intent] += 1
        drawn[row] = rng.random()
    own = [drawn[intents == intent] for intent in seen]
    lacking = [len(set((draws * num_classes).astype(int))) < num_classes for draws in own]
    distances = [float(stats.kstest(draws, "uniform").statistic) for draws in own]
    return float(np.mean(lacking)), float(np.mean(distances))


if __name__ == "__main__":
    main()
