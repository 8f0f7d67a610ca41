"""ffmpeg's arguments for the cells of a row: pure functions of what is asked.

A run reads the packets of its source as NUT on standard input, on asset time plus a positive *offset*
(``clock_offset``), so that nothing is ever negative and every slot of the timeline is a whole number of frames.

*Pictures.* ``fps`` puts each picture on the nearest slot, as one continuous run over the whole file would;
``start_time`` makes the first slot the run's own, whatever came before it; ``tpad`` and ``trim`` make the count exact
at the end of a source. Everything that decides the headers is set here and nowhere else, so that every cell of a row
has the same: the level and profile, ``stitchable`` (parameter sets that don't depend on content), a key distance far
beyond any cell with forced IDR pictures at the bounds, and ``setparams`` after scaling, since the encoder would copy
colour, chroma position and field order from whatever frame comes first. The version message of x264 (an SEI of 700
bytes per cell) is cut out.

*Still pictures* (the trick row) come decoded, one for each cell, at one per second. Each becomes an IDR picture of its
own. Two IDR pictures that follow each other must not have the same ``idr_pic_id`` (ITU-T H.264, 7.4.3), which x264
counts 0, 1, 0, 1 from the start of a run: a run that begins at an odd cell makes one picture more, to be dropped.

*Sound.* The cut is by timestamp, in samples. ``aresample`` fills gaps and late starts with silence; where the rate
changes, its input begins at a sample that both rates share, so that each run resamples at the same phase. Two frames
more are encoded on either side, and the encoder's priming frame before them. Intensity stereo is off: it replaces one
channel's wave by the other's in some frames and not in others, which is worst where two encodes meet. The ``fast``
coder is the better one from 64 kbit/s on, as ffmpeg's documentation says: on film music the worst joint came to 30 dB,
with the default one to 16. It is generous for half a second after digital silence; the bound of a row allows for that.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, gcd, lcm

from vidstead.media.rows import AudioSpec, EncodedSpec, TrickSpec, VideoSpec
from vidstead.media.source import HDR_TRANSFERS, Colour, VideoStream
from vidstead.media.timeline import AAC_FRAME, Timeline

OFFSET_SECONDS = 1000
"""Seconds that are added to asset time, at least."""
SOUND_ROLL = 2
"""Frames of 1024 samples that are encoded before and after a run, and dropped."""
PRIMING = 1
"""Frames that ffmpeg's AAC encoder gives before the first that was asked for."""

TRICK_RATE = Fraction(1)
"""Pictures per second that the encoder of a trick row is told."""

_KEY_DISTANCE = 20_000
_HD_LINES = 720
_KEPT_MATRICES = ("bt709", "smpte170m", "bt470bg")
_PRIMARIES = ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020", "smpte431", "smpte432")
_TRANSFERS = ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "iec61966-2-1", "bt2020-10", "bt2020-12")
_MOST_PIXELS = 8192 * 8192
_FED = ("-copyts", "-format_whitelist", "nut,matroska,webm", "-i", "pipe:0")
_BT709 = Colour(primaries="bt709", transfer="bt709", matrix="bt709")
_RESAMPLE_ROLL = Fraction(1, 10)
_GAP_SECONDS = "0.02"


def clock_offset(rate: Fraction, *time_bases: Fraction) -> int:
    """Seconds to add to asset time: a whole number of frames at ``rate`` and of ticks of every time base."""
    step = lcm(rate.denominator, *(base.numerator for base in time_bases))
    return ceil(Fraction(OFFSET_SECONDS, step)) * step


def output_colour(video: VideoStream) -> Colour:
    """The colour of every row made from ``video``: its own where players know it, else BT.709; limited range."""
    known = video.colour
    if known.matrix in _KEPT_MATRICES and known.transfer not in HDR_TRANSFERS:
        return Colour(
            primaries=_among(_PRIMARIES, known.primaries, known.matrix),
            transfer=_among(_TRANSFERS, known.transfer, known.matrix),
            matrix=known.matrix,
        )
    if known.matrix is None and min(video.width, video.height) < _HD_LINES and not _is_rgb(video):
        return Colour(
            primaries=_among(_PRIMARIES, known.primaries, "smpte170m"),
            transfer=_among(_TRANSFERS, known.transfer, "smpte170m"),
            matrix="smpte170m",
        )
    return _BT709


def _among(known: Sequence[str], said: str | None, usual: str) -> str:
    return said if said is not None and said in known else usual


def _is_rgb(video: VideoStream) -> bool:
    return video.pixel_format.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "0bgr"))


def trick_lead(first: int) -> int:
    """Pictures that a run of a trick row makes before that of the cell ``first``."""
    return first % 2


