"""Every figure by its name: ``python -m benchmarks NAME``."""

from collections.abc import Callable

from benchmarks.latency import first_frame, hot_cell, last_byte_to_ready, seek
from benchmarks.measure import Figure
from benchmarks.memory import memory
from benchmarks.throughput import api, stored_cells, whole_ladder

FIGURES: dict[str, Callable[[], list[Figure]]] = {
    "ready": last_byte_to_ready,
    "first-frame": first_frame,
    "hot-cell": hot_cell,
    "seek": seek,
    "ladder": whole_ladder,
    "cells": stored_cells,
    "api": api,
    "memory": memory,
}
