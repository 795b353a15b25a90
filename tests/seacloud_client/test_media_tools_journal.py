"""The record of what durable tools asked for: who may post, what is known, and what a person may change."""

from __future__ import annotations

import pickle
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from seacloud_client.errors import ConfigurationError, InvalidInputError
from seacloud_client.media_tools.journal import PATIENCE, JournalEntry, TaskJournal


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    return TaskJournal(tmp_path / "journal.sqlite", patience=0.0)


def states(journal: TaskJournal) -> list[str]:
    return [entry.state for entry in journal.entries("t")]


def claim(journal: TaskJournal, thread: str = "t", owner: str = "one", **parameters: Any) -> JournalEntry:
    entry = journal.claim(thread, "c", model="m", said={}, parameters=parameters, owner=owner)
    assert entry is not None
    return entry


def test_who_claims_first_may_post(journal: TaskJournal) -> None:
    assert claim(journal, prompt="é", n=1.5).owner == "one"
    assert claim(journal, owner="two").owner == "one"
    found = journal.find("t", "c")
    assert found is not None
    assert found.parameters == {"prompt": "é", "n": 1.5}
    assert journal.find("t", "other") is None


def test_only_the_owner_releases_and_only_an_intent(journal: TaskJournal) -> None:
    claim(journal)
    journal.release("t", "c", "two")
    assert states(journal) == ["intent"]
    assert journal.posted("t", "c", "mmsu_1")
    journal.release("t", "c", "one")
    assert states(journal) == ["posted"]
    assert not journal.posted("t", "other", "mmsu_1")


def test_what_is_over_cannot_be_changed(journal: TaskJournal) -> None:
    claim(journal)
    journal.posted("t", "c", "mmsu_1")
    for end in (journal.done, journal.failed):
        end("t", "c", "a cat")
        assert not journal.forget("t", "c")
        assert not journal.settle("t", "c", "mmsu_2")
    assert [entry.request_id for entry in journal.entries()] == ["mmsu_1"]


def test_a_wrong_handle_can_be_put_right(journal: TaskJournal) -> None:
    claim(journal)
    journal.unknown("t", "c", "The post was interrupted.")
    assert journal.settle("t", "c", "mmsu_typo")
    assert journal.settle("t", "c", "mmsu_1")
    (entry,) = journal.entries()
    assert (entry.state, entry.request_id, entry.problem) == ("posted", "mmsu_1", None)
    assert journal.forget("t", "c")
    assert journal.entries() == []


@pytest.mark.parametrize("wrong", ["mmsu_1 ", "../../x", "", "a\n"])
def test_what_can_be_no_handle_is_refused(journal: TaskJournal, wrong: str) -> None:
    claim(journal)
    journal.unknown("t", "c", "The post was interrupted.")
    with pytest.raises(InvalidInputError, match="The request id"):
        journal.settle("t", "c", wrong)
    assert states(journal) == ["unknown"]


def test_an_intent_that_may_be_under_way_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = TaskJournal(tmp_path / "journal.sqlite")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    claim(journal)
    assert not journal.forget("t", "c")
    assert not journal.settle("t", "c", "mmsu_1")
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert journal.settle("t", "c", "mmsu_1"), "the clock was put back"
    claim(journal, "u")
    monkeypatch.setattr(time, "time", lambda: now - 3600 + PATIENCE - 1)
    assert not journal.forget("u", "c")
    monkeypatch.setattr(time, "time", lambda: now - 3600 + PATIENCE + 1)
    assert journal.forget("u", "c")


def test_each_intent_says_how_long_its_post_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a person's journal, and another process's, follow the `request_timeout` of whoever posts."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    TaskJournal(tmp_path / "journal.sqlite").claim(
        "t", "c", model="m", said={}, parameters={}, owner="one", seconds=120.0
    )
    journal = TaskJournal(tmp_path / "journal.sqlite")
    now[0] += 119
    assert not journal.forget("t", "c")
    assert journal.renew("t", "c", "one")
    now[0] += 119
    assert not journal.forget("t", "c")
    now[0] += 2
    assert journal.forget("t", "c")