def header_command(ffmpeg: str, specs: Sequence[EncodedSpec], colour: Colour, outputs: Sequence[int]) -> list[str]:
    """One black picture through every row's own settings, each as MP4 into the descriptor of ``outputs``."""
    split = f"[0:v]split={len(specs)}" + "".join(f"[v{i}]" for i in range(len(specs)))
    chains = [f"[v{i}]{_paced(spec)}{_row_filters(spec, colour, '')}[o{i}]" for i, spec in enumerate(specs)]
    command = [*_base(ffmpeg), "-f", "lavfi", "-i", f"color=black:size=64x64:rate={specs[0].rate}:duration=1"]
    command += ["-filter_complex", ";".join([split, *chains])]
    for i, (spec, output) in enumerate(zip(specs, outputs, strict=True)):
        command += ["-map", f"[o{i}]", "-frames:v", "1", *_encoder(spec), *_mp4(_pace(spec), output)]
    return command


def measure_command(ffmpeg: str, spec: VideoSpec, *, frames: int) -> list[str]:
    """Encode ``frames`` noisy generated pictures as a row's and keep nothing; what that took is said on standard error.

    They are drawn small and scaled up, as drawing is not what is to be measured.
    """
    picture = f"testsrc2=size=640x360:rate={spec.rate},noise=alls=14:allf=t+u:all_seed=7"
    command = [*_base(ffmpeg), "-loglevel", "info", "-nostats", "-benchmark", "-f", "lavfi", "-i", picture]
    command += ["-filter_complex", f"[0:v]{_row_filters(spec, _BT709, '')}[o]", "-map", "[o]"]
    return [*command, "-frames:v", str(frames), *_x264(spec, ()), "-f", "null", "-"]


def video_command(
    ffmpeg: str,
    specs: Sequence[VideoSpec],
    *,
    video: VideoStream,
    timeline: Timeline,
    first: int,
    count: int,
    outputs: Sequence[int],
    late: Sequence[bool] = (),
) -> list[str]:
    """Make ``count`` columns from ``first`` of all ``specs``, each as fragmented MP4 into its descriptor.

    Those that are ``late`` begin a column later.
    """
    rate = timeline.rate
    offset = clock_offset(rate, video.time_base)
    begin, end = timeline.bounds[first], timeline.bounds[first + count]
    slot = int(offset * rate)
    colour = output_colour(video)
    common = [
        *(["bwdif=mode=send_frame:deint=interlaced"] if video.interlaced else []),
        f"fps=fps={rate}:round=near:start_time={_seconds(offset + begin / rate)}",
        "tpad=stop=-1:stop_mode=clone",
        f"trim=start_pts={slot + begin}:end_pts={slot + end}",
        f"setpts=PTS-{slot + begin}",
        *_upright(video.rotation),
        *_declared(video, specs[0]),
    ]
    split = f"[0:v:0]{','.join(common)},split={len(specs)}" + "".join(f"[v{i}]" for i in range(len(specs)))
    convert = _conversion(video, colour)
    firsts = [first + (i < len(late) and late[i]) for i in range(len(specs))]
    chains = []
    for i, spec in enumerate(specs):
        skipped = timeline.bounds[firsts[i]] - begin
        later = f"trim=start_pts={skipped},setpts=PTS-{skipped}," if skipped else ""
        chains.append(f"[v{i}]{later}{_row_filters(spec, colour, convert)}[o{i}]")
    command = [*_base(ffmpeg), "-max_pixels", str(_MOST_PIXELS), *_FED]
    command += ["-filter_complex", ";".join([split, *chains])]
    for i, (spec, output) in enumerate(zip(specs, outputs, strict=True)):
        keys = [timeline.bounds[cell] - timeline.bounds[firsts[i]] for cell in range(firsts[i] + 1, first + count)]
        command += ["-map", f"[o{i}]", *_x264(spec, keys), *_mp4(rate, output)]
    return command


def trick_command(ffmpeg: str, spec: TrickSpec, *, video: VideoStream, first: int, output: int) -> list[str]:
    """Make a cell of each decoded picture that comes, from the cell ``first`` on, as fragmented MP4 into ``output``.

    Pictures with fields give their first one: there is nothing beside them to interpolate the other from.
    """
    chain = [
        *(["field=type=top"] if video.interlaced else []),
        *_upright(video.rotation),
        *_declared(video, spec),
        _row_filters(spec, output_colour(video), _conversion(video, output_colour(video))),
    ]
    command = [*_base(ffmpeg), "-f", "nut", "-i", "pipe:0", "-filter_complex"]
    command += [f"[0:v:0]{_paced(spec)}{','.join(chain)}{_led(first)}[o]", "-map", "[o]"]
    return [*command, *_encoder(spec), *_mp4(TRICK_RATE, output)]


