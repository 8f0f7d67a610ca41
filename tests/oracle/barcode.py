"""The frame number, burned into the picture: 12 black or white columns, which scale along with it.

The code fills the band from 1/12 to 3/12 of the picture's height; the leftmost column is the highest bit. It survives
hard compression and any scaling that keeps the columns, so that a frame can always say which one it is.
"""

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

BITS = 12
FRAMES = 2**BITS
SAMPLES = 4
"""Samples read back per column; the middle two count."""

Picture = NDArray[np.uint8]


def ffmpeg() -> str:
    """The ffmpeg that the tests use."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def burn(picture: Picture, number: int) -> None:
    """Draw ``number`` (0 to 4095) into a grey picture (height x width)."""
    height, width = picture.shape
    top, bottom = height // 12, height // 4
    for bit in range(BITS):
        left, right = bit * width // BITS, (bit + 1) * width // BITS
        picture[top:bottom, left:right] = 235 if number >> (BITS - 1 - bit) & 1 else 16


def frame(number: int, width: int, height: int) -> Picture:
    """Frame ``number``: a moving gradient, a moving box, some noise, and the code."""
    x = np.arange(width, dtype=np.int32)[None, :]
    y = np.arange(height, dtype=np.int32)[:, None]
    picture = (((x + 3 * number) % 256) // 2 + ((y + number) % 256) // 3 + 16).astype(np.uint8)
    side = height // 6
    left = (number * 7) % max(1, width - side)
    picture[height // 2 : height // 2 + side, left : left + side] = 200
    noise = np.random.default_rng(number).integers(0, 12, (height, width), dtype=np.uint8)
    picture += noise
    burn(picture, number)
    return picture


def read_barcodes(media: Path | bytes, *, filters: str = "", options: tuple[str, ...] = ()) -> list[int]:
    """The frame numbers of a file or of bytes, in the order of presentation.

    ``filters`` (with a comma at the end) come before the reading, ``options`` before the input. Every frame that
    the decoder gives is read; none is dropped or doubled for timing's sake.
    """
    source = "pipe:0" if isinstance(media, bytes) else str(media)
    band = "crop=iw:ih*2/24:0:ih*3/24:exact=1"
    command = [
        *(ffmpeg(), "-v", "error", "-nostdin", *options, "-i", source, "-map", "0:v:0"),
        *("-vf", f"{filters}{band},format=gray,scale={BITS * SAMPLES}:1:flags=area"),
        *("-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"),
    ]
    done = subprocess.run(
        command, input=media if isinstance(media, bytes) else None, capture_output=True, check=True, timeout=120
    )
    raw = np.frombuffer(done.stdout, np.uint8).reshape(-1, BITS, SAMPLES).astype(float)
    bits = raw[:, :, 1:3].mean(axis=2) > 128
    return [int(number) for number in bits @ (1 << np.arange(BITS - 1, -1, -1))]