def test_an_intent_is_renewed_by_its_owner_alone(journal: TaskJournal) -> None:
    before = claim(journal)
    assert not journal.renew("t", "c", "two")
    assert journal.entries() == [before]
    assert journal.renew("t", "c", "one")
    assert journal.entries()[0].changed > before.changed
    journal.unknown("t", "c", "No answer came.")
    assert not journal.renew("t", "c", "one")
    assert not journal.renew("t", "d", "one")


@pytest.mark.parametrize("under_way", [True, False])
def test_a_post_that_may_still_be_under_way_is_not_forgotten(tmp_path: Path, *, under_way: bool) -> None:
    journal = TaskJournal(tmp_path / "journal.sqlite")
    claim(journal)
    journal.unknown("t", "c", "The post was interrupted.", under_way=under_way)
    assert journal.forget("t", "c") is not under_way
    assert journal.settle("t", "c", "mmsu_1") is under_way, "a task that was found is one"


def test_an_intent_is_as_old_as_it_is_there(tmp_path: Path) -> None:
    """It may have to wait for another's write first."""
    journal = TaskJournal(tmp_path / "journal.sqlite")
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        claiming = pool.submit(claim, journal)
        time.sleep(0.3)
        written = time.time()
        other.execute("COMMIT")
        assert claiming.result(20).changed >= written


def test_an_intent_that_comes_while_the_journal_is_waited_for(tmp_path: Path) -> None:
    """Who wants to forget a call waits for another's write: that of the intent."""
    journal = TaskJournal(tmp_path / "journal.sqlite")
    claim(journal)
    with closing(sqlite3.connect(journal.path, isolation_level=None)) as other, ThreadPoolExecutor(1) as pool:
        other.execute("BEGIN IMMEDIATE")
        forgetting = pool.submit(journal.forget, "t", "c")
        time.sleep(0.3)
        other.execute("UPDATE seacloud_tasks SET changed = ?", (time.time(),))
        other.execute("COMMIT")
        assert forgetting.result(20) is False


def test_only_the_owner_writes_what_became_of_it(journal: TaskJournal) -> None:
    """One was forgotten while it was posting after all: the call is another's since."""
    claim(journal, owner="two")
    assert not journal.posted("t", "c", "mmsu_1", owner="one")
    journal.unknown("t", "c", "No answer came.", owner="one")
    journal.done("t", "c", "a cat", owner="one")
    journal.failed("t", "c", "It failed.", owner="one")
    assert [(entry.state, entry.request_id) for entry in journal.entries()] == [("intent", None)]
    assert journal.posted("t", "c", "mmsu_2", owner="two")


def test_a_limit_is_counted_with_the_claim(journal: TaskJournal) -> None:
    def within(call_id: str, model: str = "m", **limit: Any) -> JournalEntry | None:
        return journal.claim("t", call_id, model=model, said={}, parameters={}, owner=call_id, **limit)

    only_m: Any = {"limit": 1, "models": {"m"}}
    assert within("a", **only_m) is not None
    assert within("b", **only_m) is None
    again = within("a", **only_m)
    assert again is not None, "it is counted already"
    assert again.owner == "a"
    assert within("b", "n", limit=1, models={"n"}) is not None
    assert within("c", limit=2) is None
    assert within("c", limit=3, models={"m", "n"}) is not None
    assert (journal.count("t"), journal.count("t", {"m"}), journal.count("t", ())) == (3, 2, 0)


def test_a_new_file_can_be_opened_by_several_at_once(tmp_path: Path) -> None:
    """SQLite refuses to change a file's mode while another connection is about to write, and waits for nothing."""
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        ending = threading.Timer(0.2, other.execute, ("COMMIT",))
        ending.start()
        journal = TaskJournal(path)
        ending.join()
    assert claim(journal).owner == "one"
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_new_file_that_somebody_keeps_to_himself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacloud_client.media_tools.journal.LOCK_SECONDS", 0.1)
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="cannot be used: database is locked"):
            TaskJournal(path)