def trick_filler_command(
    ffmpeg: str, spec: TrickSpec, colour: Colour, *, first: int, held: bool, output: int
) -> list[str]:
    """The cell ``first`` again as the one before, which is the MP4 on standard input if it is ``held``; else black."""
    size = f"{spec.width}x{spec.height}"
    black = ["-f", "lavfi", "-i", f"color=black:size={size}:rate={TRICK_RATE}:duration=1"]
    command = [*_base(ffmpeg), *(["-f", "mp4", "-i", "pipe:0"] if held else black), "-filter_complex"]
    command += [f"[0:v:0]{_paced(spec)}{_row_filters(spec, colour, '')}{_led(first)}[o]", "-map", "[o]"]
    return [*command, *_encoder(spec), *_mp4(TRICK_RATE, output)]


def audio_command(ffmpeg: str, spec: AudioSpec, *, source_rate: int, begin: int, end: int, output: int) -> list[str]:
    """Make the frames ``begin`` to ``end`` of a row of sound, with the rolls, as ADTS into ``output``.

    The input's sound has ``source_rate`` samples per second, on asset time plus ``OFFSET_SECONDS``.
    """
    rate = spec.sample_rate
    start = OFFSET_SECONDS * rate + (begin - SOUND_ROLL) * AAC_FRAME
    stop = OFFSET_SECONDS * rate + (end + SOUND_ROLL) * AAC_FRAME
    step = rate // gcd(rate, source_rate)
    entry = start if step == 1 else int(start - _RESAMPLE_ROLL * rate) // step * step
    entered = entry * source_rate // rate
    layout = "mono" if spec.channels == 1 else "stereo"
    filters = [
        f"atrim=start_pts={entered}",
        f"aresample=osr={rate}:ochl={layout}:osf=fltp:rematrix_maxval=1.0"
        f":async=1:min_hard_comp={_GAP_SECONDS}:first_pts={entered}",  # which counts samples of the input
        "apad",
        f"atrim=start_pts={start}:end_pts={stop}",
        f"asetpts=PTS-{start}",
    ]
    command = [*_base(ffmpeg), *_FED, "-map", "0:a:0", "-af", ",".join(filters)]
    return [*command, *_aac(spec, output)]


def picture_filler_command(
    ffmpeg: str, spec: VideoSpec, colour: Colour, *, frames: int, held: int | None, output: int
) -> list[str]:
    """A cell of ``frames`` equal pictures: number ``held`` (from 0) of the MP4 on standard input, or black."""
    if held is None:
        size = f"{spec.width}x{spec.height}"
        command = [*_base(ffmpeg), "-f", "lavfi", "-i", f"color=black:size={size}:rate={spec.rate}"]
        chain = ""
    else:
        command = [*_base(ffmpeg), "-f", "mp4", "-i", "pipe:0"]
        chain = f"setpts=N/({spec.rate})/TB,trim=start_frame={held},setpts=PTS-STARTPTS,fps={spec.rate},"
    chain += f"tpad=stop=-1:stop_mode=clone,trim=end_frame={frames},{_row_filters(spec, colour, '')}"
    return [
        *command,
        "-filter_complex",
        f"[0:v:0]{chain}[o]",
        "-map",
        "[o]",
        *_x264(spec, ()),
        *_mp4(spec.rate, output),
    ]


def sound_filler_command(ffmpeg: str, spec: AudioSpec, *, frames: int, output: int) -> list[str]:
    """``frames`` of silence, with the rolls, as ADTS."""
    layout = "mono" if spec.channels == 1 else "stereo"
    source = f"anullsrc=sample_rate={spec.sample_rate}:channel_layout={layout}"
    trim = f"atrim=end_sample={(frames + 2 * SOUND_ROLL) * AAC_FRAME}"
    return [*_base(ffmpeg), "-f", "lavfi", "-i", source, "-af", trim, *_aac(spec, output)]


def _aac(spec: AudioSpec, output: int) -> list[str]:
    coder = ["-aac_coder", "fast", "-aac_is", "0"]
    return ["-c:a", "aac", *coder, "-b:a", str(spec.bitrate), "-f", "adts", f"pipe:{output}"]


def _base(ffmpeg: str) -> list[str]:
    return [ffmpeg, "-hide_banner", "-nostdin", "-loglevel", "error", "-protocol_whitelist", "pipe"]


def _seconds(value: Fraction) -> str:
    """With the microseconds that ffmpeg keeps."""
    return f"{float(value):.6f}"


def _upright(rotation: int) -> list[str]:
    return {0: [], 90: ["transpose=clock"], 180: ["hflip", "vflip"], 270: ["transpose=cclock"]}[rotation]


