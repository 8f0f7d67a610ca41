"""Fragmented MP4 (ISO/IEC 14496-12, -14, -15), our own and canonical.

Equal media gives equal bytes, wherever and by whichever build of ffmpeg it was encoded: ffmpeg's output is
read, checked, put at its place on the timeline, and written anew. One track per file, one ``moof`` and
``mdat`` per fragment; a fragment is a cell.
"""

from vidstead.media.fmp4.cut import align, join_fragments, slice_fragment, split_samples
from vidstead.media.fmp4.fragments import fragment_overhead, read_fragment, write_fragment
from vidstead.media.fmp4.init import audio_init, video_init
from vidstead.media.fmp4.model import Fragment, MovieHeader, Sample, TrackKind
from vidstead.media.fmp4.reader import FragmentReader

__all__ = [
    "Fragment",
    "FragmentReader",
    "MovieHeader",
    "Sample",
    "TrackKind",
    "align",
    "audio_init",
    "fragment_overhead",
    "join_fragments",
    "read_fragment",
    "slice_fragment",
    "split_samples",
    "video_init",
    "write_fragment",
]
