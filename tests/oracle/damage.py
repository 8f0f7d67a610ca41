"""Damaged files: what bad disks, broken uploads and attackers make of a valid one. Everything follows from a seed."""

import struct
from collections.abc import Callable
from random import Random

Damage = Callable[[bytes, Random], bytes]
BOXES = tuple(
    b"moov trak mdia minf stbl stsd stts ctts stsc stsz stco stss elst mvhd tkhd mdhd avcC esds moof traf trun tfhd "
    b"mdat ftyp".split()
)
ODD = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
HEAD = 4096
"""Bytes at either end that are hit more often than others: most of what is said of a file is there."""


def _place(data: bytes, dice: Random) -> int:
    where = dice.choice(("head", "tail", "anywhere"))
    if where == "head":
        return dice.randrange(min(HEAD, len(data)))
    return len(data) - 1 - dice.randrange(min(HEAD, len(data))) if where == "tail" else dice.randrange(len(data))


def flip_bits(data: bytes, dice: Random) -> bytes:
    """Some bits turned over."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 4, 32, 256))):
        changed[_place(data, dice)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def odd_numbers(data: bytes, dice: Random) -> bytes:
    """Some numbers that are at the limit of something."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 2, 8))):
        size, form = dice.choice(((1, ">B"), (2, ">H"), (4, ">I"), (4, "<I")))
        at = min(_place(data, dice), len(data) - size)
        changed[at : at + size] = struct.pack(form, dice.choice(ODD) & (256**size - 1))
    return bytes(changed)


def cut_off(data: bytes, dice: Random) -> bytes:
    """The file ends early, or begins late."""
    at = dice.randrange(1, len(data))
    return data[:at] if dice.random() < 0.8 else data[at:]


def lose_a_piece(data: bytes, dice: Random) -> bytes:
    """Something is missing in the middle, or is all zeros."""
    at, size = dice.randrange(len(data)), dice.choice((1, 188, 4096, 100_000))
    return data[:at] + (bytes(size) if dice.random() < 0.5 else b"") + data[at + size :]


def double_a_piece(data: bytes, dice: Random) -> bytes:
    """A piece stands at another place once more."""
    begin, size, at = dice.randrange(len(data)), dice.choice((8, 100, 5000)), dice.randrange(len(data))
    return data[:at] + data[begin : begin + size] + data[at:]


def splice_boxes(data: bytes, dice: Random) -> bytes:
    """Boxes of an MP4 with other sizes, other names, or once more; of other files as ``odd_numbers``."""
    found = [at for name in BOXES for at in _all(data, name)]
    if not found:
        return odd_numbers(data, dice)
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 3))):
        at = dice.choice(found)
        kind = dice.choice(("size", "name", "entries", "twice"))
        if kind == "size":
            changed[at - 4 : at] = struct.pack(">I", dice.choice((*ODD, dice.randrange(2**31))))
        elif kind == "name":
            changed[at : at + 4] = dice.choice(BOXES)
        elif kind == "entries":
            changed[at + 8 : at + 12] = struct.pack(">I", dice.choice(ODD))
        else:
            size = int.from_bytes(data[at - 4 : at], "big")
            changed[at - 4 : at - 4] = data[at - 4 : at - 4 + min(size, 100_000)]
    return bytes(changed)


def _all(data: bytes, name: bytes) -> list[int]:
    found, at = [], data.find(name, 4)
    while at >= 0:
        found.append(at)
        at = data.find(name, at + 4)
    return found


DAMAGES: tuple[Damage, ...] = (flip_bits, odd_numbers, cut_off, lose_a_piece, double_a_piece, splice_boxes)


def damaged(data: bytes, seed: int) -> bytes:
    """``data``, damaged as ``seed`` says; never empty."""
    dice = Random(seed)
    return dice.choice(DAMAGES)(data, dice) or b"\0"
