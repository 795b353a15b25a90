"""The targets can fail: what they compare with and what they hold to is right, and notices what is wrong."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from seacloud_client.conversation import Choice, Finish, Native, Reasoning, Reply, Text, ToolCall, Usage
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.sse import ServerSentEvent

from fuzz import growth_target
from fuzz.answer_targets import check_page, read_answer
from fuzz.halving import halve
from fuzz.mutating import MAX_SIZE
from fuzz.promises import check_deltas
from fuzz.reference_schema import is_plain, is_valid
from fuzz.stream_targets import standard_events
from fuzz.targets import TARGETS

REPLY = Reply(protocol="responses", choices=(Choice(index=0),))
META = ResponseMeta("responses", id="r")
START, SAY, END = PartStart(0, 0, Text("")), TextDelta(0, 0, "a"), PartEnd(0, 0)
FINISH = FinishDelta(0, Finish.STOP)
USAGE = UsageDelta(Usage(input_tokens=1, output_tokens=1, total_tokens=2))
THOUGHT = PartStart(0, 1, Reasoning("", signature="s"))
SIGNED = ReasoningDelta(0, 1, signature="s")
NAMED = (PartStart(0, 1, ToolCall("", "f", "")), ToolCallDelta(0, 1, id="t"))
GOOD: list[Delta] = [META, START, SAY, END, USAGE, FINISH]


def test_a_good_stream_keeps_the_promises():
    check_deltas(GOOD, REPLY, is_whole=True)
    check_deltas([META, START, SAY], REPLY, is_whole=False)
    check_deltas([META, START, *NAMED, END, PartEnd(0, 1), FINISH], REPLY, is_whole=True)


@pytest.mark.parametrize(
    "bad",
    [
        [META, START, START, END, FINISH],
        [META, SAY, START, END, FINISH],
        [META, START, END, SAY, FINISH],
        [META, START, END, END, FINISH],
        [META, START, SAY, FINISH],
        [META, START, END],
        [META, START, END, FINISH, FINISH],
        [META, FINISH, START, END],
        [META, META, START, END, FINISH],
        [META, START, END, USAGE, USAGE, FINISH],
        [ResponseMeta("messages"), START, END, FINISH],
        [META, PartStart(0, 0, Native("responses", {})), SAY, END, FINISH],
        [META, PartStart(0, 0, Native("responses", {})), AnnotationDelta(0, 0, None), END, FINISH],  # type: ignore[arg-type]  # whichever
        [META, THOUGHT, SIGNED, PartEnd(0, 1), FINISH],
        [META, PartStart(0, 1, Reasoning("")), SIGNED, SIGNED, PartEnd(0, 1), FINISH],
        [META, *NAMED, NAMED[1], PartEnd(0, 1), FINISH],
    ],
)
def test_a_bad_stream_does_not(bad: list[Delta]):
    with pytest.raises(AssertionError):
        check_deltas(bad, REPLY, is_whole=True)


def test_the_standards_own_examples():
    """HTML Living Standard, 9.2.6, the streams that it interprets."""
    stock = b"data: YHOO\ndata: +2\ndata: 10\n\n"
    assert [event.data for event in standard_events(stock)] == [b"YHOO\n+2\n10"]
    four = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert [event.data for event in standard_events(four)] == [b"first event", b"second event", b" third event"]
    assert [event.data for event in standard_events(b"data\n\ndata\ndata\n\n")] == [b"", b"\n"]
    assert [event.event for event in standard_events(b"event: add\ndata: 7\n\nevent\ndata: 2\n\n")] == ["add", ""]


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"type": "integer", "multipleOf": 3}, [3, 3.0, -6], [4, "3", True, 3.5]),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, [1, 0.5], [0, 1.5]),
        ({"type": "string", "minLength": 1, "maxLength": 2}, ["a", "é日"], ["", "abc", 1]),
        ({"type": "array", "items": {"type": "null"}, "minItems": 1}, [[None]], [[], [1], None]),
        ({"type": ["boolean", "null"]}, [True, None], [0, "true"]),
        ({"type": "integer", "enum": [1, 2]}, [1, 1.0], [3, True]),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, [{"a": ""}, {"a": "", "b": 1}], [{}, {"a": 1}]),
        ({"properties": {"a": {}}, "additionalProperties": False}, [{}, {"a": 1}], [{"b": 1}]),
    ],
)
def test_the_reference_of_json_schema(schema: dict[str, Any], valid: list[Any], invalid: list[Any]):
    assert all(is_plain(schema, value) and is_valid(value, schema) for value in valid)
    assert not any(is_valid(value, schema) for value in invalid)


@pytest.mark.parametrize(
    "page",
    ["<script>", "<img src=javascript:1>", "<a href='data:image/png,x'>", "<a onclick=x>", "<!-- -->", "<!x>", "<?x>"],
)
def test_what_may_not_be_on_a_page(page: str):
    check_page('<figure><img src="https://a.test/x" alt="&lt;script&gt;"></figure>')
    with pytest.raises(AssertionError):
        check_page(page)


@pytest.mark.parametrize(("power", "is_found"), [(1.0, False), (1.2, False), (1.5, True), (2.0, True)])
def test_work_that_grows_faster_than_the_stream_is_found(monkeypatch, power: float, is_found: bool):
    monkeypatch.setattr(growth_target, "_seconds", lambda _protocol, _parts, times: 1e-5 * times**power)
    data = json.dumps({"protocol": "messages", "before": [], "again": [{}], "after": []}).encode()
    if is_found:
        with pytest.raises(AssertionError):
            growth_target.check_growth(data)
    else:
        growth_target.check_growth(data)


def test_an_answer_is_read_as_http_has_it():
    answer = read_answer(b"429\nRetry-After: 7\nbad name: x\n\n{}\n\n")
    assert (answer.status, answer.headers, answer.body) == (429, {"retry-after": "7"}, b"{}\n\n")


def test_texts_are_halved_and_nothing_else():
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "abc"}}
    events = [ServerSentEvent("x", json.dumps(text).encode()), ServerSentEvent("", b"[DONE]")]
    one, two, done, rest = halve("messages", events).split(b"\n\n")
    pieces = [json.loads(event.removeprefix(b"event: x\ndata: "))["delta"]["text"] for event in (one, two)]
    assert (pieces, done, rest) == (["a", "bc"], b"data: [DONE]", b"")


def blind(data: bytes, _limit: int) -> bytes:
    return data[::-1]


@pytest.mark.parametrize("name", TARGETS)
def test_mutations_are_small_and_the_same_each_time(name: str):
    target = TARGETS[name]
    data = next(iter(target.seeds()))[:MAX_SIZE]
    made = [target.mutate(data, random.Random(seed), blind, MAX_SIZE) for seed in range(60)]  # noqa: S311  # not a secret
    assert made == [target.mutate(data, random.Random(seed), blind, MAX_SIZE) for seed in range(60)]  # noqa: S311
    assert max(map(len, made)) <= MAX_SIZE
    assert len(set(made)) > 30
    for one in (b"", b"\xff", b"[" * 3000):
        assert len(target.mutate(one, random.Random(0), blind, 10)) <= 10  # noqa: S311  # not a secret
