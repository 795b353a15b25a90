"""What a file is by its first bytes: files made by others (Pillow, the standard library, the emulator)."""

from __future__ import annotations

import io
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from seacloud_client.media_types import ending_for, kind_of, media_type_of, mismatch, sniff


def picture(kind):
    file = io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(file, kind)
    return file.getvalue()


def sound():
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(64))
    return file.getvalue()


MADE = {
    "image/png": picture("PNG"),
    "image/jpeg": picture("JPEG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
    "audio/wav": sound(),
    "application/pdf": picture("PDF"),
}
# From the formats' specifications: the first bytes of each.
SPECIFIED = {
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00",
    "video/quicktime": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00",
    "image/avif": b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01",
    "audio/mpeg": b"ID3\x04\x00\x00\x00\x00\x00\x23",
    "audio/ogg": b"OggS\x00\x02",
    "audio/flac": b"fLaC\x00\x00\x00\x22",
    "audio/aac": b"\xff\xf1\x50\x80",
    "model/gltf-binary": b"glTF\x02\x00\x00\x00",
    "application/zip": b"PK\x03\x04\x14\x00",
    "text/html": b"\xef\xbb\xbf\n <!DOCTYPE HTML><html>",
    "image/svg+xml": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">',
    "application/x-executable": b"\x7fELF\x02\x01\x01",
}


@pytest.mark.parametrize(("media_type", "content"), [*MADE.items(), *SPECIFIED.items()], ids=[*MADE, *SPECIFIED])
def test_sniffing(media_type, content):
    assert sniff(content[:512]) == media_type


@pytest.mark.parametrize("content", [b"\xff\xfb\x90\x64", b"\xff\xf3\x40\xc0"])
def test_an_mp3_without_a_tag(content):
    assert sniff(content) == "audio/mpeg"


@pytest.mark.parametrize(
    "content",
    [b"", b"R", b"RIFF", b"hello", b"{}", b"\x00" * 40, b"RIFFxxxxJUNK", b"\xff\x00", b"<?xml version='1.0'?><a/>"],
)
def test_what_shows_nothing(content):
    assert sniff(content) is None


@given(st.binary(max_size=600), st.text(max_size=20) | st.sampled_from(["image", "image/png", "video/mp4"]))
def test_nothing_makes_it_fail(content, declared):
    sniff(content)
    mismatch(declared, content)
    assert ending_for("", declared, content).startswith(".")


FITS = [
    ("image/png", MADE["image/png"]),
    ("image/png", MADE["image/jpeg"]),
    ("image", MADE["image/webp"]),
    ("image", SPECIFIED["image/svg+xml"]),
    ("image/x-exotic", b"\x00\x01\x02\x03"),
    ("video", SPECIFIED["video/webm"]),
    ("audio/mpeg", SPECIFIED["audio/mpeg"]),
    ("audio/webm", SPECIFIED["video/webm"]),
    ("audio", SPECIFIED["audio/mp4"]),
    ("video/mp4", SPECIFIED["audio/mp4"]),
    ("3d", SPECIFIED["model/gltf-binary"]),
    ("3d", SPECIFIED["application/zip"]),
    ("3d", b"# an OBJ file\nv 0 0 0"),
    ("model/vnd.usdz+zip", SPECIFIED["application/zip"]),
    ("text", b"words"),
    ("text", b""),
    ("text/html", SPECIFIED["text/html"]),
    ("application/pdf", MADE["application/pdf"]),
    ("application/zip", SPECIFIED["application/zip"]),
    ("unknown", MADE["image/png"]),
    ("unknown", b"\x01\x02"),
    (None, MADE["image/png"]),
    ("hologram", b"\x01\x02"),
]


@pytest.mark.parametrize(("declared", "content"), FITS)
def test_what_fits(declared, content):
    assert mismatch(declared, content[:512]) is None


DOES_NOT = [
    ("image/png", SPECIFIED["text/html"]),
    ("image", SPECIFIED["text/html"]),
    ("image/png", SPECIFIED["video/mp4"]),
    ("image", MADE["audio/wav"]),
    ("image/png", b"\x00\x01\x02\x03"),
    ("image/png", b'{"error": "expired"}'),
    ("image", b'{"error": "expired"}'),
    ("image/x-exotic", b"not found"),
    ("video/mp4", MADE["image/png"]),
    ("audio/wav", MADE["image/png"]),
    ("3d", MADE["image/png"]),
    ("image", SPECIFIED["application/x-executable"]),
    ("unknown", SPECIFIED["application/x-executable"]),
    ("text", b"#!/bin/sh\nrm -rf ~"),
    (None, b"MZ\x90\x00"),
    ("unknown", SPECIFIED["text/html"]),
    ("application/pdf", MADE["image/png"]),
    ("image", b""),
]


@pytest.mark.parametrize(("declared", "content"), DOES_NOT)
def test_what_does_not_fit(declared, content):
    assert mismatch(declared, content[:512])


@pytest.mark.parametrize(
    ("ending", "declared", "content", "fitting"),
    [
        (".png", "image/png", MADE["image/png"], ".png"),
        (".PNG", "image/png", MADE["image/png"], ".png"),
        (".png", "image/png", MADE["image/jpeg"], ".jpg"),
        (".jpeg", "image/jpeg", MADE["image/jpeg"], ".jpeg"),
        (".exe", "image", MADE["image/gif"], ".gif"),
        ("", "video", SPECIFIED["video/mp4"], ".mp4"),
        (".usdz", "3d", SPECIFIED["application/zip"], ".usdz"),
        (".obj", "3d", b"v 0 0 0", ".obj"),
        ("", "text", b"words", ".txt"),
        (".sh", "unknown", b"\x01", ".bin"),
        (".lnk", "hologram", b"\x01", ".bin"),
        (".x", "image/x-exotic", b"\x01", ".bin"),
    ],
)
def test_endings(ending, declared, content, fitting):
    assert ending_for(ending, declared, content) == fitting


def test_words_and_types():
    assert media_type_of("Image/JPG; q=1") == "image/jpeg"
    assert media_type_of("image") is None
    assert media_type_of(";/image") is None
    assert kind_of(None, None) is None
    assert kind_of("", "video/mp4") == "video"
