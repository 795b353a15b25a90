"""The record of what durable tools asked for: SQLite, shared by all processes that run the same conversations.

A call is known by its conversation and its id (LangGraph's `thread_id`, say, and the id of the model's tool call). It
goes this way, and each step is on disk before the next one is taken:

    (nothing) -> intent -> posted -> done | failed
                   `----> unknown

Whoever writes the intent, and nobody else, may post the task: so a call is posted once, however many processes run it,
and however often. One that was killed between the post and its record leaves its intent: then nobody knows whether the
task exists, until a person has looked (`forget`, `settle`). What is `posted` can be put right by them too.

An intent says for how long a post may be under way by it, and is renewed before each further attempt to post. So it is
never taken for dead while somebody posts, whatever the `request_timeout` of that process is.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seacloud_client.errors import ConfigurationError
from seacloud_client.task_flows import check_id

INTENT, POSTED, DONE, FAILED, UNKNOWN = "intent", "posted", "done", "failed", "unknown"

LOCK_SECONDS = 30.0
"""How long another process's write is waited for."""

PATIENCE = 35.0
"""For how many seconds a post may be under way, where it is not said: a call of the queue takes 30 at most, and is
waited for a little longer."""

_TABLE = """
CREATE TABLE IF NOT EXISTS seacloud_tasks (
    thread_id TEXT NOT NULL, call_id TEXT NOT NULL, model TEXT NOT NULL, said TEXT NOT NULL, parameters TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT NOT NULL, request_id TEXT, answer TEXT, problem TEXT, changed REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (thread_id, call_id)
)
"""

_COLUMNS = "thread_id, call_id, model, said, parameters, state, owner, request_id, answer, problem, changed, seconds"
_MARKS = ", ".join("?" for _ in _COLUMNS.split(","))

_OPEN = (
    "thread_id = ? AND call_id = ? AND state NOT IN (?, ?) AND NOT (state IN (?, ?) AND seconds > 0 "
    "AND changed <= ? AND changed > ? - COALESCE(?, seconds))"
)
"""A call that is not over, and that nobody can be posting at this moment, if it is in one of two states. An intent from
the future was written before a clock was put back."""


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
        changed: when it came into this state, or its intent was renewed, in seconds since 1970.
        seconds: for how long after that a post of it may be under way; 0 for none.
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
    seconds: float


