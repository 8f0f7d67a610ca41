"""The clips that figures are measured on: the same content every time, from a seed.

``easy`` is a slow pattern with gentle motion. ``hard`` turns, has film grain, and changes all of a sudden every two
seconds. Both are H.264 with B-frames, and AAC; with a key picture every 2 s, so that they pass through, or every 10 s,
so that they don't.
"""

import subprocess
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

FOLDER = Path("/tmp/vidstead-bench-clips")
EASY = "testsrc2=size={size}:rate={rate},boxblur=2"
HARD = (
    "testsrc2=size={size}:rate={rate},hue=h='floor(t/2)*77':b='mod(floor(t/2)\\,3)-1',rotate=a='t/3':fillcolor=gray,"
    "noise=alls=14:allf=t+u:all_seed=7"
)
SOUND = "aevalsrc='0.3*sin(2*PI*(220+110*floor(mod(t,8)))*t)|0.3*sin(2*PI*330*t)':s=48000"
SOURCES = {"easy": EASY, "hard": HARD}


def clip(
    kind: str, seconds: int, *, size: str = "1920x1080", rate: int = 25, long_gop: bool = False, bits: str | None = None
) -> Path:
    """A clip of ``kind``, made the first time it is asked for; with ``long_gop`` it does not pass through.

    ``bits``: a constant bit rate such as ``6500k``, for clips that shall have a size.
    """
    gop = 10 * rate if long_gop else 2 * rate
    path = FOLDER / f"{kind}-{size}-{rate}-{seconds}-{gop}-{bits}.mp4"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    picture = SOURCES[kind].format(size=size, rate=rate)
    quality = ["-b:v", bits, "-maxrate", bits, "-bufsize", bits] if bits else ["-crf", "24"]
    encode = ["-c:v", "libx264", "-preset", "veryfast", *quality, "-g", str(gop), "-sc_threshold", "0", "-bf", "2"]
    run_ffmpeg(
        *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", SOUND, "-t", str(seconds)),
        *encode,
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"),
        str(partial),
    )
    partial.rename(path)
    return path


def hour(*, long_gop: bool = False) -> Path:
    """An hour of 1080p, 3 GB: a hard minute, sixty times over, every picture on its slot, and one sound."""
    minute = clip("hard", 60, long_gop=long_gop, bits="6500k")
    path = minute.with_name(f"whole-hour-{minute.name}")
    if not path.exists():
        partial, sheet = path.with_suffix(".partial.mp4"), path.with_suffix(".ffconcat")
        sheet.write_text("ffconcat version 1.0\n" + f"file '{minute}'\nduration 60\n" * 60)
        run_ffmpeg(
            *("-f", "concat", "-safe", "0", "-i", str(sheet), "-f", "lavfi", "-i", SOUND, "-t", "3600"),
            *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"),
            str(partial),
        )
        sheet.unlink()
        partial.rename(path)
    return path


def run_ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly, over what is there."""
    command = [get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", *arguments]
    subprocess.run(command, check=True, timeout=1800)
