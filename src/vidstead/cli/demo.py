"""``vidstead demo``: a clip with picture and sound, made by ffmpeg's own generators, uploaded as any other file."""

import subprocess
import tempfile
from pathlib import Path

from vidstead import bootstrap
from vidstead.cli import credentials
from vidstead.cli.client import VideoClient
from vidstead.cli.configuration import load_settings
from vidstead.cli.errors import DemoFailed
from vidstead.cli.upload import addresses, send, tell

MADE_SECONDS = 600
# A tone that climbs an octave over four notes each second, quiet, and a little apart in both ears.
TONE = "0.15*sin(2*PI*220*(1+0.25*mod(floor(t*4)\\,4))*t)"


def demo(*, seconds: int, as_json: bool) -> None:
    """Make ``seconds`` of 720p, upload it, print where it plays. Raises ``DemoFailed``, and what ``upload`` raises."""
    settings = load_settings()
    access = credentials.find(settings.data_dir)
    with tempfile.TemporaryDirectory(prefix="vidstead-demo-") as folder, VideoClient(access) as client:
        clip = Path(folder) / "demo.mp4"
        make_clip(bootstrap.ffmpeg_path(settings), clip, seconds=seconds)
        asset = send(client, clip, policy="public", title="Demo", covered=False)
    tell("Demo", addresses(access, asset), as_json=as_json)


def make_clip(ffmpeg: str, path: Path, *, seconds: int) -> None:
    """A moving test picture (1280x720, 30 pictures a second, H.264) with a tune (AAC, stereo, 48 kHz)."""
    command = [
        *(ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y"),
        *("-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={seconds}"),
        *("-f", "lavfi", "-i", f"aevalsrc={TONE}|{TONE}:sample_rate=48000:duration={seconds}"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"),
        *("-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", str(path)),
    ]
    try:
        done = subprocess.run(  # noqa: S603
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=MADE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DemoFailed(reason=f"{type(error).__name__}: {ffmpeg}") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no word from ffmpeg"]
        raise DemoFailed(reason=lines[-1].rstrip("."))