class TaskJournal:
    """Keeps what durable tools asked for.

    It is a table of its own, `seacloud_tasks`, so it may be in a file with others (LangGraph's `SqliteSaver`, say). It
    holds no key. A connection is opened for each step, so it can be shared by threads and pickled.

    Args:
        path: the SQLite file; it is made if need be.
        patience: seconds for which an intent of another process's is taken to be under way, and waited for. By default
            each intent says it itself: 35 with a `request_timeout` of 30, and longer with a longer one. An older one,
            whose process was killed, is an unknown outcome at once. Give fewer only where it is certain that nobody is
            posting any more: 0 for a person who knows that no process is left.

    Raises:
        ConfigurationError: if it can be no file on disk, or cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], *, patience: float | None = None) -> None:
        if not os.fspath(path) or os.fspath(path).startswith((":memory:", "file:")):
            raise ConfigurationError(f"A journal is a file on disk: give its path; got {os.fspath(path)!r}.")
        self.path = Path(path).absolute()
        self.patience = patience
        with self._open() as db:
            _use_wal(db)
            db.execute(_TABLE)

    def find(self, thread_id: str, call_id: str) -> JournalEntry | None:
        """What is known of a call; `None` for nothing.

        Raises:
            ConfigurationError: if the journal cannot be used, or what it has of the call cannot be read.
        """
        with self._open() as db:
            row = _row(db, thread_id, call_id)
        return None if row is None else _entry(row)

    def entries(self, thread_id: str | None = None) -> list[JournalEntry]:
        """What is known of all calls, or of those of a conversation: the oldest change first.

        One that cannot be read is there as `unknown`, with the reason as its problem.
        """
        where, values = ("", ()) if thread_id is None else ("WHERE thread_id = ? ", (thread_id,))
        with self._open() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM seacloud_tasks {where}ORDER BY changed", values).fetchall()  # noqa: S608  # ours
        return [_readable_entry(row) for row in rows]

    def count(self, thread_id: str, models: Collection[str] | None = None) -> int:
        """How many tasks a conversation has, or may have: of some models, or of all."""
        with self._open() as db:
            return _count(db, thread_id, models)

    def claim(
        self,
        thread_id: str,
        call_id: str,
        *,
        model: str,
        said: Mapping[str, Any],
        parameters: Mapping[str, Any],
        owner: str,
        limit: int | None = None,
        models: Collection[str] | None = None,
        seconds: float = PATIENCE,
    ) -> JournalEntry | None:
        """Writes the intent to post, if nothing is known of the call, and gives what is known now.

        Only if its `owner` is the given one may the task be posted. `None` says that there are as many tasks as `limit`
        allows the conversation, of these models or of all: that is counted in the same transaction, so that it holds
        among processes. `seconds` is how long an attempt to post may take.
        """
        texts = (json.dumps(said), json.dumps(parameters))
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")  # nobody else writes until the commit
            row = _row(db, thread_id, call_id)
            if row is None and limit is not None and _count(db, thread_id, models) >= limit:
                return None
            if row is None:  # the clock is looked at in here: before, another's write may have been waited for
                row = (thread_id, call_id, model, *texts, INTENT, owner, None, None, None, time.time(), seconds)
                db.execute(f"INSERT INTO seacloud_tasks ({_COLUMNS}) VALUES ({_MARKS})", row)  # noqa: S608  # ours
                db.execute("COMMIT")
        return _entry(row)

    def renew(self, thread_id: str, call_id: str, owner: str) -> bool:
        """Renews the owner's intent, for another attempt to post. Says whether it is still there: else nobody may."""
        return self._write(
            "UPDATE seacloud_tasks SET changed = ? WHERE thread_id = ? AND call_id = ? AND state = ? AND owner = ?",
            lambda now: (now, thread_id, call_id, INTENT, owner),
        )

    def release(self, thread_id: str, call_id: str, owner: str) -> None:
        """Takes the owner's intent back: the task was certainly not created."""
        self._write(
            "DELETE FROM seacloud_tasks WHERE thread_id = ? AND call_id = ? AND state = ? AND owner = ?",
            lambda _: (thread_id, call_id, INTENT, owner),
        )

    def posted(self, thread_id: str, call_id: str, request_id: str, *, owner: str | None = None) -> bool:
        """Records the task's id. Says whether the call is known; to `owner`, as its own, where that is given."""
        return self._change(thread_id, call_id, owner, POSTED, request_id=request_id)

    def done(self, thread_id: str, call_id: str, answer: Any, *, owner: str | None = None) -> None:
        """Records what the tool gave: JSON."""
        self._change(thread_id, call_id, owner, DONE, answer=json.dumps(answer))

    def failed(self, thread_id: str, call_id: str, problem: str, *, owner: str | None = None) -> None:
        """Records what the agent's model was told of a failure."""
        self._change(thread_id, call_id, owner, FAILED, problem=problem)

    def unknown(
        self, thread_id: str, call_id: str, problem: str, *, owner: str | None = None, under_way: bool = False
    ) -> None:
        """Records that nobody knows whether there is a task, and why; and whether its post may still be under way."""
        self._change(thread_id, call_id, owner, UNKNOWN, problem=problem, under_way=under_way)

    def settle(self, thread_id: str, call_id: str, request_id: str) -> bool:
        """For a person who has looked and found the task of a call: the resumed run goes on with it.

        Says whether there was such a call: not if it is over, nor as long as its process may just be posting it.

        Raises:
            InvalidInputError: for what can be no id.
        """
        check_id(request_id, "request id")
        return self._write(
            "UPDATE seacloud_tasks SET state = ?, request_id = ?, problem = NULL, changed = ?, seconds = 0 "  # noqa: S608  # ours
            f"WHERE {_OPEN}",
            lambda now: (POSTED, request_id, now, *self._open_call(thread_id, call_id, now, INTENT)),
        )

    def forget(self, thread_id: str, call_id: str) -> bool:
        """For a person who has looked and found that there is no task: the resumed run may post it.

        Says whether there was such a call: not if it is over, nor as long as its task may just be being posted. That is
        half a minute, also after a post that was interrupted or timed out: what was sent may still arrive.
        """
        return self._write(
            f"DELETE FROM seacloud_tasks WHERE {_OPEN}",  # noqa: S608  # ours
            lambda now: self._open_call(thread_id, call_id, now, UNKNOWN),
        )

    def delete_thread(self, thread_id: str) -> None:
        """Forgets a conversation, as the checkpointer's method of this name does."""
        self._write("DELETE FROM seacloud_tasks WHERE thread_id = ?", lambda _: (thread_id,))

    def patience_with(self, entry: JournalEntry) -> float:
        """For how many seconds from its change a post of a call is taken to be under way."""
        return entry.seconds if self.patience is None else self.patience

    def _open_call(self, thread_id: str, call_id: str, now: float, state: str) -> tuple[Any, ...]:
        """The values for `_OPEN`. `state` is what may be under way besides an intent."""
        return (thread_id, call_id, DONE, FAILED, INTENT, state, now, now, self.patience)

    def _change(
        self,
        thread_id: str,
        call_id: str,
        owner: str | None,
        state: str,
        *,
        request_id: str | None = None,
        answer: str | None = None,
        problem: str | None = None,
        under_way: bool = False,
    ) -> bool:
        facts = (state, request_id, answer, _writable(problem))
        return self._write(
            "UPDATE seacloud_tasks SET state = ?, request_id = COALESCE(?, request_id), answer = ?, problem = ?, "
            "changed = ?, seconds = seconds * ? WHERE thread_id = ? AND call_id = ? AND owner = COALESCE(?, owner)",
            lambda now: (*facts, now, under_way, thread_id, call_id, owner),
        )

    def _write(self, query: str, values: Callable[[float], tuple[Any, ...]]) -> bool:
        """Changes a row. Its values are made, from the time, when nobody else writes any more."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            changed = db.execute(query, values(time.time())).rowcount > 0
            db.execute("COMMIT")
        return changed

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


def _use_wal(db: sqlite3.Connection) -> None:
    """Lets readers and a writer go on beside each other; the file remembers it.

    Where two processes make this change at the same time, SQLite refuses one of them at once, whatever the time it was
    told to wait: so it is asked again.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _row(db: sqlite3.Connection, thread_id: str, call_id: str) -> tuple[Any, ...] | None:
    query = f"SELECT {_COLUMNS} FROM seacloud_tasks WHERE thread_id = ? AND call_id = ?"  # noqa: S608  # ours
    row: tuple[Any, ...] | None = db.execute(query, (thread_id, call_id)).fetchone()
    return row


