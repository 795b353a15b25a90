"""Requests: what others sent is what our encoders make of the same wish. What differs is listed, with its reason."""

from __future__ import annotations

import pytest

from .recordings import PROTOCOLS, SKIP, Recording
from .request_compare import compare, differences, reasons, recorded_requests

ALLOWED = 10
"""How many differences there may be, of all protocols together."""


def paths(recording: Recording) -> set[str]:
    return {line.partition(": recorded")[0] for line in compare(recording)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@SKIP
def test_the_recorded_requests_are_encoded_as_they_were_sent(protocol: str):
    requests = recorded_requests(protocol)
    assert len(requests) >= 30
    strange = {
        f"{recording.id}: {line}"
        for recording in requests
        for line in compare(recording)
        if (recording.id, line.partition(": recorded")[0]) not in reasons()
    }
    assert strange == set()


@SKIP
def test_the_differences_are_few_and_each_has_a_reason():
    found = {(recording.id, path) for recording in recorded_requests() for path in paths(recording)}
    for recording_id, path in sorted(found):
        print(f"{recording_id} {path}: {reasons().get((recording_id, path))}")  # noqa: T201
    print(f"{len(found)} differences in {len(recorded_requests())} requests")  # noqa: T201
    assert found == reasons().keys()
    assert len(found) <= ALLOWED


def test_a_difference_is_found_wherever_it_is():
    one = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": [{"a": {"default": None}}]}
    assert differences(one, one, "chat_completions") == []
    assert differences(one, {**one, "messages": [{"role": "user", "content": "ho"}]}) == [
        "messages[0].content: recorded 'hi', ours 'ho'"
    ]
    assert differences(one, {**one, "tools": [{"a": {}}]}, "chat_completions") == [
        "tools[0].a.default: recorded None, ours nothing"
    ]
    assert differences({"n": 1}, {"n": True}) == ["n: recorded 1, ours True"]
    assert len(differences(one, {**one, "messages": []})) == 1


def test_only_documented_defaults_may_be_left_out():
    assert differences({"stream": False, "stop": None}, {}, "chat_completions") == []
    assert len(differences({"stream": True, "n": 2}, {}, "chat_completions")) == 2
