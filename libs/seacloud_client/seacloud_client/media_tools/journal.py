"""The record of what durable tools asked for: SQLite, shared by all processes that run the same conversations.

A call is known by its conversation and its id (LangGraph's `thread_id`, say, and the id of the model's tool call). It
goes this way, and each step is on disk before the next one is taken:

    (nothing) -> intent -> posted -> done | failed
                   `----> unknown

Whoever writes the intent, and nobody else, may post the task: so a call is posted once, however many processes run it,
and however often. One that was killed between the post and its record leaves its intent: then nobody knows whether the
task exists, until a person has looked (`forget`, `settle`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seacloud_client.errors import ConfigurationError

INTENT, POSTED, DONE, FAILED, UNKNOWN = "intent", "posted", "done", "failed", "unknown"

LOCK_SECONDS = 30.0
"""How long another process's write is waited for."""

_TABLE = """
CREATE TABLE IF NOT EXISTS seacloud_tasks (
    thread_id TEXT NOT NULL, call_id TEXT NOT NULL, model TEXT NOT NULL, said TEXT NOT NULL, parameters TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL, request_id TEXT, answer TEXT, problem TEXT, changed REAL NOT NULL,
    PRIMARY KEY (thread_id, call_id)
)
"""

_COLUMNS = "thread_id, call_id, model, said, parameters, state, owner, request_id, answer, problem, changed"
_MARKS = ", ".join("?" for _ in _COLUMNS.split(","))


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """What is known of one call.

    Attributes:
        thread_id: the conversation.
        call_id: the id of the model's tool call.
        model: the model that generates.
        said: what the agent's model said, by which the call is known again.
        parameters: what was, or was to be, posted.
        state: `intent`, `posted`, `done`, `failed` or `unknown`.
        owner: who wrote the intent: a word that is new for each attempt.
        request_id: the task's id, once it is known. With the model it is the task's handle.
        answer: what the tool gave, once it is done.
        problem: what the agent's model was told of a failure, or why the outcome is unknown.
        changed: when it came into this state, in seconds since 1970.
    """

    thread_id: str
    call_id: str
    model: str
    said: Mapping[str, Any]
    parameters: Mapping[str, Any]
    state: str
    owner: str
    request_id: str | None
    answer: Any
    problem: str | None
    changed: float


