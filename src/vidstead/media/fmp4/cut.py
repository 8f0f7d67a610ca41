"""Fragments put at their place, taken apart and put together."""

from collections.abc import Sequence
from dataclasses import replace

from vidstead.media.fmp4.model import Fragment


def align(fragment: Fragment, *, start: int) -> Fragment:
    """The fragment moved so that its decode time and its smallest PTS are both exactly ``start`` ticks.

    An encoder with B-pictures delays the first picture by as many as it reorders: 2 for x264 with three
    B-pictures, 0 for tails of one or two pictures. The composition offsets give the delay back, so some
    become negative, and cells of any delay meet without a gap or an overlap (architecture, rule 3).
    """
    delay = min(fragment.presentation_times()) - fragment.decode_time
    samples = tuple(
        replace(sample, composition_offset=sample.composition_offset - delay) for sample in fragment.samples
    )
    return replace(fragment, decode_time=start, samples=samples)


def split_samples(fragment: Fragment) -> tuple[bytes, ...]:
    """The bytes of each sample, in decoding order."""
    parts, at = [], 0
    for sample in fragment.samples:
        parts.append(fragment.data[at : at + sample.size])
        at += sample.size
    return tuple(parts)


def slice_fragment(fragment: Fragment, first: int, stop: int) -> Fragment:
    """The samples ``first`` to before ``stop``, at the times they had.

    Raises ``ValueError`` when there are none.
    """
    if not 0 <= first < stop <= len(fragment.samples):
        raise ValueError(f"no samples {first} to {stop} in a fragment of {len(fragment.samples)}")
    before, kept = fragment.samples[:first], fragment.samples[first:stop]
    at = sum(sample.size for sample in before)
    return Fragment(
        decode_time=fragment.decode_time + sum(sample.duration for sample in before),
        samples=kept,
        data=fragment.data[at : at + sum(sample.size for sample in kept)],
    )


def join_fragments(fragments: Sequence[Fragment]) -> Fragment:
    """One fragment of several that follow each other.

    Raises ``ValueError`` for none, and for gaps between them.
    """
    if not fragments:
        raise ValueError("nothing to join")
    at = fragments[0].decode_time
    for fragment in fragments:
        if fragment.decode_time != at:
            raise ValueError(f"a fragment begins at {fragment.decode_time} where {at} was due")
        at += fragment.duration
    return Fragment(
        decode_time=fragments[0].decode_time,
        samples=tuple(sample for fragment in fragments for sample in fragment.samples),
        data=b"".join(fragment.data for fragment in fragments),
    )
