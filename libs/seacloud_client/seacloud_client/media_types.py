"""What a file is: by what it is said to be, and by what its first bytes show.

The signatures are those of the formats' own specifications (PNG, JFIF, RIFF, ISO base media, Matroska, Ogg, ...). They
are few and short enough to be a table here; a package for them would be a dependency for fifteen lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

SNIFFED = 512
"""The bytes at the beginning of a file that are looked at."""

EXECUTABLE = "application/x-executable"

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"glTF", "model/gltf-binary"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"MZ", EXECUTABLE),
    (0, b"\x7fELF", EXECUTABLE),
    (0, b"#!", EXECUTABLE),
)
"""Offset, bytes, media type. Those at offset 8 follow a RIFF header."""

_BRANDS: tuple[tuple[bytes, str], ...] = (
    (b"avif", "image/avif"),
    (b"avis", "image/avif"),
    (b"hei", "image/heic"),
    (b"mif1", "image/heic"),
    (b"M4A", "audio/mp4"),
    (b"qt  ", "video/quicktime"),
)
"""The major brand of a file of the ISO base media format. Others are MP4."""

_ENDINGS: Mapping[str, tuple[str, ...]] = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "image/avif": (".avif",),
    "image/heic": (".heic", ".heif"),
    "image/svg+xml": (".svg",),
    "video/mp4": (".mp4", ".m4v", ".m4a"),
    "video/quicktime": (".mov",),
    "video/webm": (".webm", ".mkv", ".weba"),
    "video/x-msvideo": (".avi",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/aac": (".aac",),
    "audio/wav": (".wav",),
    "audio/ogg": (".ogg", ".oga", ".opus", ".ogv"),
    "audio/flac": (".flac",),
    "model/gltf-binary": (".glb",),
    "application/pdf": (".pdf",),
    "application/zip": (".zip", ".usdz", ".3mf"),
    "text/plain": (".txt", ".md", ".srt", ".vtt", ".csv"),
    "text/html": (".html",),
    "application/json": (".json", ".gltf"),
    "model/obj": (".obj", ".mtl"),
    "model/stl": (".stl",),
    "model/gltf+json": (".gltf",),
    "model/vnd.usdz+zip": (".usdz",),
    "application/octet-stream": (".bin", ".fbx", ".ply", ".splat", ".safetensors"),
}
"""The endings of file names that fit a media type, the usual one first. A file gets no others."""

_SNIFFABLE = frozenset(media_type for _, _, media_type in _SIGNATURES) | {
    *(media_type for _, media_type in _BRANDS),
    *("video/mp4", "audio/aac", "image/svg+xml"),
}

_ALIASES = {"audio/mp3": "audio/mpeg", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "image/jpg": "image/jpeg"}

_KINDS = {"model": "3d", "mesh": "3d", "model_3d": "3d", "3d_model": "3d", "glb": "3d", "music": "audio"}
"""Words for kinds of output, and the tops of media types, that we call otherwise."""

_CONTAINERS: Mapping[str, frozenset[str]] = {
    "video/mp4": frozenset(("video", "audio")),
    "video/webm": frozenset(("video", "audio")),
    "audio/mp4": frozenset(("video", "audio")),
    "audio/ogg": frozenset(("video", "audio")),
    "application/zip": frozenset(("3d", "application")),
    "text/html": frozenset(("text",)),
}
"""What a file can be that is none of one kind alone."""


def media_type_of(text: str | None) -> str | None:
    """A media type without parameters, in lower case and under its registered name."""
    plain = text.split(";", 1)[0].strip().lower() if text else ""
    return _ALIASES.get(plain, plain) if "/" in plain else None


def kind_of(word: str | None, content_type: str | None = None) -> str | None:
    """The kind of an output: `image`, `video`, `audio`, `text`, `3d`, or the service's own word."""
    if word and word.strip():
        word = word.strip().lower()
        return _KINDS.get(word, word)
    media_type = media_type_of(content_type)
    if media_type is None:
        return None
    top = media_type.split("/", 1)[0]
    return _KINDS.get(top, top)


def media_type_of_name(name: str | None) -> str | None:
    """The media type that a file's name promises."""
    ending = PurePosixPath(name).suffix.lower() if name else ""
    return next((media_type for media_type, endings in _ENDINGS.items() if ending in endings), None)


def media_type_of_url(url: str | None) -> str | None:
    """The media type that an address promises: by its ending, or in a `data:` URL outright."""
    if url is None:
        return None
    if url[:5].lower() == "data:":
        return media_type_of(url[5:].split(",", 1)[0])
    return media_type_of_name(url.split("?", 1)[0].split("#", 1)[0])


def sniff(head: bytes) -> str | None:
    """The media type that the beginning of a file shows, or `None` if it shows none."""
    if head[4:8] == b"ftyp":
        return next((kind for brand, kind in _BRANDS if head[8:12].startswith(brand)), "video/mp4")
    for offset, mark, media_type in _SIGNATURES:
        if head.startswith(mark, offset) and (offset == 0 or head.startswith(b"RIFF")):
            return media_type
    if len(head) > 1 and head[0] == 0xFF:  # MPEG audio's frame sync, layer III; and that of AAC
        if head[1] & 0xE6 == 0xE2:
            return "audio/mpeg"
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
    return _sniff_markup(head)


def _sniff_markup(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "text/html"
    return "image/svg+xml" if text.startswith((b"<?xml", b"<svg", b"<!--")) and b"<svg" in text else None


def mismatch(declared: str | None, head: bytes) -> str | None:
    """Why a file cannot be what it is said to be, in words; `None` if it can.

    Another format of the same kind is no mismatch: services convert pictures without saying so.

    Args:
        declared: a media type, or just a kind such as `image`.
        head: the first bytes of the file.
    """
    found = sniff(head)
    media_type = media_type_of(declared)
    kind = kind_of(None if media_type else declared, declared)
    if found == EXECUTABLE:
        return "it is a program"
    if found is None:
        return _mismatch_of_unknown(media_type, kind, head)
    if media_type == found or kind in _kinds_of(found):
        return None
    if kind in _RECOGNISED or found == "text/html" or media_type in _SNIFFABLE:
        return f"it is {found}"
    return None


_RECOGNISED = frozenset(("image", "video", "audio", "3d"))


def _mismatch_of_unknown(media_type: str | None, kind: str | None, head: bytes) -> str | None:
    if not head:
        return None if kind == "text" else "it is empty"
    if media_type in _SNIFFABLE:
        return "its content is of no such format"
    if kind in ("image", "video", "audio") and _is_text(head):
        return "it is text"
    return None


def _kinds_of(media_type: str) -> frozenset[str]:
    kind = kind_of(None, media_type)
    return _CONTAINERS.get(media_type) or frozenset((kind or "",))


def _is_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\n\r\f" for byte in head[:64])


def ending_for(name_ending: str, declared: str | None, head: bytes) -> str:
    """The ending of a file's name that fits its content; the one that it has already, if that does."""
    media_type = sniff(head) or media_type_of(declared)
    if media_type is None:
        media_type = media_type_of_name(f"x{name_ending}") or _BY_KIND.get(declared or "", "application/octet-stream")
    endings = _ENDINGS.get(media_type)
    if endings is None:
        endings = ((name_ending,) if media_type_of_name(f"x{name_ending}") else ()) or (".bin",)
    return name_ending.lower() if name_ending.lower() in endings else endings[0]


_BY_KIND = {"text": "text/plain"}
