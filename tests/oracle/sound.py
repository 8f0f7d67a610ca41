"""Known sound, and how it is found again: offset by cross-correlation, likeness by signal-to-noise ratio."""

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.oracle.barcode import ffmpeg

Sound = NDArray[np.float32]
"""samples x channels, -1 to 1"""

TICK_SECONDS = 0.02


def known_sound(seconds: float, sample_rate: int, channels: int) -> Sound:
    """Sweeping tones over soft noise, another for every channel, with a tick of 20 ms at every full second."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    rng = np.random.default_rng(7)
    sound = np.empty((len(time), channels), np.float32)
    for channel in range(channels):
        base = 180.0 + 90.0 * channel
        swept = np.sin(2 * np.pi * (base * time + 35.0 * time**2)) * 0.25
        swell = np.sin(2 * np.pi * (base * 3.1 * time + 8.0 * np.sin(2 * np.pi * 0.7 * time))) * 0.15
        sound[:, channel] = swept + swell + rng.normal(0, 0.004, len(time))
    ticking = (time % 1.0) < TICK_SECONDS
    sound[ticking] += (0.3 * np.sin(2 * np.pi * 2500 * time[ticking]))[:, None]
    return np.clip(sound, -1, 1)


def read_sound(media: Path | bytes, *, channels: int, sample_rate: int) -> Sound:
    """Every sample that the decoder gives, from the first packet on, priming included."""
    source = "pipe:0" if isinstance(media, bytes) else str(media)
    command = [
        *(ffmpeg(), "-v", "error", "-nostdin", "-i", source, "-map", "0:a:0"),
        *("-ac", str(channels), "-ar", str(sample_rate), "-f", "f32le", "pipe:1"),
    ]
    done = subprocess.run(
        command, input=media if isinstance(media, bytes) else None, capture_output=True, check=True, timeout=120
    )
    return np.frombuffer(done.stdout, np.float32).reshape(-1, channels)


def offset_of(sound: Sound, reference: Sound, *, reach: int) -> int:
    """By how many samples ``sound`` comes later than ``reference``, at most ``reach`` either way.

    Both are taken as the mean of their channels; the peak of the normalised cross-correlation decides.
    """
    one, two = sound.mean(axis=1), reference.mean(axis=1)
    size = 1 << (len(one) + len(two) - 1).bit_length()
    spectrum = np.fft.rfft(one, size) * np.conj(np.fft.rfft(two, size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.concatenate([correlation[-reach:], correlation[: reach + 1]])
    return int(np.argmax(lags)) - reach


def likeness(sound: Sound, reference: Sound) -> float:
    """Signal-to-noise ratio in dB of ``sound`` as a copy of ``reference`` (same shape)."""
    noise = float(np.sum((sound - reference) ** 2)) + 1e-12
    return 10 * float(np.log10((float(np.sum(reference**2)) + 1e-12) / noise))


def placed(sound: Sound, at: int, samples: int) -> Sound:
    """``sound`` moved to sample ``at`` (may be negative) of ``samples``, with silence around it."""
    result = np.zeros((samples, sound.shape[1]), np.float32)
    start, skip = max(at, 0), max(-at, 0)
    length = max(0, min(samples - start, len(sound) - skip))
    result[start : start + length] = sound[skip : skip + length]
    return result


def stereo(sound: Sound) -> Sound:
    """5.1 as stereo: centre and surround at -3 dB, no LFE, scaled so that nothing can clip (ITU-R BS.775)."""
    if sound.shape[1] != 6:
        return sound
    left, right, centre, _, rear_left, rear_right = sound.T
    half = 2**-0.5
    mixed = np.stack([left + half * (centre + rear_left), right + half * (centre + rear_right)], axis=1)
    return np.asarray(mixed / (1 + 2 * half), np.float32)


def resampled(sound: Sound, ratio: Fraction) -> Sound:
    """``sound`` at ``ratio`` times its rate: its spectrum, with nothing above."""
    samples = len(sound) * ratio.numerator // ratio.denominator
    spectrum = np.fft.rfft(sound, axis=0)
    padded = np.zeros((samples // 2 + 1, sound.shape[1]), complex)
    length = min(len(spectrum), len(padded))
    padded[:length] = spectrum[:length]
    return np.asarray(np.fft.irfft(padded, samples, axis=0) * float(ratio), np.float32)
