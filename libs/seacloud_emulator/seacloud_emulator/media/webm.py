"""WebM files of VP8 pictures, a format that browsers play.

A lossy WebP picture is a VP8 key frame in a RIFF file (RFC 9649), and Pillow writes those. So a film needs no encoder
of its own: its frames are taken out of WebP pictures and put into a Matroska file (RFC 9559, and RFC 8794 for EBML),
of the subset that is called WebM.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Sequence

from PIL import Image

_EBML, _SEGMENT, _INFO, _TRACKS, _CUES, _CLUSTER = (
    b"\x1a\x45\xdf\xa3",
    b"\x18\x53\x80\x67",
    b"\x15\x49\xa9\x66",
    b"\x16\x54\xae\x6b",
    b"\x1c\x53\xbb\x6b",
    b"\x1f\x43\xb6\x75",
)
_MILLISECOND = 1_000_000
"""Nanoseconds of the unit in which a film's times are told."""

_WRITER = b"SeaCloud emulator"
_KEY_FRAME = 0x80


def webm_of(images: Iterable[Image.Image], per_second: int, quality: int = 55) -> bytes:
    """A film of these images, all of one size.

    Args:
        images: the frames, in order; at least one.
        per_second: how many frames are shown in a second.
        quality: how good each frame is, from 0 to 100.
    """
    frames, size = [], (0, 0)
    for image in images:
        frames.append(_vp8_frame(image, quality))
        size = image.size
    clusters = [
        _cluster(frames[start : start + per_second], start * 1000 // per_second, per_second)
        for start in range(0, len(frames), per_second)
    ]
    info = _info(len(frames) * 1000 / per_second)
    tracks = _tracks(size, per_second)
    starts = _starts(len(info) + len(tracks), clusters)
    return _header() + _element(_SEGMENT, info + tracks + _cues(starts) + b"".join(clusters))


def _vp8_frame(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.convert("RGB").save(file, "WEBP", quality=quality, method=0)
    return next(data for name, data in _riff_chunks(file.getvalue()) if name == b"VP8 ")


def _riff_chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12  # behind RIFF, its size, and WEBP
    while place < len(file):
        name, size = struct.unpack_from("<4sI", file, place)
        yield name, file[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _header() -> bytes:
    return _element(
        _EBML,
        _number(b"\x42\x86", 1)  # EBMLVersion
        + _number(b"\x42\xf7", 1)  # EBMLReadVersion
        + _number(b"\x42\xf2", 4)  # EBMLMaxIDLength
        + _number(b"\x42\xf3", 8)  # EBMLMaxSizeLength
        + _element(b"\x42\x82", b"webm")  # DocType
        + _number(b"\x42\x87", 4)  # DocTypeVersion
        + _number(b"\x42\x85", 2),  # DocTypeReadVersion
    )


def _info(milliseconds: float) -> bytes:
    return _element(
        _INFO,
        _number(b"\x2a\xd7\xb1", _MILLISECOND)  # TimestampScale
        + _element(b"\x44\x89", struct.pack(">d", milliseconds))  # Duration
        + _element(b"\x4d\x80", _WRITER)  # MuxingApp
        + _element(b"\x57\x41", _WRITER),  # WritingApp
    )


def _tracks(size: tuple[int, int], per_second: int) -> bytes:
    width, height = size
    entry = (
        _number(b"\xd7", 1)  # TrackNumber
        + _number(b"\x73\xc5", 1)  # TrackUID
        + _number(b"\x9c", 0)  # FlagLacing
        + _number(b"\x83", 1)  # TrackType: video
        + _element(b"\x86", b"V_VP8")  # CodecID
        + _number(b"\x23\xe3\x83", 1000 * _MILLISECOND // per_second)  # DefaultDuration
        + _element(b"\xe0", _number(b"\xb0", width) + _number(b"\xba", height))  # Video: PixelWidth, PixelHeight
    )
    return _element(_TRACKS, _element(b"\xae", entry))


def _cluster(frames: Sequence[bytes], starts_at: int, per_second: int) -> bytes:
    blocks = (
        # SimpleBlock: the track, the time since the cluster's, flags, the frame
        _element(b"\xa3", struct.pack(">BhB", 0x81, number * 1000 // per_second, _KEY_FRAME) + frame)
        for number, frame in enumerate(frames)
    )
    return _element(_CLUSTER, _number(b"\xe7", starts_at) + b"".join(blocks))


def _starts(before: int, clusters: Sequence[bytes]) -> list[int]:
    """Where each cluster begins, counted from the segment's first byte. The cues stand before them."""
    place = before + len(_cues([0] * len(clusters)))
    starts = []
    for cluster in clusters:
        starts.append(place)
        place += len(cluster)
    return starts


def _cues(starts: Sequence[int]) -> bytes:
    """Where to go on for each second. Every number takes as much room as the largest, so that their size is known."""
    points = (
        _element(
            b"\xbb",  # CuePoint
            _element(b"\xb3", struct.pack(">Q", second * 1000))  # CueTime
            # CueTrackPositions: CueTrack, CueClusterPosition
            + _element(b"\xb7", _number(b"\xf7", 1) + _element(b"\xf1", struct.pack(">Q", start))),
        )
        for second, start in enumerate(starts)
    )
    return _element(_CUES, b"".join(points))


def _element(name: bytes, content: bytes) -> bytes:
    """An EBML element, whose size always takes eight bytes."""
    return name + struct.pack(">Q", len(content) | 1 << 56) + content


def _number(name: bytes, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
