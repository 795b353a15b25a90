"""Responses' streams: what each event tells, what is told once only, and how gateways bend the order."""

from __future__ import annotations

from typing import Any

import pytest
from responses_wire import (
    PNG,
    Json,
    added,
    call_item,
    completed,
    created,
    deltas_of,
    done,
    event,
    message_item,
    reasoning_item,
    reply_of,
    response,
    said,
    text_part,
)
from seacloud_client.conversation import (
    Audio,
    Finish,
    Logprobs,
    Native,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    user,
)
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    MediaDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.errors import InvalidRequestError, ProtocolError, RateLimitError, ServerError, StreamBroken
from seacloud_client.folding import Fold
from seacloud_client.protocols.responses import PROTOCOL

HI = message_item("Hi.")
EMPTY = message_item(status="in_progress")
CITED = {"type": "url_citation", "url": "https://x.example", "title": "X", "start_index": 0, "end_index": 1}
CHUNKS: list[Json] = [
    added(0, EMPTY),
    event("content_part.added", 0, item_id="msg_1", content_index=0, part=text_part("")),
    said("H", item_id="msg_1"),
    said("i.", item_id="msg_1"),
    event("output_text.done", 0, item_id="msg_1", content_index=0, text="Hi."),
    event("content_part.done", 0, item_id="msg_1", content_index=0, part=text_part("Hi.")),
    done(0, HI),
]


def told(deltas: list[Delta], kind: type) -> list[Any]:
    return [delta for delta in deltas if isinstance(delta, kind)]


def test_the_events_of_a_text():
    deltas = deltas_of(created(), *CHUNKS, completed(HI, service_tier="default"))
    assert deltas == [
        ResponseMeta("responses", id="resp_1", model="gpt-x", created=7),
        PartStart(0, 0, Text("", id="msg_1")),
        TextDelta(0, 0, "H"),
        TextDelta(0, 0, "i."),
        PartEnd(0, 0),
        FinishDelta(0, Finish.STOP, "completed"),
        ResponseMeta("responses", service_tier="default"),
        deltas[-1],
    ]
    assert isinstance(deltas[-1], UsageDelta)


@pytest.mark.parametrize("leave_out", range(len(CHUNKS)))
def test_no_event_of_a_text_is_needed(leave_out: int):
    events = [given for number, given in enumerate(CHUNKS) if number != leave_out]
    reply = reply_of(created(), *events, completed(HI))
    if CHUNKS[leave_out].get("delta") == "H":  # what disagrees with what was told stays untold
        assert reply.text == "i."
    else:
        assert reply == PROTOCOL.decode(response(HI))


def test_the_terminal_event_alone_is_the_reply():
    items = [reasoning_item("a", encrypted_content="x"), HI, call_item("f", '{"a": 1}')]
    assert reply_of(completed(*items)) == PROTOCOL.decode(response(*items))


def test_the_terminal_event_without_an_output_loses_nothing():
    """Some gateways end with an empty output."""
    reply = reply_of(created(), *CHUNKS[:4], event("completed", response=response()))
    assert reply.choice.parts == (Text("Hi.", id="msg_1"),)
    assert reply.choice.finish is Finish.STOP


def test_what_follows_the_terminal_event_is_not_read():
    second = response(message_item("Again."), id="resp_2")
    reply = reply_of(created(), *CHUNKS, completed(HI), event("created", response=second), *CHUNKS, completed(HI))
    assert (reply.id, reply.text) == ("resp_1", "Hi.")


def test_citations_are_told_once():
    cited = message_item(text_part("Hi.", annotations=[CITED, {**CITED, "end_index": 2}]))
    noted = event("output_text.annotation.added", 0, content_index=0, annotation_index=0, annotation=CITED)
    deltas = deltas_of(added(0, EMPTY), said("Hi."), noted, done(0, cited), completed(cited))
    assert [delta.annotation.end for delta in told(deltas, AnnotationDelta)] == [1, 2]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(cited))


