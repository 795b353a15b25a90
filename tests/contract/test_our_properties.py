"""What is true of our reading of every recording, on all three protocols, however its bytes arrive."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from seacloud_client.conversation import Finish
from seacloud_client.deltas import FinishDelta, PartEnd, PartStart, ResponseMeta, UsageDelta
from seacloud_client.folding import Fold, unfold

from .our_reading import Outcome, outcome_of
from .recordings import Recording, parametrize

streams = parametrize(stream=True)

TRAILING = (
    b'data: {"choices": [{"index": 0, "delta": {"content": "late"}}], "type": "late"}\n\n',
    b": late\n\n\r\n",
    b"da",
)
"""What may come behind the end of a stream: more events, comments, the beginning of an event."""


def seen(outcome: Outcome) -> tuple[Any, ...]:
    error = outcome.error
    return outcome.deltas, outcome.reply, type(error), str(error)


def ends_by_itself(recording: Recording) -> bool:
    """Tell whether the stream says that it is at its end: `[DONE]`, or the last event of its protocol."""
    tail = recording.response[-300:]
    return "[DONE]" in tail or recording.protocol != "chat_completions"


@streams
def test_fed_byte_by_byte_is_as_fed_whole(recording: Recording):
    body = recording.response.encode()
    pieces = [body[place : place + 1] for place in range(len(body))]
    assert seen(outcome_of(recording, pieces)) == seen(outcome_of(recording))


@streams
def test_line_ends_and_a_byte_order_mark_change_nothing(recording: Recording):
    body = recording.response.encode().replace(b"\r\n", b"\n")
    for other in (body.replace(b"\n", b"\r\n"), body.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + body):
        assert seen(outcome_of(recording, [other])) == seen(outcome_of(recording))


@streams
def test_what_comes_behind_the_end_is_not_read(recording: Recording):
    if not ends_by_itself(recording):
        pytest.skip("this stream does not say that it is at its end")
    body = recording.response.encode()
    for trailing in TRAILING:
        assert seen(outcome_of(recording, [body, trailing])) == seen(outcome_of(recording))


@streams
def test_comments_between_events_change_nothing(recording: Recording):
    body = recording.response.encode().replace(b"\n\n", b"\n\n: ping\n\n\n")
    assert seen(outcome_of(recording, [body])) == seen(outcome_of(recording))


@streams
def test_usage_and_finish_come_once(recording: Recording):
    outcome = outcome_of(recording)
    kinds = Counter(type(delta) for delta in outcome.deltas)
    finishes = Counter(delta.choice for delta in outcome.deltas if isinstance(delta, FinishDelta))
    assert outcome.reply is not None
    assert kinds[UsageDelta] <= 1
    assert set(finishes.values()) <= {1}
    if outcome.error is None:
        assert len(finishes) == len(outcome.reply.choices) >= 1
        assert (kinds[UsageDelta] == 1) == (outcome.reply.usage is not None)


@streams
def test_parts_start_and_end_once_and_nothing_is_said_of_them_outside(recording: Recording):
    outcome = outcome_of(recording)
    state: dict[tuple[int, int], str] = {}
    for delta in outcome.deltas:
        part = getattr(delta, "part", None)
        if part is None:
            continue
        place = (delta.choice, part)
        if isinstance(delta, PartStart):
            assert place not in state
            state[place] = "open"
        else:
            assert state[place] == "open"
            if isinstance(delta, PartEnd):
                state[place] = "closed"
    if outcome.error is None:
        assert set(state.values()) <= {"closed"}


@streams
def test_no_fact_of_the_reply_is_told_twice(recording: Recording):
    told: Counter[str] = Counter()
    for delta in outcome_of(recording).deltas:
        if isinstance(delta, ResponseMeta):
            names = ("id", "model", "created", "service_tier", "request_id")
            told.update(name for name in names if getattr(delta, name) is not None)
    assert [name for name, times in told.items() if times > 1] == []


@parametrize()
def test_a_reply_told_as_deltas_and_folded_again_is_the_same(recording: Recording):
    reply = outcome_of(recording).reply
    if reply is not None:
        assert Fold().add_all(unfold(reply)).reply() == reply


@parametrize()
def test_every_finish_is_a_word_that_we_know(recording: Recording):
    outcome = outcome_of(recording)
    if outcome.error is None:
        assert outcome.reply is not None
        assert [choice.finish_reason for choice in outcome.reply.choices if choice.finish is Finish.UNKNOWN] == []
