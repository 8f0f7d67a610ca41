"""The bare tool beside which Vidstead is measured: one ffmpeg command that decodes once and encodes every rung."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import FFMPEG
from vidstead.media import RowPlan, VideoSpec

QUIET = ["-hide_banner", "-loglevel", "error", "-y", "-nostdin"]
SEGMENT_SECONDS = 4.0


def ladder_command(source: Path, rows: Sequence[RowPlan], folder: Path) -> list[str]:
    """One command for a whole ladder: the same sizes, caps and presets as ours, keyframes every 4 s, MP4 files.

    The clips' sound is AAC, which passes through with us, so it is copied here.
    """
    video = [row.spec for row in rows if isinstance(row.spec, VideoSpec)]
    split = f"[0:v]split={len(video)}" + "".join(f"[s{n}]" for n in range(len(video)))
    scales = [f"[s{n}]scale={spec.width}:{spec.height}[v{n}]" for n, spec in enumerate(video)]
    command = [FFMPEG, *QUIET, "-i", str(source), "-filter_complex", ";".join([split, *scales])]
    for n, spec in enumerate(video):
        command += ["-map", f"[v{n}]", *encode_arguments(spec, SEGMENT_SECONDS), str(folder / f"{n}.mp4")]
    return [*command, "-map", "0:a:0", "-c:a", "copy", str(folder / "audio.mp4")]


def cell_command(source: Path, spec: VideoSpec, start: float, seconds: float, target: Path) -> list[str]:
    """The same few seconds of one rung, sought by ffmpeg itself."""
    return [
        *(FFMPEG, *QUIET, "-ss", str(start), "-t", str(seconds), "-i", str(source)),
        *("-an", "-vf", f"scale={spec.width}:{spec.height}"),
        *encode_arguments(spec, seconds),
        str(target),
    ]


def encode_arguments(spec: VideoSpec, keyframe_seconds: float) -> list[str]:
    """x264 with a row's settings."""
    return [
        *("-c:v", "libx264", "-preset", spec.preset, "-profile:v", spec.profile, "-level", spec.level),
        *("-crf", str(spec.crf), "-maxrate", str(spec.max_bitrate), "-bufsize", str(spec.buffer_bits)),
        *("-g", str(round(keyframe_seconds * spec.rate)), "-pix_fmt", "yuv420p"),
    ]
