"""Picture and sound stay together to the end of a long film: each second has a burst of noise of its own, each frame a
number, and of the cells at the beginning, in the middle and at the end both are looked for.
"""

import subprocess
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.integration.encoding.bench import Bench
from tests.oracle.barcode import FRAMES, burn, ffmpeg, read_barcodes
from tests.oracle.sound import Sound, offset_of, read_sound

from vidstead.grid import Row
from vidstead.media import AAC_FRAME, SoundCopySpec, SoundSpec, VideoSpec
from vidstead.storage.adapters.local import LocalStore

WIDTH, HEIGHT = 96, 54
BURST = 0.25
"""Seconds."""
MOST_MS = 1.0


@dataclass(frozen=True, kw_only=True)
class Long:
    """A long film."""

    minutes: int
    rate: Fraction
    sample_rate: int
    suffix: str = "mp4"

    @property
    def frames(self) -> int:
        """How many pictures there are."""
        return int(60 * self.minutes * self.rate)

    def make(self, folder: Path) -> Path:
        """The film."""
        made = folder / f"long.{self.suffix}"
        with wave.open(str(folder / "sound.wav"), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(self.sample_rate)
            for second in range(60 * self.minutes):
                sound.writeframes((burst(second, self.sample_rate) * 32000).astype(np.int16).tobytes())
        command = [ffmpeg(), "-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}"]
        command += ["-r", str(self.rate), "-i", "pipe:0", "-i", str(folder / "sound.wav")]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "150", "-pix_fmt", "yuv420p"]
        command += ["-c:a", "aac", "-b:a", "64k", str(made)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as running:
            assert running.stdin is not None
            for picture in self._pictures():
                running.stdin.write(picture)
            running.stdin.close()
            assert running.wait(timeout=600) == 0
        return made

    def _pictures(self) -> Iterator[bytes]:
        picture = np.full((HEIGHT, WIDTH), 90, np.uint8)
        for number in range(self.frames):
            burn(picture, number % FRAMES)
            yield picture.tobytes()


def burst(second: int, sample_rate: int) -> Sound:
    """One second that begins with soft noise, another in every second."""
    sound = np.zeros(sample_rate, np.float32)
    length = round(BURST * sample_rate)
    noise = np.random.default_rng(second).normal(0, 1, length)
    smooth = np.convolve(noise, np.hanning(16) / 8, "same") * np.hanning(length)
    sound[:length] = np.clip(smooth * 0.3, -1, 1)
    return sound


FILMS = [
    Long(minutes=6, rate=Fraction(30000, 1001), sample_rate=44100),
    Long(minutes=4, rate=Fraction(25), sample_rate=48000, suffix="mkv"),
    pytest.param(Long(minutes=60, rate=Fraction(30000, 1001), sample_rate=44100), marks=pytest.mark.large),
    pytest.param(Long(minutes=60, rate=Fraction(25), sample_rate=48000), marks=pytest.mark.large),
    pytest.param(
        Long(minutes=60, rate=Fraction(24000, 1001), sample_rate=44100, suffix="mkv"), marks=pytest.mark.large
    ),
]


@pytest.mark.parametrize("film", FILMS, ids=lambda film: f"{film.suffix}-{film.minutes}-{film.sample_rate}")
async def test_picture_and_sound_stay_together(film: Long, tmp_path: Path) -> None:
    path = film.make(tmp_path)
    for copy in (False, True):
        one = Bench(LocalStore(tmp_path / f"store-{copy}"), path, copy=copy)
        await one.publish()
        (sound, spec) = next((row, row.spec) for row in one.rows if isinstance(row.spec, SoundSpec))
        assert isinstance(spec, SoundCopySpec) == (copy and film.suffix == "mp4")
        assert one.timeline.frames == film.frames
        samples = sound.bounds[-1] * AAC_FRAME - spec.lead % AAC_FRAME
        assert abs(samples - 60 * film.minutes * film.sample_rate) <= AAC_FRAME
        last = one.timeline.cells - 1
        for first, count in ((0, 1), (last // 2, 2), (last - 1, 2), (last, 1)):
            await look(film, one, sound, spec.lead, first, count)


async def look(film: Long, one: Bench, sound: Row, lead: int, first: int, count: int) -> None:
    """Some columns, made in one run: their frames, and their sound within ``MOST_MS``."""
    pictures = [row for row in one.rows if isinstance(row.spec, VideoSpec)]
    for row in (*pictures[-1:], sound):
        cells = await one.make([row], [(first, count)])
        joined = row.header.init + b"".join(cells[row.name, first + number] for number in range(count))
        if row is not sound:
            begin, end = one.timeline.bounds[first], one.timeline.bounds[first + count]
            assert read_barcodes(joined) == [number % FRAMES for number in range(begin, end)]
            continue
        heard = read_sound(joined, channels=1, sample_rate=film.sample_rate)
        # ffmpeg takes the lead away from whatever comes first, also where that is not the first cell.
        begin = sound.bounds[first] * AAC_FRAME - lead % AAC_FRAME + lead if first else 0
        end = sound.bounds[first + count] * AAC_FRAME - lead % AAC_FRAME
        assert len(heard) == end - begin
        off = off_by(film, heard, begin)
        assert abs(off) <= MOST_MS / 1000 * film.sample_rate, (first, off)


def off_by(film: Long, heard: Sound, begin: int) -> int:
    """By how many samples sound that begins at a sample comes late."""
    rate = film.sample_rate
    seconds = range(begin // rate, min(60 * film.minutes, -(-(begin + len(heard)) // rate)))
    known = np.concatenate([burst(second, rate) for second in seconds])[begin - seconds.start * rate :][: len(heard)]
    return offset_of(heard, known[:, None], reach=rate // 2)
