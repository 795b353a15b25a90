"""From an answer's bytes to deltas and replies: what is a stream, what is not, and what is wrong with either.

The events are Chat Completions'; what is proved is the reading around them, the same for all protocols.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from seacloud_client.deltas import ResponseMeta, TextDelta
from seacloud_client.errors import InvalidRequestError, ProtocolError, RateLimitError, StreamBroken
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols import get_protocol
from seacloud_client.streams import StreamReader, is_stream, read_as_deltas, read_reply

CHAT = get_protocol("chat_completions")
URL = "https://cloud.seaart.ai/llm/v1/chat/completions"
PLAIN = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 7,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hé 🎨"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
}


def chunk(delta: Any, finish: str | None = None, **fields: Any) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return json.dumps({"id": "c-1", "created": 7, "model": "m", "choices": choices, **fields}, ensure_ascii=False)


FIRST, SECOND, LAST = chunk({"content": "Hé "}), chunk({"content": "🎨"}), chunk({}, "stop", usage=PLAIN["usage"])


def answer(body: str | bytes, content_type: str = "application/json", status: int = 200) -> HttpAnswer:
    data = body.encode() if isinstance(body, str) else body
    return HttpAnswer(status, {"content-type": content_type} if content_type else {}, data, URL, "r-1")


def sse(*events: str, end: str = "\n\n") -> str:
    return "".join(f"data: {event}{end}" for event in events)


def text_of(*pieces: str | bytes) -> str:
    reader = StreamReader(CHAT, "r-1")
    deltas = [reader.start]
    for piece in pieces:
        deltas += reader.feed(piece.encode() if isinstance(piece, str) else piece)
    deltas += reader.close()
    return Fold().add_all(deltas).reply().text


def test_a_plain_answer_is_read():
    reply = read_reply(answer(json.dumps(PLAIN)), CHAT)
    assert (reply.text, reply.id, reply.request_id) == ("Hé 🎨", "c-1", "r-1")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/html", "", "text/plain", "application/octet-stream"]
)
def test_a_plain_answer_is_read_whatever_it_is_called(content_type):
    assert read_reply(answer(json.dumps(PLAIN), content_type), CHAT).text == "Hé 🎨"


def test_a_plain_answer_may_begin_with_a_byte_order_mark():
    assert read_reply(answer("\ufeff" + json.dumps(PLAIN)), CHAT).text == "Hé 🎨"


@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", ""])
@pytest.mark.parametrize("before", ["", ": hello\n\n", "\n\n", "event: message\n"])
def test_a_stream_that_nobody_asked_for_is_read(content_type, before):
    body = before + sse(FIRST, SECOND, LAST, "[DONE]")
    streamed = read_reply(answer(body, content_type), CHAT)
    assert streamed == read_reply(answer(json.dumps(PLAIN)), CHAT)


def test_a_plain_answer_where_a_stream_was_asked_for_is_told_as_deltas():
    deltas = list(read_as_deltas(answer(json.dumps(PLAIN)), CHAT))
    assert Fold().add_all(deltas).reply() == read_reply(answer(json.dumps(PLAIN)), CHAT)
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["Hé 🎨"]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/event-stream", True),
        ("text/event-stream; charset=utf-8", True),
        ("", True),
        ("application/json", False),
        ("text/html", False),
    ],
)
def test_what_is_a_stream(content_type, expected):
    assert is_stream(answer("", content_type)) is expected


def test_the_reader_begins_with_the_request_id():
    assert StreamReader(CHAT, "r-1").start == ResponseMeta("chat_completions", request_id="r-1")


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r", "\n"])
def test_events_are_read_also_where_the_blank_line_is_forgotten(end):
    assert text_of(sse(FIRST, SECOND, LAST, "[DONE]", end=end)) == "Hé 🎨"


def test_data_over_several_lines_is_one_event():
    broad = json.dumps(json.loads(FIRST), indent=1, ensure_ascii=False)
    lines = "".join(f"data: {line}\n" for line in broad.splitlines())
    assert text_of(f"{lines}\n", sse(LAST)) == "Hé "


def test_pings_comments_and_empty_data_say_nothing():
    body = ": OPENROUTER PROCESSING\n\nevent: ping\ndata: \n\n" + sse(FIRST) + ":\n\ndata:\n\ndata:  \n\n" + sse(LAST)
    assert text_of(body) == "Hé "


@pytest.mark.parametrize(
    "after", ["", sse(chunk({"content": "late"})), "data: {broken\n\n", ": bye\n\n", "data: [DONE]\n\n"]
)
def test_what_follows_the_announced_end_is_not_read(after):
    assert text_of(sse(FIRST, LAST, "[DONE]") + after) == "Hé "
    assert text_of(sse(FIRST, LAST, "[DONE]"), after) == "Hé "


def test_a_stream_without_the_announcement_is_complete_when_each_choice_has_finished():
    assert text_of(sse(FIRST, LAST)) == "Hé "
    assert text_of(sse(FIRST, LAST)[:-2]) == "Hé "


@pytest.mark.parametrize("events", [[], [FIRST], [FIRST, SECOND]])
def test_a_stream_that_ends_early_is_broken(events):
    with pytest.raises(StreamBroken, match="ended before the reply was complete") as caught:
        text_of(sse(*events))
    assert caught.value.request_id == "r-1"


def test_null_is_no_event():
    assert text_of(sse(FIRST, "null", LAST)) == "Hé "


def test_the_announced_end_may_be_quoted():
    assert text_of(sse(FIRST, LAST, '"[DONE]"', "{broken")) == "Hé "


@pytest.mark.parametrize("rest", ["", "\n", f"\ndata: {SECOND[:20]}"])
def test_an_event_that_the_end_cuts_off_is_a_broken_stream(rest):
    with pytest.raises(StreamBroken, match="ended before the reply was complete"):
        text_of(sse(FIRST), f"data: {SECOND[:-20]}{rest}")


def test_a_reply_that_was_whole_before_an_event_was_cut_off_is_one():
    usage = '{"choices": [], "usage": {"prompt_tokens": 2, "compl'
    assert text_of(sse(FIRST, LAST), f"data: {usage}") == "Hé "


def test_an_event_that_is_no_json_is_an_error_that_shows_it():
    with pytest.raises(ProtocolError, match=r"not JSON: '\{\"choices\": \[broken'") as caught:
        text_of(sse(FIRST), 'data: {"choices": [broken\n\n')
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize("event", ["[]", "7", '"text"', "true"])
def test_an_event_that_is_no_object_is_an_error(event):
    with pytest.raises(ProtocolError, match="not a JSON object"):
        text_of(sse(event))


def test_what_came_before_an_error_is_given_first():
    reader = StreamReader(CHAT, "r-1")
    error = json.dumps({"error": {"message": "Slow down", "type": "rate_limit_error"}})
    seen = []
    with pytest.raises(RateLimitError, match="Slow down") as caught:  # noqa: PT012  # what came before is of interest
        for delta in reader.feed(sse(FIRST, error, SECOND).encode()):
            seen.append(delta)  # noqa: PERF402
    assert [delta.text for delta in seen if isinstance(delta, TextDelta)] == ["Hé "]
    assert caught.value.request_id == "r-1"
    assert caught.value.status == 429


def test_an_error_event_is_an_error_whatever_its_data():
    with pytest.raises(InvalidRequestError, match="Nope"):
        text_of('event: error\ndata: {"message": "Nope", "type": "invalid_request_error"}\n\n')


def test_an_error_in_a_plain_body_of_status_200():
    body = json.dumps({"error": {"message": "Nope", "type": "invalid_request_error"}})
    with pytest.raises(InvalidRequestError, match="Nope") as caught:
        read_reply(answer(body), CHAT)
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize("body", ["", "<html>Welcome</html>", "OK", '{"choices": [', "\xff\xfe"])
def test_something_other_than_json_is_an_error_that_names_the_address(body):
    with pytest.raises(ProtocolError, match=r"completions answered with something other than JSON.*Is base_url right"):
        read_reply(answer(body, "text/html"), CHAT)


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"choices": null}', '{"choices": {}}', '{"choices": []}'])
def test_json_that_is_no_reply_is_an_error(body):
    with pytest.raises(ProtocolError) as caught:
        read_reply(answer(body), CHAT)
    assert (caught.value.request_id, caught.value.status) == ("r-1", 200)


def test_whether_the_last_bytes_said_anything_is_known():
    reader = StreamReader(CHAT)
    for data, expected in [
        (": ping\n\n", False),
        (sse(FIRST), True),
        ('data: {"choices"', False),
        (": []}\n\n", False),
    ]:
        list(reader.feed(data.encode()))
        assert reader.has_news is expected, data
