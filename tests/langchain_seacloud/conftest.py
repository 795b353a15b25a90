"""What the tests of the LangChain adapter share: each protocol with a model that speaks it, and served downloads."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from langchain_seacloud import ChatSeaCloud
from seacloud_client.protocols import spoken
from seacloud_emulator import Emulator

MODELS = {"chat_completions": "gpt-4.1", "responses": "gpt-5.5", "messages": "claude-opus-4-6"}


@pytest.fixture(params=spoken())
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(protocol: str, seacloud_env: Emulator) -> Callable[..., ChatSeaCloud]:
    """Makes a model that speaks the protocol, with the emulator."""

    def make_model(**settings: Any) -> ChatSeaCloud:
        return ChatSeaCloud(**{"model": MODELS[protocol], "protocol": protocol, **settings})

    return make_model


@pytest.fixture
def model(make: Callable[..., ChatSeaCloud]) -> ChatSeaCloud:
    return make()


def _png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    rows = b"".join(b"\0" + b"\xff\x80\x00" * 2 for _ in range(2))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _wav() -> bytes:
    samples = b"\0\0" * 80
    form = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"

PNG, WAV = _png(), _wav()

DOWNLOADS = {
    "agentic-rag-output.png": (PNG, "image/png"),
    "dummy.pdf": (_PDF, "application/pdf"),
    "Northern_Flicker_202280456.wav": (WAV, "audio/wav"),
}
"""The files that langchain-tests downloads, by their names: small ones of the same kinds stand in for them."""


@pytest.fixture
def served_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serves the downloads that a few of langchain-tests' tests make by `httpx.get`; any other is an error."""

    def get(url: str, **_: Any) -> httpx.Response:
        content, kind = DOWNLOADS[str(url).rpartition("/")[2]]
        return httpx.Response(200, content=content, headers={"content-type": kind}, request=httpx.Request("GET", url))

    monkeypatch.setattr(httpx, "get", get)
    monkeypatch.setenv("LANGCHAIN_TESTS_USER_AGENT", "none: nothing is downloaded")  # it warns where there is none
