"""The encoder: ffmpeg in a child, fed by another."""

import subprocess
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from vidstead.encoding.adapters.copier import Mp4Copier
from vidstead.encoding.adapters.cutters import PictureCutter, SoundCutter, TrickCutter
from vidstead.encoding.adapters.feeding import key_order, picture_order, sound_order, sound_span
from vidstead.encoding.adapters.run import encode_once, make_cells
from vidstead.encoding.errors import EncodingFailed
from vidstead.encoding.ports import EncodedCell, Run
from vidstead.grid import Row, Source
from vidstead.media import (
    AudioSpec,
    Colour,
    CopiedSpec,
    EncodedSpec,
    FragmentReader,
    MediaFormatError,
    RowHeader,
    RowSpec,
    SourceFacts,
    Timeline,
    TrickSpec,
    VideoSpec,
    VideoStream,
    aac_config,
    audio_codec,
    audio_command,
    audio_init,
    frame_seconds,
    header_command,
    output_colour,
    picture_filler_command,
    sound_filler_command,
    trick_command,
    trick_filler_command,
    video_codec,
    video_command,
    video_init,
)
from vidstead.storage import ObjectStore

RECIPE = 2
"""Raise this when the arguments change so that the same specification gives other cells."""
HEADER_SECONDS = 30.0
FILLER_SECONDS = 60.0
CACHED_HEADERS = 1000