def test_a_limit_holds_for_all_at_once(tmp_path: Path) -> None:
    """Each with a journal of its own on the same file, as processes have it."""
    path, start = tmp_path / "journal.sqlite", threading.Barrier(8, timeout=20)

    def work(number: int) -> JournalEntry | None:
        journal, name = TaskJournal(path), str(number)
        start.wait()
        return journal.claim("t", name, model="m", said={}, parameters={}, owner=name, limit=3)

    with ThreadPoolExecutor(8) as pool:
        claimed = [entry for entry in pool.map(work, range(8)) if entry is not None]
    assert len(claimed) == TaskJournal(path).count("t") == 3


@pytest.mark.parametrize("column", ["said", "parameters", "answer"])
@pytest.mark.parametrize("garbage", ["{bad", "[" * 100_000, b"\xff"])
def test_a_row_that_cannot_be_read(journal: TaskJournal, column: str, garbage: str | bytes) -> None:
    for thread in ("t", "u"):
        claim(journal, thread)
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute(f"UPDATE seacloud_tasks SET {column} = ? WHERE thread_id = 't'", (garbage,))  # noqa: S608  # ours
    with pytest.raises(ConfigurationError, match="thread t, call c, cannot be read"):
        journal.find("t", "c")
    broken, whole = journal.entries()
    assert (broken.state, broken.call_id, broken.said) == ("unknown", "c", {})
    assert "cannot be read" in (broken.problem or "")
    assert whole.state == "intent"


def test_a_strangers_words_are_written_down_whatever_they_are(journal: TaskJournal) -> None:
    claim(journal)
    journal.unknown("t", "c", "No answer \ud83d came.")
    assert [entry.problem for entry in journal.entries()] == ["No answer ? came."]


def test_threads_are_apart(journal: TaskJournal) -> None:
    for thread in ("t", "u"):
        claim(journal, thread)
    assert journal.count("t") == 1
    journal.delete_thread("t")
    assert [entry.thread_id for entry in journal.entries()] == ["u"]


@pytest.mark.parametrize("path", ["", ":memory:", "file:x?mode=memory"])
def test_it_is_a_file(path: str) -> None:
    with pytest.raises(ConfigurationError, match="a file on disk"):
        TaskJournal(path)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used"):
        TaskJournal(tmp_path / "nowhere" / "journal.sqlite")


def test_it_shows_where_it_is(journal: TaskJournal) -> None:
    assert str(journal.path) in repr(journal)


def test_the_end_is_kept(journal: TaskJournal) -> None:
    claim(journal)
    journal.posted("t", "c", "mmsu_1")
    journal.done("t", "c", {"text": "a cat", "pictures": []})
    (entry,) = journal.entries()
    assert (entry.state, entry.request_id, entry.answer) == ("done", "mmsu_1", {"text": "a cat", "pictures": []})
    journal.failed("t", "c", "It failed.")
    (entry,) = journal.entries()
    assert (entry.state, entry.request_id, entry.answer, entry.problem) == ("failed", "mmsu_1", None, "It failed.")


def test_what_a_person_has_found(journal: TaskJournal) -> None:
    for thread in ("t", "u"):
        claim(journal, thread)
        journal.unknown(thread, "c", "The post was interrupted.")
    assert journal.settle("t", "c", "mmsu_1")
    assert journal.forget("u", "c")
    assert [(entry.thread_id, entry.state, entry.request_id) for entry in journal.entries()] == [
        ("t", "posted", "mmsu_1")
    ]


def test_a_copy_is_the_same_file(journal: TaskJournal) -> None:
    claim(journal)
    copied = pickle.loads(pickle.dumps(journal))  # noqa: S301  # it is our own
    assert copied.entries() == journal.entries()


def test_an_intent_that_was_released_is_anybodys(journal: TaskJournal) -> None:
    claim(journal, owner="another")
    journal.release("t", "c", "another")
    assert claim(journal).owner == "one"