def _count(db: sqlite3.Connection, thread_id: str, models: Collection[str] | None) -> int:
    query, values = "SELECT COUNT(*) FROM seacloud_tasks WHERE thread_id = ?", [thread_id]
    if models is not None:
        query += f" AND model IN ({', '.join('?' for _ in models)})"
        values += models
    return int(db.execute(query, values).fetchone()[0])


def _entry(row: tuple[Any, ...]) -> JournalEntry:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    try:
        read = {name: json.loads(values[name] or "null") for name in ("said", "parameters", "answer")}
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"What the journal has of thread {values['thread_id']}, call {values['call_id']}, cannot be read: {error}."
        ) from error
    return JournalEntry(**{**values, **read})


def _readable_entry(row: tuple[Any, ...]) -> JournalEntry:
    try:
        return _entry(row)
    except ConfigurationError as error:
        values = dict(zip(_COLUMNS.split(", "), row, strict=True))
        unread: dict[str, Any] = {"said": {}, "parameters": {}, "answer": None}
        return JournalEntry(**{**values, **unread, "state": UNKNOWN, "problem": error.message})


def _writable(text: str | None) -> str | None:
    """A text without halves of surrogate pairs, which SQLite does not take: a stranger's words may hold them."""
    return None if text is None else text.encode("utf-8", "replace").decode()
