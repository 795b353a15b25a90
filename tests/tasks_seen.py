"""What the tests of the media tools see of their tasks: what was posted, and what a journal has of it."""

from __future__ import annotations

import sqlite3
import threading
from typing import Any

import pytest
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_emulator import Emulator


def posts(emulator: Emulator) -> int:
    return sum(record.method == "POST" and "/queue/" in record.path for record in emulator.requests)


def states(journal: TaskJournal) -> list[str]:
    return [entry.state for entry in journal.entries("t")]


def journal_threads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads in which the journal's file is opened from now on."""
    threads: list[int] = []
    real = sqlite3.connect

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        threads.append(threading.get_ident())
        return real(*args, **options)

    monkeypatch.setattr(sqlite3, "connect", connect)
    return threads
