"""``python -m benchmarks [FIGURE...]``: measure, print a table, and keep it as JSON in ``benchmarks/results``.

Everything is pinned to the same cores: the servers, the bare tools and what loads them.
"""

import argparse
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figures import FIGURES
from benchmarks.measure import machine

RESULTS = Path(__file__).parent / "results"
LOCK = Path("/tmp/vidstead-bench.lock")
ROUNDS = 5
CORES = 2


def main() -> None:
    """Measure the figures that were named, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="what to measure; default: everything")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of which the median counts")
    parser.add_argument("--cores", default=None, help="cores such as 0,1; default: the first two")
    asked = parser.parse_args()
    cores = [int(core) for core in asked.cores.split(",")] if asked.cores else sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    told: list[dict[str, Any]] = []
    with alone():
        facts = machine()
        for name in asked.figures or FIGURES:
            for figure in FIGURES[name](asked.rounds):
                print(figure.line(), flush=True)
                told.append(figure.facts())
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    (RESULTS / f"{moment}.json").write_text(json.dumps({"at": moment, "machine": facts, "figures": told}, indent=1))


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other measurement runs, and keep others from running."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
