"""What differs between two runs of numbered frames, in words."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from tests.oracle.barcode import read_barcodes

NAMED = 12
"""Differences that are named; the rest is counted."""


def reference_frames(source: Path, rate: Fraction, frames: int) -> list[int]:
    """The frame on each of ``frames`` slots at ``rate``, by one continuous decode of the whole source.

    A source that ends a slot early shows its last frame once more.
    """
    shown = read_barcodes(source, filters=f"setpts=PTS-STARTPTS,fps={rate}:round=near,")[:frames]
    return shown + shown[-1:] * (frames - len(shown))


def differences(made: Sequence[int], wanted: Sequence[int]) -> list[str]:
    """Every slot that shows another frame than it should: lost, doubled or moved; empty when all is well."""
    found = [] if len(made) == len(wanted) else [f"{len(made)} frames, not {len(wanted)}"]
    for slot, (one, other) in enumerate(zip(made, wanted, strict=False)):
        if one != other:
            found.append(f"slot {slot}: {_word(made, wanted, slot)}: frame {one}, not {other}")
    return [*found[:NAMED], *([f"and {len(found) - NAMED} more"] if len(found) > NAMED else [])]


def _word(made: Sequence[int], wanted: Sequence[int], slot: int) -> str:
    if wanted[slot] not in made:
        return "lost"
    if slot and made[slot] == made[slot - 1] and wanted[slot] != wanted[slot - 1]:
        return "doubled"
    return "moved"