class TaskJournal:
    """Keeps what durable tools asked for.

    It is a table of its own, `seacloud_tasks`, so it may be in a file with others (LangGraph's `SqliteSaver`, say). It
    holds no key. A connection is opened for each step, so it can be shared by threads and pickled.

    Args:
        path: the SQLite file; it is made if need be.
        patience: seconds for which an intent of another process's is taken to be under way, and waited for. An older
            one, whose process was killed, is an unknown outcome at once.

    Raises:
        ConfigurationError: if it can be no file on disk, or cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], *, patience: float = 5.0) -> None:
        if not os.fspath(path) or os.fspath(path).startswith((":memory:", "file:")):
            raise ConfigurationError(f"A journal is a file on disk: give its path; got {os.fspath(path)!r}.")
        self.path = Path(path).absolute()
        self.patience = patience
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(_TABLE)

    def find(self, thread_id: str, call_id: str) -> JournalEntry | None:
        """What is known of a call; `None` for nothing."""
        return next(iter(self._entries("WHERE thread_id = ? AND call_id = ?", thread_id, call_id)), None)

    def entries(self, thread_id: str | None = None) -> list[JournalEntry]:
        """What is known of all calls, or of those of a conversation: the oldest change first."""
        if thread_id is None:
            return self._entries("ORDER BY changed")
        return self._entries("WHERE thread_id = ? ORDER BY changed", thread_id)

    def count(self, thread_id: str) -> int:
        """How many tasks a conversation has, or may have."""
        with self._open() as db:
            query = "SELECT COUNT(*) FROM seacloud_tasks WHERE thread_id = ?"
            return int(db.execute(query, (thread_id,)).fetchone()[0])

    def claim(
        self,
        thread_id: str,
        call_id: str,
        *,
        model: str,
        said: Mapping[str, Any],
        parameters: Mapping[str, Any],
        owner: str,
    ) -> JournalEntry:
        """Writes the intent to post, if nothing is known of the call, and gives what is known now.

        Only if its `owner` is the given one may the task be posted.
        """
        texts = (json.dumps(said), json.dumps(parameters))
        row = (thread_id, call_id, model, *texts, INTENT, owner, None, None, None, time.time())
        with self._open() as db:
            while True:
                db.execute(f"INSERT OR IGNORE INTO seacloud_tasks ({_COLUMNS}) VALUES ({_MARKS})", row)  # noqa: S608  # ours
                entry = self.find(thread_id, call_id)
                if entry is not None:  # else it was released meanwhile
                    return entry

    def release(self, thread_id: str, call_id: str, owner: str) -> None:
        """Takes the owner's intent back: the task was certainly not created."""
        self._write(
            "DELETE FROM seacloud_tasks WHERE thread_id = ? AND call_id = ? AND state = ? AND owner = ?",
            (thread_id, call_id, INTENT, owner),
        )

    def posted(self, thread_id: str, call_id: str, request_id: str) -> bool:
        """Records the task's id. Says whether the call is known."""
        return self._change(thread_id, call_id, POSTED, request_id=request_id)

    def done(self, thread_id: str, call_id: str, answer: Any) -> None:
        """Records what the tool gave: JSON."""
        self._change(thread_id, call_id, DONE, answer=json.dumps(answer))

    def failed(self, thread_id: str, call_id: str, problem: str) -> None:
        """Records what the agent's model was told of a failure."""
        self._change(thread_id, call_id, FAILED, problem=problem)

    def unknown(self, thread_id: str, call_id: str, problem: str) -> None:
        """Records that nobody knows whether there is a task, and why."""
        self._change(thread_id, call_id, UNKNOWN, problem=problem)

    def settle(self, thread_id: str, call_id: str, request_id: str) -> bool:
        """For a person who has looked and found the task of an unknown outcome: the resumed run goes on with it.

        Says whether there was such a call.
        """
        return self._write(
            "UPDATE seacloud_tasks SET state = ?, request_id = ?, changed = ? "
            "WHERE thread_id = ? AND call_id = ? AND state IN (?, ?)",
            (POSTED, request_id, time.time(), thread_id, call_id, INTENT, UNKNOWN),
        )

    def forget(self, thread_id: str, call_id: str) -> bool:
        """For a person who has looked and found that there is no task: the resumed run may post it.

        Says whether there was a call whose outcome is unknown.
        """
        return self._write(
            "DELETE FROM seacloud_tasks WHERE thread_id = ? AND call_id = ? AND state IN (?, ?)",
            (thread_id, call_id, INTENT, UNKNOWN),
        )

    def delete_thread(self, thread_id: str) -> None:
        """Forgets a conversation, as the checkpointer's method of this name does."""
        self._write("DELETE FROM seacloud_tasks WHERE thread_id = ?", (thread_id,))

    def _change(
        self,
        thread_id: str,
        call_id: str,
        state: str,
        *,
        request_id: str | None = None,
        answer: str | None = None,
        problem: str | None = None,
    ) -> bool:
        return self._write(
            "UPDATE seacloud_tasks SET state = ?, request_id = COALESCE(?, request_id), answer = ?, problem = ?, "
            "changed = ? WHERE thread_id = ? AND call_id = ?",
            (state, request_id, answer, problem, time.time(), thread_id, call_id),
        )

    def _write(self, query: str, values: tuple[Any, ...]) -> bool:
        with self._open() as db:
            return db.execute(query, values).rowcount > 0

    def _entries(self, condition: str, *values: str) -> list[JournalEntry]:
        with self._open() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM seacloud_tasks {condition}", values).fetchall()  # noqa: S608  # ours
        return [_entry(*row) for row in rows]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=LOCK_SECONDS, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns, power cut or not
                yield db
        except sqlite3.Error as error:
            raise ConfigurationError(f"The journal {self.path} cannot be used: {error}.") from error

    def __repr__(self) -> str:
        return f"TaskJournal({str(self.path)!r})"


def _entry(*row: Any) -> JournalEntry:
    names = _COLUMNS.split(", ")
    values = dict(zip(names, row, strict=True))
    read = {name: json.loads(values[name] or "null") for name in ("said", "parameters", "answer")}
    return JournalEntry(**{**values, **read})
