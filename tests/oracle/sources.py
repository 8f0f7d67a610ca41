"""The table of generated sources: every kind of clip that the grid must get right, by name.

A source is made once per test run: numpy draws the frames, ffmpeg packs them. ``frames`` are numbered from 0; the
sound begins ``audio_delay`` seconds after the first picture (before it when negative).
"""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.oracle.barcode import ffmpeg, frame
from tests.oracle.sound import Sound, known_sound

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "fastdecode")
X264_OPEN = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "50", "-x264-params", "open-gop=1")
VORBIS = ("-c:a", "libvorbis", "-b:a", "192k")
X264_B = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-crf", "26")


@dataclass(frozen=True, kw_only=True)
class Clip:
    """How one source is made."""

    name: str
    suffix: str = "mp4"
    rate: Fraction = Fraction(25)
    seconds: float = 10.0
    width: int = 480
    height: int = 270
    video: tuple[str, ...] = (*X264_B, "-g", "60")
    """Encoder and its options; none for a clip without picture."""
    mux: tuple[str, ...] = ()
    setpts: str | None = None
    """An expression for the time of frame ``N``, where the rate is not constant."""
    filters: str = ""
    """More filters behind the drawing, each with a comma in front."""
    channels: int = 2
    """0: no sound."""
    sample_rate: int = 48000
    audio: tuple[str, ...] = ("-c:a", "aac", "-b:a", "192k")
    audio_delay: float = 0.0
    hole: tuple[float, float] | None = None
    """From when to when, in seconds of it, the sound has no frames at all."""
    heard_at: float | None = None
    """Where the first sample is heard on asset time, in seconds, if that is not ``audio_delay``."""
    rounding: float = 0.0
    """By how many seconds the container itself moves the sound: FLV rounds its start to milliseconds."""
    then: tuple[str, ...] = ()
    """A second pass of ffmpeg over the result: options before the input, ``{}``, options behind."""

    @property
    def frames(self) -> int:
        """How many pictures are drawn."""
        return round(self.seconds * self.rate) if self.video else 0

    def sound(self) -> Sound:
        """What is heard, from the first sample on."""
        return known_sound(self.seconds, self.sample_rate, self.channels)


CLIPS: tuple[Clip, ...] = (
    Clip(name="mp4-25", mux=("-movflags", "+faststart")),
    Clip(name="mp4-2398-moov-last", rate=Fraction(24000, 1001), sample_rate=44100),
    Clip(name="mp4-2997-open-gop", rate=Fraction(30000, 1001), video=X264_OPEN),
    Clip(name="mp4-60", rate=Fraction(60), seconds=6, video=(*X264, "-g", "120")),
    Clip(name="mp4-125-mono", rate=Fraction(25, 2), channels=1),
    Clip(name="mp4-fragmented", mux=("-movflags", "+frag_keyframe+empty_moov+default_base_moof")),
    Clip(name="mp4-surround", channels=6, audio=("-c:a", "aac", "-b:a", "384k")),
    Clip(name="mp4-silent-film", channels=0),
    Clip(name="mp4-late-sound", audio_delay=0.72),
    Clip(
        name="mp4-early-sound", audio_delay=-0.35
    ),  # what is early is behind an edit list, so it begins with the picture
    Clip(name="mp4-odd", width=427, height=241, video=(*X264, "-pix_fmt", "yuv444p", "-g", "75")),
    Clip(name="mp4-mid-gop-edit", then=("-ss", "1.3", "-i", "{}", "-c", "copy"), heard_at=-1.3),
    Clip(name="mp4-sound-only", video=(), suffix="m4a"),
    Clip(name="ogg-vorbis-441", video=(), suffix="ogg", audio=VORBIS, sample_rate=44100, seconds=15),
    Clip(name="mov-24-pcm", suffix="mov", rate=Fraction(24), audio=("-c:a", "pcm_s16le")),
    Clip(name="mov-offset", suffix="mov", mux=("-output_ts_offset", "5.4", "-avoid_negative_ts", "disabled")),
    Clip(name="mov-vfr-gap", suffix="mov", setpts="(N*40+mod(N*7\\,13)+if(gt(N\\,99)\\,3000\\,0))/1000/TB", seconds=7),
    Clip(name="mov-32k", suffix="mov", sample_rate=32000),
    Clip(name="mkv-early-sound", suffix="mkv", audio_delay=-0.35),
    Clip(name="mkv-2398", suffix="mkv", rate=Fraction(24000, 1001)),
    Clip(name="mkv-vfr", suffix="mkv", rate=Fraction(30), seconds=8, setpts="(N*33+mod(N*11\\,17))/1000/TB"),
    Clip(name="mkv-offset-441", suffix="mkv", sample_rate=44100, mux=("-output_ts_offset", "1.5")),
    Clip(name="ts-open-gop", suffix="ts", video=X264_OPEN, seconds=6),
    Clip(name="flv-441", suffix="flv", sample_rate=44100, seconds=6, rounding=0.0005),
    Clip(name="mkv-vorbis", suffix="mkv", audio=VORBIS, video=(*X264, "-g", "60")),
    Clip(name="webm-opus", suffix="mkv", audio=("-c:a", "libopus", "-b:a", "192k"), video=(*X264, "-g", "250")),
)

BY_NAME = {clip.name: clip for clip in CLIPS}


def make(clip: Clip, folder: Path) -> Path:
    """The file of ``clip`` in ``folder``; made where it is not there yet, by several processes at once if need be."""
    made = folder / f"{clip.name}.{clip.suffix}"
    if made.exists():
        return made
    with tempfile.TemporaryDirectory(dir=folder) as place:
        file = Path(place) / f"first.{clip.suffix}"
        _pack(clip, file, Path(place) / "sound.f32")
        if clip.then:
            first, file = file, Path(place) / f"second.{clip.suffix}"
            command = [part.format(first) for part in clip.then]
            subprocess.run([ffmpeg(), "-v", "error", "-y", *command, str(file)], check=True, timeout=60)
        file.replace(made)
    return made


def _pack(clip: Clip, target: Path, sound: Path) -> None:
    command = [ffmpeg(), "-v", "error", "-y"]
    if clip.video:
        # Pictures are drawn in even sizes and cropped by ffmpeg, so that odd sizes cost no special case here.
        command += ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{clip.width}x{clip.height}"]
        command += ["-r", str(clip.rate), "-i", "pipe:0"]
    if clip.channels:
        clip.sound().tofile(sound)
        command += ["-f", "f32le", "-ar", str(clip.sample_rate), "-ac", str(clip.channels), "-i", str(sound)]
    if clip.video:
        command += ["-filter:v", _filters(clip), "-fps_mode", "passthrough", *clip.video]
        command += ["-enc_time_base", "1:90000"] if clip.setpts else []
    if clip.channels:
        hole = f"aselect='not(between(t,{clip.hole[0]},{clip.hole[1]}))'," if clip.hole else ""
        command += ["-filter:a", f"{hole}asetpts=PTS+({clip.audio_delay})/TB", *clip.audio]
    subprocess.run([*command, *clip.mux, str(target)], input=b"".join(_pictures(clip)), check=True, timeout=120)


def _filters(clip: Clip) -> str:
    timing = f",settb=1/90000,setpts={clip.setpts}" if clip.setpts else ""
    pixels = "yuv444p" if "yuv444p" in clip.video else "yuv420p"
    return f"format={pixels}{clip.filters}{timing}"


def _pictures(clip: Clip) -> Iterator[bytes]:
    for number in range(clip.frames):
        yield frame(number, clip.width, clip.height).tobytes()
