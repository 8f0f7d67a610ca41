"""The clips that figures are measured on: the same bytes' worth of content every time, from a seed.

``easy`` is a slow zoom with gentle motion; ``hard`` has film grain and a cut every two seconds. Both are H.264 with
B-frames and a keyframe every 2 s, and AAC.
"""

import subprocess
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe

FOLDER = Path("/tmp/vidstead-bench-clips")
EASY = "testsrc2=size={size}:rate={rate},boxblur=2"
HARD = (
    "mandelbrot=size={size}:rate={rate}:start_scale=0.3:end_scale=0.05:end_pts=2000,"
    "hue=h='floor(t/2)*77',noise=alls=12:allf=t+u:all_seed=7"
)
SOURCES = {"easy": EASY, "hard": HARD}


def clip(kind: str, seconds: int, *, size: str = "1920x1080", rate: int = 25) -> Path:
    """A clip of ``kind``, made the first time it is asked for."""
    path = FOLDER / f"{kind}-{size}-{rate}-{seconds}.mp4"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    picture = SOURCES[kind].format(size=size, rate=rate)
    sound = "aevalsrc='0.3*sin(2*PI*(220+110*floor(mod(t,8)))*t)|0.3*sin(2*PI*330*t)':s=48000"
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", str(2 * rate), "-bf", "2"]
    subprocess.run(
        [
            *(get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y"),
            *("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(seconds)),
            *encode,
            *("-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"),
            str(partial),
        ],
        check=True,
        timeout=1800,
    )
    partial.rename(path)
    return path