def test_logprobs_are_the_last_word_on_them():
    short, whole = {"token": "Hi.", "logprob": -1.0}, {"token": "Hi.", "logprob": -1.0, "bytes": [72]}
    item = message_item(text_part("Hi.", logprobs=[whole]))
    streamed = (added(0, EMPTY), said("Hi.", logprobs=[short]))
    assert reply_of(*streamed, done(0, item), completed(item)).choice.logprobs == Logprobs((whole,))
    assert reply_of(*streamed, done(0, HI), completed(HI)).choice.logprobs == Logprobs((short,))


def test_a_refusal():
    item = message_item({"type": "refusal", "refusal": "I won't."})
    deltas = deltas_of(
        added(0, EMPTY),
        event("refusal.delta", 0, content_index=0, delta="I "),
        event("refusal.done", 0, content_index=0, refusal="I won't."),
        completed(item),
    )
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(item))
    assert [part.text for part in Fold().add_all(deltas).reply().choice.parts if isinstance(part, Refusal)] == [
        "I won't."
    ]


def test_facts_that_come_late():
    item = message_item("Hi.", phase="final_answer", status="incomplete")
    reply = reply_of(added(0, EMPTY), said("Hi."), done(0, item), completed(item))
    assert reply == PROTOCOL.decode(response(item))


def test_reasoning_summaries_and_text():
    item = reasoning_item(
        "ab", "c", encrypted_content="new", content=[{"type": "reasoning_text", "text": "d"}], status="completed"
    )
    deltas = deltas_of(
        added(0, reasoning_item(encrypted_content="old")),
        event("reasoning_summary_part.added", 0, summary_index=0, part={"type": "summary_text", "text": ""}),
        event("reasoning_summary_text.delta", 0, summary_index=0, delta="a"),
        event("reasoning_summary_text.delta", 0, summary_index=0, delta="b"),
        event("reasoning_summary_text.done", 0, summary_index=0, text="ab"),
        event("reasoning_summary_part.done", 0, summary_index=0, part={"type": "summary_text", "text": "ab"}),
        event("reasoning_summary_text.done", 0, summary_index=1, text="c"),
        event("reasoning_text.delta", 0, content_index=0, delta="d"),
        done(0, item),
        completed({**item, "encrypted_content": "newer"}),
    )
    assert [delta.text for delta in told(deltas, ReasoningDelta)] == ["a", "b", "c", "d", ""]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(item))


def test_hidden_reasoning_begins_before_what_follows():
    """Whoever shows parts as they begin shows them in their order."""
    items = (reasoning_item(encrypted_content="x"), message_item("Hi."))
    deltas = deltas_of(
        added(0, reasoning_item()), done(0, items[0]), added(1, EMPTY), said("Hi.", 1), completed(*items)
    )
    assert [type(delta.value) for delta in told(deltas, PartStart)] == [Reasoning, Text]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(*items))


def test_calls_interleave():
    one, two = call_item("f", '{"a": 1}'), call_item("g", '{"b": 2}', 2)
    deltas = deltas_of(
        added(0, call_item("f", "", status="in_progress")),
        added(1, call_item("g", "", 2, status="in_progress")),
        event("function_call_arguments.delta", 1, delta='{"b": '),
        event("function_call_arguments.delta", 0, delta='{"a"'),
        event("function_call_arguments.delta", 1, delta="2}"),
        event("function_call_arguments.done", 0, arguments='{"a": 1}'),
        done(1, two),
        done(0, one),
        completed(one, two),
    )
    first, second = (delta.part for delta in told(deltas, PartStart))
    assert [(delta.part, delta.arguments) for delta in told(deltas, ToolCallDelta)] == [
        (second, '{"b": '),
        (first, '{"a"'),
        (second, "2}"),
        (first, ": 1}"),
    ]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(one, two))


def test_the_last_event_may_have_the_name_that_some_gateways_give_it():
    end = event("done", response=response(HI, status=None))
    reply = reply_of(created(), *CHUNKS, end)
    assert (reply.text, reply.choice.finish, reply.choice.finish_reason) == ("Hi.", Finish.STOP, "completed")


