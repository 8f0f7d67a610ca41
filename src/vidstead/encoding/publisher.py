"""What publishing needs to know of a source: its facts, the timeline, the rows and their headers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from hashlib import sha256

from vidstead.encoding.errors import UnreadableSource
from vidstead.encoding.ports import Copier, CopyPlan, Encoder, Prober, SoundPlan
from vidstead.grid import NewRow, Part, index_key, pictures_key, sound_key
from vidstead.media import (
    ROW_SPEC,
    SOUND_NAME,
    AudioSpec,
    AudioStream,
    RowHeader,
    RowPlan,
    SoundSpec,
    SourceFacts,
    SourceIndex,
    Timeline,
    TrickSpec,
    VideoSpec,
    audio_bounds,
    peak_bandwidth,
    plan_rows,
    rung,
    standard_rate,
    uniform_timeline,
)

SegmentPolicy = Callable[[Fraction], float]
"""From the length of a film to that of its segments, both in seconds."""
AUDIO_ONLY_RATE = Fraction(25)
"""Frames per second of the timeline of a source without a picture: its columns are as long as any other's."""


@dataclass(frozen=True, kw_only=True)
class PublishPlan:
    """Everything about a grid but its id."""

    facts: SourceFacts
    index: SourceIndex
    index_key: str
    pictures: bytes | None
    """Where the pictures lie in a source that passes through."""
    pictures_key: str
    sound: bytes | None
    """Where the frames lie of sound that passes through."""
    sound_key: str
    timeline: Timeline
    rows: tuple[NewRow, ...]
    spares: tuple[NewRow, ...] = ()
    """What stands in for a row that passes through in clips that are cut elsewhere than it may be."""


class Publisher:
    """Plans grids."""

    def __init__(self, prober: Prober, copier: Copier, encoder: Encoder, *, segment_seconds: SegmentPolicy) -> None:
        """``segment_seconds``: the length of a cell, as near as whole frames or the source's cuts come to it."""
        self._prober = prober
        self._copier = copier
        self._encoder = encoder
        self._segment_seconds = segment_seconds

    async def plan(self, environment_id: str, source_id: str, parts: Sequence[Part]) -> PublishPlan:
        """Probe a source and plan its grid. Raises ``UnreadableSource``."""
        begun = asyncio.Event()
        looking = asyncio.create_task(self._look(parts, begun))
        try:
            facts, index = await self._prober.probe(parts, begun=begun)
        finally:
            begun.set()
            await looking
        seconds = self._segment_seconds(source_duration(facts))
        copied = await self._copier.plan(parts, facts, seconds)
        timeline = copied.timeline if copied else plan_timeline(facts, seconds)
        sound = await self._copier.plan_sound(parts, facts, timeline)
        plans, stand_ins = _stand_ins(plan_rows(facts, timeline.rate), copied, sound)
        headers = await self._encoder.headers([plan.spec for plan in (*plans, *stand_ins)], facts)
        made = [
            self._row(plan, header, facts, timeline) for plan, header in zip([*plans, *stand_ins], headers, strict=True)
        ]
        rows = made[: len(plans)]
        return PublishPlan(
            facts=facts,
            index=index,
            index_key=index_key(environment_id, source_id),
            pictures=copied.pictures if copied else None,
            pictures_key=pictures_key(environment_id, source_id),
            sound=sound.frames if sound else None,
            sound_key=sound_key(environment_id, source_id),
            timeline=timeline,
            rows=tuple(
                sorted(
                    [
                        *([_copied_row(copied)] if copied else []),
                        *rows,
                        *([_copied_sound(sound)] if sound else []),
                    ],
                    key=_turn,
                )
            ),
            spares=tuple(replace(row, generation=2) for row in made[len(plans) :]),
        )

    async def _look(self, parts: Sequence[Part], begun: asyncio.Event) -> None:
        await begun.wait()
        await self._copier.look(parts, self._segment_seconds)

    def _row(self, plan: RowPlan, header: RowHeader, facts: SourceFacts, timeline: Timeline) -> NewRow:
        bounds = timeline.bounds
        if isinstance(plan.spec, AudioSpec):
            samples = sound_length(facts, facts.audio[0], plan.spec.sample_rate)
            bounds = audio_bounds(timeline, sample_rate=plan.spec.sample_rate, samples=samples)
        return NewRow(
            plan=plan,
            header=header,
            fingerprint=sha256(self._encoder.build.encode() + ROW_SPEC.dump_json(plan.spec)).hexdigest(),
            bandwidth=peak_bandwidth(plan.spec, bounds),
            bounds=bounds,
        )


def _turn(row: NewRow) -> int:
    """The order of rows: pictures, the best first, sound, still pictures."""
    return 2 if isinstance(row.plan.spec, TrickSpec) else isinstance(row.plan.spec, SoundSpec)


def _stand_ins(
    plans: Sequence[RowPlan], copied: CopyPlan | None, sound: SoundPlan | None
) -> tuple[list[RowPlan], list[RowPlan]]:
    """The plans of rows that are encoded, and of those that stand in where clips can't have what passes through."""
    encoded = [plan for plan in plans if not (copied and _same_size(plan, copied))]
    pictures = [rung((copied.spec.width, copied.spec.height), copied.timeline.rate)] if copied else []
    if sound is None:
        return encoded, pictures
    heard = [plan for plan in encoded if isinstance(plan.spec, AudioSpec)]
    return [plan for plan in encoded if plan not in heard], [*pictures, *heard]


def _same_size(plan: RowPlan, copied: CopyPlan) -> bool:
    """Whether a rung is as large as the pass-through row, which then takes its place."""
    spec = plan.spec
    return isinstance(spec, VideoSpec) and (spec.width, spec.height) == (copied.spec.width, copied.spec.height)


def _copied_row(copied: CopyPlan) -> NewRow:
    name = f"{min(copied.spec.width, copied.spec.height)}p"
    return NewRow(
        plan=RowPlan(name=name, spec=copied.spec),
        header=copied.header,
        fingerprint=sha256(b"copy" + copied.header.config).hexdigest(),
        bandwidth=copied.bandwidth,
        bounds=copied.timeline.bounds,
    )


def _copied_sound(sound: SoundPlan) -> NewRow:
    return NewRow(
        plan=RowPlan(name=SOUND_NAME, spec=sound.spec),
        header=sound.header,
        fingerprint=sha256(b"copy" + sound.header.config).hexdigest(),
        bandwidth=sound.bandwidth,
        bounds=sound.bounds,
    )


def source_duration(facts: SourceFacts) -> Fraction:
    """Seconds of the picture; of a source with sound only, of the sound. Raises ``UnreadableSource`` for neither."""
    if facts.video is not None:
        return facts.video.duration
    if facts.audio:
        return (facts.audio[0].end - facts.audio[0].start) * facts.audio[0].time_base
    raise UnreadableSource(reason="it has neither picture nor sound")


def plan_timeline(facts: SourceFacts, segment_seconds: float) -> Timeline:
    """The timeline of a source: the picture's; of a source with sound only, as long as the sound."""
    rate = standard_rate(facts.video.average_rate) if facts.video else AUDIO_ONLY_RATE
    frames = max(1, round(source_duration(facts) * rate))
    return uniform_timeline(rate=rate, frames=frames, segment_seconds=segment_seconds)


def sound_length(facts: SourceFacts, sound: AudioStream, sample_rate: int) -> int:
    """Samples from asset time 0 to the end of a sound track."""
    zero = facts.video.start * facts.video.time_base if facts.video else sound.start * sound.time_base
    return max(0, round((sound.end * sound.time_base - zero) * sample_rate))
