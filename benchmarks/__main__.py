"""``python -m benchmarks [FIGURE...]``: measure, print a table, and keep it as JSON in ``benchmarks/results``."""

import argparse
import fcntl
import json
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import FIGURES
from benchmarks.measure import Figure

RESULTS = Path(__file__).parent / "results"
LOCK = Path("/tmp/vidstead-bench.lock")


def main() -> None:
    """Measure the figures that were named, or all."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", choices=[*FIGURES, []], help="what to measure; default: everything")
    wanted = parser.parse_args().figures or list(FIGURES)
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        measured = [figure for name in wanted for figure in measure(name)]
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    facts = {"at": moment, "machine": platform.platform(), "figures": [asdict(figure) for figure in measured]}
    (RESULTS / f"{moment}.json").write_text(json.dumps(facts, indent=1))


def measure(name: str) -> list[Figure]:
    """Measure one figure and say so at once."""
    measured = FIGURES[name]()
    for figure in measured:
        line = f"{figure.name:50} {figure.value:8.3f} {figure.unit}"
        if figure.bare is not None and figure.ratio is not None:
            line += f"   bare {figure.bare:8.3f} {figure.unit}   ratio {figure.ratio:5.2f}"
        print(line, f"  [{figure.bar}]" if figure.bar else "", figure.detail, flush=True)
    return measured


if __name__ == "__main__":
    main()