class FfmpegEncoder:
    """Makes headers and cells with one ffmpeg."""

    def __init__(self, store: ObjectStore, ffmpeg: str, copier: Mp4Copier) -> None:
        """``ffmpeg``: path of the program. It is asked for its version here, once, which takes 30 ms.

        ``copier`` makes the cells of rows that pass through.
        """
        self._store = store
        self._copier = copier
        self._ffmpeg = ffmpeg
        self._build = _version(ffmpeg)
        self._headers: dict[tuple[EncodedSpec, Colour], RowHeader] = {}

    @property
    def build(self) -> str:
        """See ``Encoder``."""
        return f"{self._build} recipe {RECIPE}"

    async def headers(self, specs: Sequence[RowSpec], facts: SourceFacts) -> tuple[RowHeader, ...]:
        """See ``Encoder``. Raises ``EncodingFailed``."""
        pictures = [spec for spec in specs if isinstance(spec, EncodedSpec)]
        colour = output_colour(facts.video) if facts.video else Colour()
        missing = [spec for spec in pictures if (spec, colour) not in self._headers]
        if missing:
            if len(self._headers) > CACHED_HEADERS:
                self._headers.clear()
            for spec, header in zip(missing, await self._picture_headers(missing, colour), strict=True):
                self._headers[spec, colour] = header
        return tuple(self._header(spec, colour) for spec in specs)

    def _header(self, spec: RowSpec, colour: Colour) -> RowHeader:
        if isinstance(spec, CopiedSpec):
            raise ValueError("the headers of a row that passes through come with its plan")
        return _sound_header(spec) if isinstance(spec, AudioSpec) else self._headers[spec, colour]

    def run(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """See ``Encoder``. Raises ``EncodingFailed``."""
        spec = order.rows[0].spec
        if isinstance(spec, CopiedSpec):
            return self._copier.run(order)
        if isinstance(spec, TrickSpec):
            return self._trick(order, spec)
        return self._sound(order) if isinstance(spec, AudioSpec) else self._pictures(order)

    def _pictures(self, order: Run) -> AsyncGenerator[EncodedCell]:
        video = order.source.facts.video
        specs = [row.spec for row in order.rows if isinstance(row.spec, VideoSpec)]
        if video is None or len(specs) != len(order.rows):
            raise ValueError("a run of pictures needs a picture, and rows of pictures only")

        def command(outputs: Sequence[int]) -> list[str]:
            return video_command(
                self._ffmpeg,
                specs,
                video=video,
                timeline=order.timeline,
                first=order.first,
                count=order.count,
                outputs=outputs,
                late=[row.id in order.late for row in order.rows],
            )

        cutters = [PictureCutter(row, order.timeline, order.columns(row)) for row in order.rows]
        return make_cells(self._store, order, picture_order(order, video), command, cutters)

    def _trick(self, order: Run, spec: TrickSpec) -> AsyncGenerator[EncodedCell]:
        video = order.source.facts.video
        if video is None or len(order.rows) != 1:
            raise ValueError("a run of a trick row needs a picture, and that row only")
        command = partial(_trick_command, self._ffmpeg, spec, video, order.rows[0].film_column(order.first))
        cutters = [TrickCutter(order.rows[0], order.timeline, order.columns(order.rows[0]))]
        return make_cells(self._store, order, key_order(order, video), command, cutters)

    async def _sound(self, order: Run) -> AsyncGenerator[EncodedCell]:
        facts = order.source.facts
        for row in order.rows:
            spec = row.spec
            if not isinstance(spec, AudioSpec) or not facts.audio:
                raise ValueError("a run of sound needs sound, and rows of sound only")
            sound = facts.audio[0]
            columns = order.columns(row)
            begin, end = row.bounds[columns.start], row.bounds[columns.stop]
            feed = sound_order(order, facts, sound, *sound_span(begin, end, frame_seconds(spec)))
            command = partial(_sound_command, self._ffmpeg, spec, sound.sample_rate, begin, end)
            cutters = [SoundCutter(row, columns)]
            async with aclosing(make_cells(self._store, order, feed, command, cutters)) as cells:
                async for cell in cells:
                    yield cell

    async def filler(self, source: Source, timeline: Timeline, row: Row, index: int, before: bytes | None) -> bytes:
        """See ``Encoder``. Raises ``EncodingFailed``."""
        spec, frames = row.spec, row.bounds[index + 1] - row.bounds[index]
        if isinstance(spec, CopiedSpec):
            raise EncodingFailed(first=index, last=index, rows=row.name, reason="what is copied has no stand-in")
        cutter: PictureCutter | SoundCutter | TrickCutter
        colour = output_colour(source.facts.video) if source.facts.video else Colour()
        data = row.header.init + before if before is not None and not isinstance(spec, AudioSpec) else None
        if isinstance(spec, AudioSpec):
            cutter = SoundCutter(row, range(index, index + 1))
            command = partial(_sound_filler, self._ffmpeg, spec, frames)
        elif isinstance(spec, TrickSpec):
            cutter = TrickCutter(row, timeline, range(index, index + 1))
            command = partial(_trick_filler, self._ffmpeg, spec, colour, row.film_column(index), data is not None)
        else:
            cutter = PictureCutter(row, timeline, range(index, index + 1))
            held = row.bounds[index] - row.bounds[index - 1] - 1 if before is not None else None
            command = partial(_picture_filler, self._ffmpeg, spec, colour, frames, held)
        try:
            (made,), said = await encode_once(command, 1, data=data, seconds=FILLER_SECONDS)
            cells = cutter.feed(made)
            cutter.close()
        except (TimeoutError, MediaFormatError) as error:
            raise EncodingFailed(first=index, last=index, rows=row.name, reason=f"no filler: {error}") from error
        if not cells:
            raise EncodingFailed(first=index, last=index, rows=row.name, reason=f"no filler: {said}")
        return cells[0][1]

    async def _picture_headers(self, specs: Sequence[EncodedSpec], colour: Colour) -> list[RowHeader]:
        said = ""
        try:
            command = partial(header_command, self._ffmpeg, specs, colour)
            files, said = await encode_once(command, len(specs), data=None, seconds=HEADER_SECONDS)
            return [_picture_header(spec, colour, file) for spec, file in zip(specs, files, strict=True)]
        except (TimeoutError, MediaFormatError) as error:
            rows = ", ".join(f"{spec.width}x{spec.height}" for spec in specs)
            raise EncodingFailed(first=0, last=0, rows=rows, reason=f"{error} ({said})") from error


def _picture_filler(
    ffmpeg: str, spec: VideoSpec, colour: Colour, frames: int, held: int | None, outputs: Sequence[int]
) -> list[str]:
    return picture_filler_command(ffmpeg, spec, colour, frames=frames, held=held, output=outputs[0])


def _trick_command(ffmpeg: str, spec: TrickSpec, video: VideoStream, first: int, outputs: Sequence[int]) -> list[str]:
    return trick_command(ffmpeg, spec, video=video, first=first, output=outputs[0])


def _trick_filler(
    ffmpeg: str, spec: TrickSpec, colour: Colour, first: int, held: bool, outputs: Sequence[int]
) -> list[str]:
    return trick_filler_command(ffmpeg, spec, colour, first=first, held=held, output=outputs[0])


def _sound_filler(ffmpeg: str, spec: AudioSpec, frames: int, outputs: Sequence[int]) -> list[str]:
    return sound_filler_command(ffmpeg, spec, frames=frames, output=outputs[0])


def _sound_command(
    ffmpeg: str, spec: AudioSpec, source_rate: int, begin: int, end: int, outputs: Sequence[int]
) -> list[str]:
    return audio_command(ffmpeg, spec, source_rate=source_rate, begin=begin, end=end, output=outputs[0])


def _picture_header(spec: EncodedSpec, colour: Colour, file: bytes) -> RowHeader:
    reader = FragmentReader()
    reader.feed(file)
    if reader.header is None:
        raise MediaFormatError(reason="no header came")
    config = reader.header.config
    timescale = Timeline(rate=spec.rate, bounds=(0, 1)).timescale
    init = video_init(width=spec.width, height=spec.height, timescale=timescale, avcc=config, colour=colour)
    return RowHeader(init=init, codecs=video_codec(config), timescale=timescale, config=config)


def _sound_header(spec: AudioSpec) -> RowHeader:
    config = aac_config(sample_rate=spec.sample_rate, channels=spec.channels)
    init = audio_init(
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        asc=config,
        bitrate=spec.bitrate,
        language=spec.language,
        lead=spec.lead,
    )
    return RowHeader(init=init, codecs=audio_codec(config), timescale=spec.sample_rate, config=config)


def _version(ffmpeg: str) -> str:
    """The first line of ``ffmpeg -version``. Raises ``OSError`` where there is no such program."""
    said = subprocess.run([ffmpeg, "-version"], capture_output=True, check=True, timeout=30, text=True)  # noqa: S603
    return said.stdout.split("\n", 1)[0].split(" Copyright", 1)[0]
