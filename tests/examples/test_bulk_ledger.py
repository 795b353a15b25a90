"""The bulk example's record: who may post, and what is known after an interruption. It needs no Dask."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "examples" / "bulk" / "ledger.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("bulk_ledger", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Ledger = load().Ledger


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "run.db")
    yield made
    made.close()


@pytest.fixture
def other(tmp_path, ledger):
    made = Ledger(tmp_path / "run.db")
    yield made
    made.close()


def test_one_alone_may_post(tmp_path, ledger):
    """Twenty threads with connections of their own want each of fifty jobs."""
    taken: list[str] = []
    start = threading.Barrier(20, timeout=20)

    def work() -> None:
        own = Ledger(tmp_path / "run.db")
        start.wait()
        taken.extend(key for key in map(str, range(50)) if own.claim(key, "m"))
        own.close()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(map(str, range(50)))
    assert ledger.counts() == {"posting": 50}


def test_a_job_is_seen_by_all(ledger, other):
    assert ledger.state("a") is None
    assert ledger.claim("a", "m")
    assert not other.claim("a", "m")
    ledger.posted("a", "mmsu_1")
    assert other.state("a") == ("posted", "mmsu_1")
    assert other.open_keys(["a", "b"]) == ["a", "b"]
    other.done("a", [{"type": "image", "url": "u"}])
    [row] = ledger.rows("done")
    assert (row["key"], row["model"], row["request_id"]) == ("a", "m", "mmsu_1")
    assert row["outputs"] == [{"type": "image", "url": "u"}]
    assert ledger.open_keys(["a", "b"]) == ["b"]


def test_what_was_not_posted_is_free_again(ledger, other):
    ledger.claim("a", "m")
    ledger.release("a")
    assert other.claim("a", "m")
    other.posted("a", "mmsu_1")
    other.release("a")
    assert ledger.state("a") == ("posted", "mmsu_1")


def test_what_was_interrupted_is_unknown_until_somebody_has_looked(ledger, other):
    for key in ("a", "b", "c"):
        ledger.claim(key, "m")
    ledger.posted("b", "mmsu_1")
    ledger.failed("c", "blocked")
    ledger.stop("no balance")
    assert other.stopped == "no balance"
    other.begin()
    assert other.stopped is None
    assert other.counts() == {"unknown": 1, "posted": 1, "failed": 1}
    assert not other.claim("a", "m")
    assert not other.forget("b")
    assert other.forget("a")
    assert other.claim("a", "m")


def test_a_late_record_wins(ledger, other):
    """A worker that was taken for dead goes on after all: what it knows is better than not to know."""
    ledger.claim("a", "m")
    other.settle()
    ledger.posted("a", "mmsu_1")
    assert other.state("a") == ("posted", "mmsu_1")


def test_turns_are_shared(ledger, other):
    waits = [one.turn(0.1) for one in (ledger, other) * 5]
    assert waits == pytest.approx([10.0 * number for number in range(10)], abs=5)
    ledger.begin()
    assert other.turn(0.1) == 0
