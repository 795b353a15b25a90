"""The recorded transcripts: 120 answers of real services, kept beside the repository and read as data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TRANSCRIPTS = Path(__file__).resolve().parents[3] / "shared" / "transcripts"
PROTOCOLS = ("chat_completions", "messages", "responses")

SKIP = pytest.mark.skipif(not TRANSCRIPTS.is_dir(), reason="the recorded transcripts are not beside the repository")


@dataclass(frozen=True)
class Recording:
    """One recorded interaction; `response` is the raw body, SSE text when `stream`."""

    id: str
    protocol: str
    stream: bool
    status: int
    capture: str
    features: tuple[str, ...]
    request: dict[str, Any]
    headers: dict[str, str]
    response: str
    provider: str

    def __str__(self) -> str:
        return self.id


def _from_file(path: Path) -> Recording:
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Recording(
        id=stored["id"],
        protocol=stored["protocol"],
        stream=stored["stream"],
        status=stored["status"],
        capture=stored["capture"],
        features=tuple(stored["features"]),
        request=stored["request"],
        headers=stored["response_headers"],
        response=stored["response"],
        provider=stored["provider"] or "",
    )


@cache
def load(protocol: str) -> list[Recording]:
    """Return the protocol's recordings in the order of their ids; none where the transcripts are absent."""
    return [_from_file(path) for path in sorted((TRANSCRIPTS / protocol).glob("*.json"))]


def load_all() -> list[Recording]:
    """Return the recordings of all protocols."""
    return [recording for protocol in PROTOCOLS for recording in load(protocol)]


def params(protocol: str, *, stream: bool | None = None) -> list[Any]:
    """Return the recordings as pytest parameters, each named by its id: all, the streams or the plain answers."""
    chosen = [recording for recording in load(protocol) if stream in {None, recording.stream}]
    return [pytest.param(recording, id=recording.id) for recording in chosen]


def parametrize(*protocols: str, stream: bool | None = None) -> pytest.MarkDecorator:
    """Mark a test that takes a `recording`, for the named protocols or all; without transcripts it is skipped."""
    found = [param for protocol in protocols or PROTOCOLS for param in params(protocol, stream=stream)]
    missing = pytest.param(None, id="absent", marks=pytest.mark.skip(reason=f"no transcripts at {TRANSCRIPTS.name}/"))
    return pytest.mark.parametrize("recording", found or [missing])


def find(recording_id: str) -> Recording:
    """Return the recording of that id."""
    return next(recording for recording in load_all() if recording.id == recording_id)