@pytest.mark.parametrize("late", ["arguments.done", "item.done", "terminal"])
def test_arguments_that_come_only_in_the_end(late: str):
    item = call_item("f", '{"a": 1}')
    events: list[Json] = {
        "arguments.done": [event("function_call_arguments.done", 0, arguments='{"a": 1}')],
        "item.done": [done(0, item)],
        "terminal": [done(0, call_item("f", ""))],
    }[late]
    reply = reply_of(added(0, call_item("f", "")), *events, completed(item))
    assert reply == PROTOCOL.decode(response(item))


def test_arguments_that_were_announced_whole_are_told_once():
    item = call_item("f", '{"a": 1}')
    reply = reply_of(added(0, item), event("function_call_arguments.delta", 0, delta='{"a": 1}'), completed(item))
    assert [call.arguments for call in reply.tool_calls] == ['{"a": 1}']


def test_a_call_begins_when_it_has_its_name():
    item = call_item("f", '{"a": 1}')
    deltas = deltas_of(
        added(0, {**item, "name": None, "arguments": ""}),
        event("function_call_arguments.delta", 0, delta='{"a"'),
        event("function_call_arguments.done", 0, arguments='{"a": 1}', name="f"),
        done(0, item),
        completed(item),
    )
    assert told(deltas, PartStart) == [PartStart(0, 0, ToolCall("call_1", "f", "", item_id="fc_1"))]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(item))


def test_custom_calls():
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "sql", "input": "select 1"}
    reply = reply_of(
        added(0, {**item, "input": ""}),
        event("custom_tool_call_input.delta", 0, delta="select"),
        event("custom_tool_call_input.done", 0, input="select 1"),
        completed(item),
    )
    assert reply == PROTOCOL.decode(response(item))


def test_native_items_tell_their_progress():
    begun = {"type": "web_search_call", "id": "ws_1", "status": "in_progress"}
    ended = {**begun, "status": "completed", "action": {"type": "search", "query": "x"}}
    progress = event("web_search_call.searching", 0, item_id="ws_1")
    deltas = deltas_of(added(0, begun), progress, done(0, ended), progress, completed(ended))
    assert deltas[:4] == [
        PartStart(0, 0, Native("responses", begun)),
        NativeDelta(0, 0, event=progress),
        NativeDelta(0, 0, ended),
        PartEnd(0, 0),
    ]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(ended))


def test_generated_pictures_begin_when_they_are_whole():
    begun = {"type": "image_generation_call", "id": "ig_1", "status": "in_progress"}
    ended = {**begun, "status": "completed", "result": PNG, "output_format": "png"}
    partial = event("image_generation_call.partial_image", 0, item_id="ig_1", partial_image_b64=PNG)
    deltas = deltas_of(added(0, begun), partial, done(0, ended), completed(ended))
    assert [type(delta) for delta in deltas[:2]] == [PartStart, PartEnd]
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(ended))


def test_sound():
    deltas = deltas_of(event("audio.delta", delta="UklG"), event("audio.transcript.delta", delta="Hi."), completed(HI))
    assert told(deltas, MediaDelta)[0].data == "UklG"
    assert Fold().add_all(deltas).reply().choice.parts == (
        Text("Hi.", id="msg_1"),
        Audio(data="UklG", transcript="Hi."),
    )


@pytest.mark.parametrize(
    ("kind", "fields", "finish"),
    [
        ("incomplete", {"incomplete_details": {"reason": "max_output_tokens"}}, Finish.LENGTH),
        ("completed", {}, Finish.STOP),
        ("cancelled", {"status": "cancelled"}, Finish.ERROR),
    ],
)
def test_terminal_events(kind: str, fields: Json, finish: Finish):
    status = {} if "status" in fields else {"status": None}  # which the event's type says
    reply = reply_of(created(), *CHUNKS, event(kind, response=response(HI, **{**status, **fields})))
    assert (reply.choice.finish, reply.choice.finish_reason) == (finish, kind)