def _pace(spec: EncodedSpec) -> Fraction:
    """Pictures per second that the encoder of a row is told."""
    return spec.rate if isinstance(spec, VideoSpec) else TRICK_RATE


def _paced(spec: EncodedSpec) -> str:
    """A trick row's pictures in their order, one per second, whatever times they came with."""
    return "" if isinstance(spec, VideoSpec) else f"settb=1,setpts=N,fps={TRICK_RATE},"


def _led(first: int) -> str:
    return f",tpad=start={trick_lead(first)}:start_mode=clone" if trick_lead(first) else ""


def _declared(video: VideoStream, largest: EncodedSpec) -> list[str]:
    """What the pictures are, said aloud, as a decoder may not know it; HDR is brought to SDR here, once."""
    colour = video.colour
    if colour.transfer in HDR_TRANSFERS:
        return [
            f"scale={largest.width}:{largest.height}:flags=bicubic",
            "zscale=transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=bt709",
            "tonemap=hable:desat=0,zscale=transfer=bt709:matrix=bt709:range=tv,format=yuv420p",
        ]
    if _is_rgb(video):
        return []
    said = "pc" if colour.full_range else "tv"
    return [f"setparams=range={said}:colorspace={colour.matrix or output_colour(video).matrix}"]


def _conversion(video: VideoStream, colour: Colour) -> str:
    """Options of ``scale`` that turn the source's range and matrix into the row's."""
    if video.colour.transfer in HDR_TRANSFERS:
        return ""
    into = f":out_range=tv:out_color_matrix={colour.matrix}"
    return into if _is_rgb(video) else f":in_range={'pc' if video.colour.full_range else 'tv'}{into}"


def _row_filters(spec: EncodedSpec, colour: Colour, conversion: str) -> str:
    """Scaling, and then everything about a frame that the encoder would write into the headers."""
    return (
        f"scale={spec.width}:{spec.height}:flags=bicubic{conversion},setsar=1,format=yuv420p,"
        f"setparams=field_mode=prog:range=tv:color_primaries={colour.primaries}:color_trc={colour.transfer}"
        f":colorspace={colour.matrix}:chroma_location=left,sidedata=mode=delete"
    )


def _encoder(spec: EncodedSpec) -> list[str]:
    return _x264(spec, ()) if isinstance(spec, VideoSpec) else _x264_stills(spec)


def _x264_stills(spec: TrickSpec) -> list[str]:
    """The encoder of a trick row: a bucket that holds one picture, and is full again for the next.

    One thread, since x264 keeps a bucket best when it plans no picture before the last one is done.
    """
    bits = str(8 * spec.most_bytes)
    options = ["-c:v", "libx264", "-preset", spec.preset, "-profile:v", spec.profile, "-level:v", spec.level]
    options += ["-crf", str(spec.crf), "-maxrate", bits, "-bufsize", bits, "-rc_init_occupancy", bits]
    options += ["-g", "1", "-threads", "1", "-x264-params", "stitchable=1", "-a53cc", "0"]
    return [*options, "-bsf:v", "filter_units=remove_types=6", "-fps_mode", "passthrough"]


def _x264(spec: VideoSpec, keys: Sequence[int]) -> list[str]:
    """The encoder of a row; ``keys`` are the frames (from 0) that begin further cells."""
    options = ["-c:v", "libx264", "-preset", spec.preset, "-profile:v", spec.profile, "-level:v", spec.level]
    options += ["-crf", str(spec.crf), "-maxrate", str(spec.max_bitrate), "-bufsize", str(spec.buffer_bits)]
    options += ["-rc_init_occupancy", str(spec.buffer_bits // 2), "-flags", "+cgop", "-forced-idr", "1"]
    options += ["-g", str(_KEY_DISTANCE), "-keyint_min", str(_KEY_DISTANCE // 2), "-x264-params", "stitchable=1"]
    options += ["-a53cc", "0", "-bsf:v", "filter_units=remove_types=6", "-fps_mode", "passthrough"]
    if keys:  # a quarter of a frame early, so that rounding can't make it the next frame
        options += ["-force_key_frames", ",".join(_seconds((key - Fraction(1, 4)) / spec.rate) for key in keys)]
    return options


def _mp4(rate: Fraction, output: int) -> list[str]:
    timescale = Timeline(rate=rate, bounds=(0, 1)).timescale
    flags = "+frag_discont+frag_keyframe+empty_moov+default_base_moof+skip_trailer"
    options = ["-f", "mp4", "-movflags", flags, "-use_editlist", "0", "-video_track_timescale", str(timescale)]
    return [*options, "-avoid_negative_ts", "disabled", "-flush_packets", "1", f"pipe:{output}"]
