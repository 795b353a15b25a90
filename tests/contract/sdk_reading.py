"""What each recording says, read by the official SDKs and completed by hand: never by our own code."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from . import hand_read
from .reading import ChoiceReading, ErrorReading, Reading, ToolCallReading, same_arguments
from .recordings import Recording, find
from .sdk_chat import read_chat
from .sdk_messages import read_messages
from .sdk_responses import read_responses

__all__ = ["ChoiceReading", "ErrorReading", "Reading", "ToolCallReading", "read", "read_by_sdk", "same_arguments"]

_READERS: dict[str, Callable[[Recording], Reading]] = {
    "chat_completions": read_chat,
    "messages": read_messages,
    "responses": read_responses,
}


def read_by_sdk(recording: Recording) -> Reading:
    """Read a recording with the official SDK alone."""
    return _READERS[recording.protocol](recording)


def read(recording: Recording) -> Reading:
    """Return what the recording says."""
    return _read_once(recording.id)


@cache
def _read_once(recording_id: str) -> Reading:
    recording = find(recording_id)
    return hand_read.complete(recording, read_by_sdk(recording))