# xAI's searches.

SEARCH = {
    "type": "custom_tool_call",
    "id": "ctc_1",
    "call_id": "xs_call_1",
    "name": "x_keyword_search",
    "input": '{"query":"x"}',
    "status": "completed",
}


def test_a_search_that_the_service_has_done_is_no_call_of_the_callers():
    """It comes as a custom tool's call, with the answer behind it: nobody waits for a result."""
    answer = message_item("Found it.")
    pieces = {"item_id": "ctc_1"}
    reply = reply_of(
        added(0, {**SEARCH, "input": "", "status": "in_progress"}),
        event("custom_tool_call_input.delta", 0, delta=SEARCH["input"], **pieces),
        event("custom_tool_call_input.done", 0, input=SEARCH["input"], **pieces),
        done(0, SEARCH),
        added(1, message_item()),
        said("Found it.", 1),
        completed(SEARCH, answer),
    )
    plain = PROTOCOL.decode(response(SEARCH, answer))
    assert reply.choices == plain.choices
    assert plain.choice.parts == (Native("responses", SEARCH), Text("Found it.", id="msg_1"))
    assert (plain.choice.finish, plain.tool_calls) == (Finish.STOP, ())
    turns = (user("hi"), plain.message, user("go on"))
    assert PROTOCOL.encode(Request(model="grok-4", messages=turns), False)["input"][1] == SEARCH


def test_a_call_of_the_callers_custom_tool_is_one_beside_a_search():
    call = {**SEARCH, "id": "ctc_2", "call_id": "call_1", "name": "sql"}
    reply = PROTOCOL.decode(response(SEARCH, call))
    assert [call.id for call in reply.tool_calls] == ["call_1"]
    assert reply.choice.finish is Finish.TOOL_CALLS


# Errors.


