"""What cutting costs: bytes at equal VMAF, our cells against one continuous encode with the same settings."""

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import exp, log
from pathlib import Path

from tests.integration.encoding.bench import Bench

from benchmarks.bare import QUIET, SEGMENT_SECONDS, encode_arguments
from benchmarks.clips import clip
from benchmarks.measure import FFMPEG, Figure, run
from vidstead.grid import Row
from vidstead.media import VideoSpec
from vidstead.storage.adapters.local import LocalStore

SECONDS = 20
STEPS = (-4, 0, 4, 8)
"""Added to a rung's CRF; its cap is halved for every 6, as the bytes of what isn't capped are."""
LEVELS = 101
"""Qualities at which bytes are compared, evenly over what both reach."""

Point = tuple[float, float]
"""VMAF, and the logarithm of the bytes."""


def vmaf(rounds: int) -> list[Figure]:
    """The 720p rung of an easy and a hard clip, made in cells one by one, and in one run. It is no matter of chance."""
    return [figure for kind in ("easy", "hard") for figure in asyncio.run(_compare(kind))]


async def _compare(kind: str) -> list[Figure]:
    source = clip(kind, SECONDS, long_gop=True)
    curves: dict[str, list[Point]] = {"one by one": [], "in one run": [], "continuous": []}
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made.mp4"
        bench = Bench(LocalStore(Path(folder) / "objects"), source)
        await bench.publish(SEGMENT_SECONDS)
        rung = next(row for row in bench.of_kind("video") if row.name == "720p")
        for step in STEPS:
            row = await _with_quality(bench, rung, step)
            assert isinstance(row.spec, VideoSpec)
            run(_continuous(source, row.spec, made))
            curves["continuous"].append(_point(source, row.spec, made))
            for how, runs in (("one by one", bench.one_by_one()), ("in one run", bench.all_at_once())):
                made.write_bytes(bench.joined(row, await bench.make([row], runs)))
                curves[how].append(_point(source, row.spec, made))
    bare = curves.pop("continuous")
    return [_figure(kind, how, ours, bare) for how, ours in curves.items()]


async def _with_quality(bench: Bench, rung: Row, step: int) -> Row:
    """A rung with another CRF and cap."""
    assert isinstance(rung.spec, VideoSpec)
    cap = round(rung.spec.max_bitrate * 2 ** (-step / 6))
    spec = replace(rung.spec, crf=rung.spec.crf + step, max_bitrate=cap, buffer_bits=cap)
    (header,) = await bench.encoder.headers([spec], bench.plan.facts)
    return replace(rung, spec=spec, header=header)


def _continuous(source: Path, spec: VideoSpec, target: Path) -> list[str]:
    scale = f"scale={spec.width}:{spec.height}:flags=bicubic"
    occupancy = ["-rc_init_occupancy", str(spec.buffer_bits // 2)]
    encode = [*encode_arguments(spec, SEGMENT_SECONDS), *occupancy]
    return [FFMPEG, *QUIET, "-i", str(source), "-an", "-vf", scale, *encode, "-f", "mp4", str(target)]


def _point(source: Path, spec: VideoSpec, made: Path) -> Point:
    """The mean VMAF at the rung's own size, and the bytes of the pictures, container and all."""
    log_file = made.with_suffix(".json")
    # Frame by frame: that they are the right ones is for the oracle to say. The same colour is said of both, since the
    # clip says none, and ffmpeg would convert one of them.
    counted = "settb=1/25,setpts=N,setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
    chain = (
        f"[0:v]{counted}[shown];[1:v]scale={spec.width}:{spec.height}:flags=bicubic,{counted}[reference];"
        f"[shown][reference]libvmaf=n_threads=2:n_subsample=2:log_fmt=json:log_path={log_file}"
    )
    command = [FFMPEG, *QUIET, "-i", str(made), "-i", str(source), "-filter_complex", chain, "-f", "null", "-"]
    subprocess.run(command, check=True, timeout=600)
    score = json.loads(log_file.read_text())["pooled_metrics"]["vmaf"]["mean"]
    return float(score), log(made.stat().st_size)


def _figure(kind: str, how: str, ours: Sequence[Point], bare: Sequence[Point]) -> Figure:
    told = "; ".join(
        f"{exp(b[1]) / 1e6:.2f} MB at {b[0]:.1f}: ours {exp(a[1]) / 1e6:.2f} at {a[0]:.1f}"
        for a, b in zip(ours, bare, strict=True)
    )
    name = f"bytes at equal VMAF, 720p, {kind}, cells {how}"
    return Figure(name=name, unit="x", values=[bytes_at_equal_quality(ours, bare)], most=1.03, detail=told)


def bytes_at_equal_quality(ours: Sequence[Point], bare: Sequence[Point]) -> float:
    """The mean ratio of bytes over the qualities that both curves reach."""
    low = max(min(curve)[0] for curve in (ours, bare))
    high = min(max(curve)[0] for curve in (ours, bare))
    levels = [low + (high - low) * step / (LEVELS - 1) for step in range(LEVELS)]
    return exp(sum(_at(ours, level) - _at(bare, level) for level in levels) / LEVELS)


def _at(curve: Sequence[Point], level: float) -> float:
    """The logarithm of the bytes for a quality, straight between two points."""
    for (early, less), (late, more) in pairwise(sorted(curve)):
        if level <= late:
            return less + (more - less) * (level - early) / (late - early)
    return max(curve)[1]
