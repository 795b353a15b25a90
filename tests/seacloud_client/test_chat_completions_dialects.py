"""What gateways and other vendors make of Chat Completions, beyond what the other tests of its replies hold."""

from __future__ import annotations

import pytest
from chat_wire import HEAD, Json, call, calls, chunk, deltas_of, plain, stop, streamed
from seacloud_client.conversation import Finish, ToolCall, Usage
from seacloud_client.errors import InvalidRequestError
from seacloud_client.protocols.chat_completions import PROTOCOL
from seacloud_client.streams import StreamReader

WHOLE = {"role": "assistant", "content": "Hello"}
CALLING = {"role": "assistant", "content": None, **calls(call(None, "a", "f", "{}"), call(None, "b", "f", "{}"))}


def whole_chunk(message: Json, finish: str | None = "stop", **choice: object) -> Json:
    """A chunk that has a message where a delta should be."""
    return {**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": finish, **choice}]}


def test_a_plain_reply_may_be_the_only_event_of_a_stream():
    assert streamed(whole_chunk(WHOLE)) == plain(WHOLE)
    assert streamed(whole_chunk(CALLING, "tool_calls")) == plain(CALLING, "tool_calls")
    assert [one.id for one in streamed(whole_chunk(CALLING, "tool_calls")).tool_calls] == ["a", "b"]


@pytest.mark.parametrize("delta", [{"delta": None}, {"delta": {}}, {}])
def test_a_message_that_repeats_the_deltas_is_not_read_again(delta: Json):
    assert streamed(chunk({"content": "Hel"}), chunk({"content": "lo"}), whole_chunk(WHOLE, **delta)).text == "Hello"


def test_content_that_is_an_object_is_its_json():
    """Cloudflare answers so where JSON was asked for."""
    for reply in (
        plain({"content": {"title": "Äpfel", "n": 1}}),
        streamed(chunk({"content": {"title": "Äpfel"}}, "stop")),
    ):
        assert reply.text.startswith('{"title": "Äpfel"')


def test_an_object_for_content_has_no_other_meaning():
    assert plain({"content": {"text": "x"}}).text == '{"text": "x"}'


@pytest.mark.parametrize(
    ("reason", "finish"), [("STOP", Finish.STOP), ("MAX_TOKENS", Finish.LENGTH), ("max_output_tokens", Finish.LENGTH)]
)
def test_a_finish_in_another_spelling_keeps_the_wires_own_word(reason: str, finish: Finish):
    for reply in (plain({"content": "x"}, reason), streamed(chunk({"content": "x"}), stop(reason))):
        assert (reply.choice.finish, reply.choice.finish_reason) == (finish, reason)


def test_the_usage_may_be_a_choices():
    """Moonshot has it there."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    last = chunk({}, "stop")
    last["choices"][0]["usage"] = usage
    assert streamed(chunk({"content": "x"}), last).usage == Usage(
        input_tokens=3, output_tokens=4, total_tokens=7, raw=usage
    )
    whole = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
    assert streamed(chunk({"content": "x"}), last, {**HEAD, "choices": [], "usage": whole}).usage == Usage(
        input_tokens=5, output_tokens=4, total_tokens=9, raw=whole
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, (3, 4, 7, None)),
        (
            {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "num_cached_tokens": 2},
            (3, 4, 7, 2),
        ),  # Mistral
    ],
)
def test_the_counts_may_have_other_names(raw: Json, expected: tuple[int | None, ...]):
    usage = plain({"content": "x"}, usage=raw).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens, usage.cache_read_tokens) == expected


def test_an_error_may_be_flat():
    """vLLM's is."""
    flat = {"object": "error", "message": "Too long.", "type": "BadRequestError", "param": None, "code": 400}
    with pytest.raises(InvalidRequestError, match="Too long"):
        deltas_of(chunk({"content": "x"}), flat, end="finish")
    with pytest.raises(InvalidRequestError, match="Too long"):
        PROTOCOL.decode(flat)


def test_the_announced_end_may_have_white_space_behind_it():
    reader = StreamReader(PROTOCOL)
    body = b'data: {"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]}\n\ndata: [DONE] \n\n'
    assert len(list(reader.feed(body))) > 1
    assert reader.is_done
    assert list(reader.close()) == []


def test_a_call_in_a_whole_message_may_lack_its_id():
    (made,) = streamed(whole_chunk({"content": None, **calls(call(None, None, "f", "{}"))}, "tool_calls")).tool_calls
    assert made == ToolCall(made.id, "f", "{}")
    assert made.id.startswith("call_")


def test_fragments_that_do_not_say_of_which_call_are_of_the_last_ones_in_order():
    """Moonshot's calls, several in one chunk, may lack their index."""
    reply = streamed(
        chunk(calls(call(None, "a", "first", "{}"))),
        chunk(calls(call(None, "b", "second", ""), call(None, "c", "third", ""))),
        chunk(calls(call(None, arguments='{"n": '), call(None, arguments='{"m": '))),
        chunk(calls(call(None, arguments="2}"), call(None, arguments="3}"))),
        stop("tool_calls"),
    )
    assert [(one.id, one.arguments) for one in reply.tool_calls] == [("a", "{}"), ("b", '{"n": 2}'), ("c", '{"m": 3}')]