@pytest.mark.parametrize(
    ("given", "cls", "code"),
    [
        (
            event("failed", response=response(status="failed", error={"code": "server_error", "message": "Oh."})),
            ServerError,
            "server_error",
        ),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "Oh.", "param": None}, RateLimitError, None),
        ({"type": "error", "code": None, "message": "Oh.", "sequence_number": 3}, ServerError, None),
        (
            {"type": "error", "error": {"type": "invalid_request_error", "code": "bad", "message": "Oh."}},
            InvalidRequestError,
            "bad",
        ),
        ({"error": {"code": 429, "message": "Oh."}}, RateLimitError, "429"),
        (event("error", message="Oh.", code="server_error"), ServerError, "server_error"),
    ],
)
def test_errors_in_a_stream(given: Json, cls: type[Exception], code: str | None):
    decoder = PROTOCOL.decoder()
    for before in (created(), *CHUNKS[:3]):
        decoder.feed("", before)
    with pytest.raises(cls, match="Oh") as raised:
        list(decoder.feed("", given))
    assert raised.value.code in {code, "rate_limit_exceeded"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("events", [[], [created()], [created(), *CHUNKS]])
def test_a_stream_without_its_end_is_broken(events: list[Json]):
    with pytest.raises(StreamBroken, match="billed"):
        deltas_of(*events)


def test_a_stream_that_says_it_is_done_without_its_end():
    decoder = PROTOCOL.decoder()
    deltas = [delta for given in (created(), *CHUNKS[:4]) for delta in decoder.feed("", given)]
    reply = Fold().add_all([*deltas, *decoder.finish(), *decoder.finish()]).reply()
    assert (reply.text, reply.choice.finish, reply.choice.finish_reason) == ("Hi.", Finish.UNKNOWN, None)
    with pytest.raises(ProtocolError, match="no response"):
        PROTOCOL.decoder().finish()


@pytest.mark.parametrize(
    "given",
    [
        [],
        added(0, "x"),  # type: ignore[arg-type]
        done(0, None),  # type: ignore[arg-type]
        event("completed"),
        event("completed", response=response(output=["x"])),
    ],
)
def test_what_is_not_of_the_protocol_is_an_error(given: Any):
    with pytest.raises(ProtocolError):
        deltas_of(created(), given)


# What gateways do.


def test_unknown_events_are_passed_over():
    strange = [{"type": "keepalive"}, event("never.seen", 0, x=1), {"type": "ping"}, {"x": 1}]
    assert reply_of(created(), *strange, *CHUNKS, completed(HI)) == PROTOCOL.decode(response(HI))


def test_the_type_may_be_the_sse_events():
    decoder = PROTOCOL.decoder()
    deltas: list[Delta] = []
    for given in (created(), *CHUNKS, completed(HI)):
        fields = {name: value for name, value in given.items() if name != "type"}
        deltas.extend(decoder.feed(given["type"], fields))
    assert Fold().add_all(deltas).reply() == PROTOCOL.decode(response(HI))


def test_the_reply_itself_may_be_the_only_event():
    assert reply_of(response(HI)) == PROTOCOL.decode(response(HI))


def test_items_may_begin_without_a_word():
    reply = reply_of(
        event("reasoning_text.delta", 0, delta="Hm.", item_id="rs_1"),
        said("Hi", 1, item_id="msg_1"),
        said(".", 1, item_id="msg_1"),
        event("function_call_arguments.delta", 2, item_id="fc_1", delta='{"a":'),
        done(2, call_item("f", '{"a": 1}')),
        completed(),
    )
    assert [type(part) for part in reply.choice.parts] == [Reasoning, Text, ToolCall]
    assert (reply.text, reply.choice.reasoning) == ("Hi.", "Hm.")
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [("call_1", "f", '{"a": 1}')]


def test_indices_may_be_missing():
    events = [{name: value for name, value in given.items() if not name.endswith("_index")} for given in CHUNKS]
    assert reply_of(created(), *events, completed(HI)) == PROTOCOL.decode(response(HI))


def test_one_index_may_be_used_for_all_items():
    items = (reasoning_item("Hm."), message_item("Hi."), call_item())
    reply = reply_of(
        added(0, reasoning_item()),
        event("reasoning_summary_text.delta", 0, summary_index=0, delta="Hm."),
        done(0, items[0]),
        added(0, EMPTY),
        said("Hi."),
        done(0, items[1]),
        added(0, items[2]),
        done(0, items[2]),
        completed(*items),
    )
    assert reply == PROTOCOL.decode(response(*items))


def test_items_of_one_id_are_told_once_though_the_end_has_another_between_them():
    """xAI gives two reasoning items one id. Here a gateway told of both, and of the message behind the first not."""
    first, second = reasoning_item("a"), reasoning_item("b")
    reply = reply_of(created(), done(0, first), done(1, second), completed(first, HI, second))
    assert [part.text for part in reply.choice.parts if isinstance(part, Reasoning)] == ["a", "b"]
    assert [part.text for part in reply.choice.parts if isinstance(part, Text)] == ["Hi."]


def test_ids_may_change_with_every_event():
    events = [{**given, "item_id": f"id_{number}"} for number, given in enumerate(CHUNKS[:-1])]
    last = message_item("Hi.", item_id="msg_9")
    reply = reply_of(created(), *events, completed(last))
    assert reply.choice.parts == (Text("Hi.", id="msg_1"),)


def test_two_items_of_one_id_are_two():
    items = (reasoning_item("a"), message_item("Hi."), reasoning_item("b"), message_item("Ho."))
    events = [given for index, item in enumerate(items) for given in (added(index, item), done(index, item))]
    for given in ([], events):
        assert [part.text for part in reply_of(*given, completed(*items)).choice.parts] == ["a", "Hi.", "b", "Ho."]


def test_late_events_of_an_item_change_nothing():
    assert reply_of(created(), *CHUNKS, said("more"), CHUNKS[0], CHUNKS[-1], completed(HI)).text == "Hi."
