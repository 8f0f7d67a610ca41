"""Every figure by its name: ``python -m benchmarks NAME``. Each is given how many runs to make."""

from collections.abc import Callable

from benchmarks.ladder import ladder_easy, ladder_hard, scaling
from benchmarks.latency import first_frame, hot_cell, last_byte_to_ready, seek
from benchmarks.measure import Figure
from benchmarks.memory import memory
from benchmarks.quality import vmaf
from benchmarks.serving import api, stored_cells

FIGURES: dict[str, Callable[[int], list[Figure]]] = {
    "ready": last_byte_to_ready,
    "first-frame": first_frame,
    "hot-cell": hot_cell,
    "seek": seek,
    "ladder-easy": ladder_easy,
    "ladder-hard": ladder_hard,
    "scaling": scaling,
    "vmaf": vmaf,
    "cells": stored_cells,
    "api": api,
    "memory": memory,
}
