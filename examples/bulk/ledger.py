"""The record of a bulk run: what was asked for, what was posted, what came of it. SQLite, shared by all workers.

A prompt's row goes this way, and each step is on disk before the next one is taken:

    (no row) -> posting -> posted -> done | failed
                    `----> unknown

Whoever inserts the row, and nobody else, may post the prompt: so nothing is posted twice, even if a worker that was
taken for dead goes on. A row that is still `posting` when no worker is at work any more was interrupted between the
post and its record. Its task may exist: it is `unknown`, which a person has to look at.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds to wait for another worker's write."""

_TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, model TEXT, request_id TEXT, outputs TEXT, problem TEXT, changed REAL
);
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY CHECK (id = 1), next REAL NOT NULL, stopped TEXT);
INSERT OR IGNORE INTO run VALUES (1, 0, NULL);
"""


class Ledger:
    """A connection to the record. Make one in each thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # a commit is on disk when it returns, power cut or not
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Closes the connection."""
        self._db.close()

    def state(self, key: str) -> tuple[str, str | None] | None:
        """How far a job is, and its task's id; `None` if nobody has begun it."""
        row = self._db.execute("SELECT state, request_id FROM jobs WHERE key = ?", (key,)).fetchone()
        return None if row is None else (row[0], row[1])

    def claim(self, key: str, model: str) -> bool:
        """Takes a job, before it is posted. Says whether it was free: if not, it must not be posted."""
        values = (key, "posting", model, time.time())
        cursor = self._db.execute("INSERT OR IGNORE INTO jobs (key, state, model, changed) VALUES (?, ?, ?, ?)", values)
        return cursor.rowcount == 1

    def release(self, key: str) -> None:
        """Gives a job back that was certainly not posted."""
        self._db.execute("DELETE FROM jobs WHERE key = ? AND state = 'posting'", (key,))

    def posted(self, key: str, request_id: str) -> None:
        """Records the task's id: with the model, it is all that is needed to go on."""
        self._db.execute(
            "UPDATE jobs SET state = 'posted', request_id = ?, changed = ? WHERE key = ?",
            (request_id, time.time(), key),
        )

    def done(self, key: str, outputs: list[dict[str, Any]]) -> None:
        """Records what a task made."""
        self._over(key, "done", outputs=json.dumps(outputs))

    def failed(self, key: str, problem: str) -> None:
        """Records that a task failed, or was refused."""
        self._over(key, "failed", problem=problem)

    def unknown(self, key: str, problem: str) -> None:
        """Records that nobody knows whether there is a task."""
        self._over(key, "unknown", problem=problem)

    def left(self, key: str, problem: str) -> None:
        """Records why a task was not waited for to its end. It stays `posted`: the next run goes on with it."""
        self._db.execute("UPDATE jobs SET problem = ? WHERE key = ? AND state = 'posted'", (problem, key))

    def begin(self) -> None:
        """Begins a run. Only when no worker is at work: see `settle`."""
        self.settle()
        self._db.execute("UPDATE run SET next = 0, stopped = NULL")

    def settle(self) -> int:
        """Calls every job unknown that was left in the middle of its post. Only when no worker is at work."""
        problem = "interrupted between the post and its record"
        cursor = self._db.execute("UPDATE jobs SET state = 'unknown', problem = ? WHERE state = 'posting'", (problem,))
        return cursor.rowcount

    def stop(self, reason: str) -> None:
        """Lets no worker post anything more: the key is at fault, say, and no other job would do better."""
        self._db.execute("UPDATE run SET stopped = ? WHERE stopped IS NULL", (reason,))

    @property
    def stopped(self) -> str | None:
        """Why nothing more is posted; `None` if all is well."""
        reason: str | None = self._db.execute("SELECT stopped FROM run").fetchone()[0]
        return reason

    def forget(self, key: str) -> bool:
        """Lets an unknown job be posted again: somebody has looked, and there is no task."""
        return self._db.execute("DELETE FROM jobs WHERE key = ? AND state = 'unknown'", (key,)).rowcount == 1

    def turn(self, rate: float) -> float:
        """Takes the next turn to post, `rate` turns a second for all workers. Gives the seconds until then."""
        now = time.time()
        query = "UPDATE run SET next = MAX(next, ?) + ? RETURNING next"
        [(after,)] = self._db.execute(query, (now, 1 / rate)).fetchall()
        return max(0.0, float(after) - 1 / rate - now)

    def counts(self) -> dict[str, int]:
        """How many jobs are in which state."""
        return dict(self._db.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall())

    def rows(self, *states: str) -> Iterator[dict[str, Any]]:
        """The jobs in these states."""
        marks = ", ".join("?" * len(states))
        query = (
            f"SELECT key, state, model, request_id, outputs, problem FROM jobs WHERE state IN ({marks}) ORDER BY key"  # noqa: S608  # marks alone
        )
        for key, state, model, request_id, outputs, problem in self._db.execute(query, states):
            made = json.loads(outputs) if outputs else []
            yield {
                "key": key,
                "state": state,
                "model": model,
                "request_id": request_id,
                "outputs": made,
                "problem": problem,
            }

    def open_keys(self, keys: Iterable[str]) -> list[str]:
        """Those of the jobs that there is something left to do for."""
        over = {key for (key,) in self._db.execute("SELECT key FROM jobs WHERE state IN ('done', 'failed', 'unknown')")}
        return [key for key in keys if key not in over]

    def _over(self, key: str, state: str, *, outputs: str | None = None, problem: str | None = None) -> None:
        self._db.execute(
            "UPDATE jobs SET state = ?, outputs = ?, problem = ?, changed = ? WHERE key = ?",
            (state, outputs, problem, time.time(), key),
        )
