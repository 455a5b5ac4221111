"""How often `voxloom audit` raises an alarm on datasets in order, and how long it takes.

python -m benchmarks.audit --datasets 1000 --rows 300
python -m benchmarks.audit --datasets 1 --rows 100000
"""

import argparse
import time
from dataclasses import replace

import numpy as np

from pipeline.audit.verdict import ALPHA, audit_table
from tests.planted_bias import CLASSES, INTENTS, RECORD, Row, clean_rows, noise_of, table_of


def main() -> None:
    """Print both for the numbers of datasets and rows that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=200)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--alpha", type=float, default=ALPHA)
    parser.add_argument("--tied", type=float, default=0.0)
    asked = parser.parse_args()
    alarms, tests, seconds = 0, 0, 0.0
    for seed in range(asked.datasets):
        rows = clean_rows(seed, asked.rows)
        tie(rows, asked.tied, seed)
        table = table_of(rows)
        started = time.process_time()
        audit = audit_table(table, replace(RECORD, seed=seed), asked.alpha)
        seconds += time.process_time() - started
        alarms += bool(audit.biases)
        tests = len(audit.findings)
    print(
        f"{asked.datasets} datasets of {asked.rows} rows, about {tests} tests each: "
        f"{alarms} alarms ({alarms / asked.datasets:.1%}), "
        f"{seconds / asked.datasets:.2f} s of a core each"
    )


def tie(rows: list[Row], share: float, seed: int) -> None:
    """Give one intent's clips one class of noise, in a `share` of those that have noise."""
    rng = np.random.default_rng(seed)
    for row in rows:
        noise = noise_of(row)
        if noise and row["intent"] == INTENTS[0] and rng.random() < share:
            noise |= {"classes": [CLASSES[0]], "sources": [f"{CLASSES[0]}/0.flac"]}


if __name__ == "__main__":
    main()
