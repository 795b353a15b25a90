"""The record of what durable tools asked for: who may post, what is known, and what a person may change."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.journal import JournalEntry, TaskJournal


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    return TaskJournal(tmp_path / "journal.sqlite")


def states(journal: TaskJournal) -> list[str]:
    return [entry.state for entry in journal.entries("t")]


def claim(journal: TaskJournal, thread: str = "t", owner: str = "one", **parameters: Any) -> JournalEntry:
    return journal.claim(thread, "c", model="m", said={}, parameters=parameters, owner=owner)


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


def test_what_is_known_cannot_be_forgotten_as_unknown(journal: TaskJournal) -> None:
    claim(journal)
    journal.posted("t", "c", "mmsu_1")
    assert not journal.forget("t", "c")
    assert not journal.settle("t", "c", "mmsu_2")
    assert [entry.request_id for entry in journal.entries()] == ["mmsu_1"]


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


def test_an_intent_that_is_released_between_two_looks(journal: TaskJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process writes its intent first, and takes it back before this one has read it."""
    claim(journal, owner="another")
    find, looks = journal.find, []

    def find_late(*call: str) -> JournalEntry | None:
        looks.append(call)
        if len(looks) == 1:
            journal.release(*call, "another")
        return find(*call)

    monkeypatch.setattr(journal, "find", find_late)
    assert claim(journal).owner == "one"
