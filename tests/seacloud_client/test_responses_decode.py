"""Responses' replies: what each item and field of a response becomes."""

from __future__ import annotations

from typing import Any

import pytest
from responses_wire import PNG, Json, call_item, message_item, reasoning_item, response, text_part
from seacloud_client.conversation import (
    Annotation,
    Finish,
    Image,
    Logprobs,
    Native,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from seacloud_client.errors import (
    ContentRefusedError,
    ContextLengthError,
    InvalidRequestError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
)
from seacloud_client.protocols.responses import PROTOCOL

REFUSED = {"type": "refusal", "refusal": "I won't."}
CITED = {"type": "url_citation", "url": "https://x.example", "title": "X", "start_index": 3, "end_index": 9}
FILE = {"type": "file_citation", "file_id": "file-1", "filename": "a.pdf", "index": 4}


def parts_of(*output: Json) -> tuple[Any, ...]:
    return PROTOCOL.decode(response(*output)).choice.parts


def test_the_facts_of_a_reply():
    reply = PROTOCOL.decode(response(message_item("Hi."), service_tier="default"))
    usage = reply.usage
    assert (reply.id, reply.model, reply.created, reply.service_tier) == ("resp_1", "gpt-x", 7, "default")
    assert (reply.text, reply.choice.finish, reply.choice.finish_reason) == ("Hi.", Finish.STOP, "completed")
    assert usage == Usage(
        input_tokens=5,
        output_tokens=3,
        total_tokens=8,
        cache_read_tokens=2,
        cache_creation_tokens=1,
        reasoning_tokens=1,
        raw=response()["usage"],
    )


def test_what_a_response_says_besides_is_kept_and_what_repeats_the_request_is_not():
    reply = PROTOCOL.decode(
        response(
            message_item("Hi."),
            previous_response_id="resp_0",
            conversation={"id": "conv_1"},
            metadata={},
            moderation=None,
            completed_at=9,
            instructions="Be brief.",
            tools=[{"type": "web_search"}],
            temperature=1.0,
        )
    )
    assert reply.extras == {"previous_response_id": "resp_0", "conversation": {"id": "conv_1"}, "completed_at": 9}


def test_messages_with_citations_phase_and_status():
    parts = parts_of(
        message_item(text_part("See X.", annotations=[CITED, FILE]), phase="commentary"),
        message_item("So ", REFUSED, item_id="msg_2", status="incomplete"),
    )
    assert parts == (
        Text(
            "See X.",
            (
                Annotation(
                    type="url_citation",
                    raw=CITED,
                    protocol="responses",
                    url="https://x.example",
                    title="X",
                    start=3,
                    end=9,
                ),
                Annotation(type="file_citation", raw=FILE, protocol="responses", title="a.pdf"),
            ),
            "msg_1",
            {"phase": "commentary"},
        ),
        Text("So ", id="msg_2", extras={"status": "incomplete"}),
        Refusal("I won't.", "msg_2", {"status": "incomplete"}),
    )


def test_reasoning_in_all_its_forms():
    content = [{"type": "reasoning_text", "text": "c"}]
    parts = parts_of(
        reasoning_item("a", "b", encrypted_content="x", content=content, status="completed"),
        reasoning_item(item_id="rs_2", encrypted_content="y"),
        reasoning_item(item_id="rs_3"),
    )
    facts: dict[str, Any] = {"id": "rs_1", "protocol": "responses"}
    assert parts == (
        Reasoning("a", encrypted="x", form="summary_text", extras={"status": "completed"}, **facts),
        Reasoning("b", form="summary_text", **facts),
        Reasoning("c", form="reasoning_text", **facts),
        Reasoning("", "responses", "rs_2", encrypted="y"),
        Reasoning("", "responses", "rs_3"),
    )


def test_what_was_said_after_reasoning_knows_of_it():
    _, text, call = parts_of(reasoning_item(), message_item("Hi."), call_item())
    assert text.extras == call.extras == {"reasoning_id": "rs_1"}


def test_a_refusal_knows_what_the_message_says_of_it():
    item = message_item(REFUSED, phase="final_answer", status="incomplete")
    _, declined = parts_of(reasoning_item(), item)
    facts = {"phase": "final_answer", "reasoning_id": "rs_1", "status": "incomplete"}
    assert declined == Refusal("I won't.", "msg_1", facts)


def test_calls():
    custom = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "sql", "input": "select 1"}
    parts = parts_of(
        call_item("f", '{"a": 1}', namespace="n", status="in_progress"),
        custom,
        {"type": "function_call", "name": "g", "arguments": {"b": 2}},
    )
    assert parts[:2] == (
        ToolCall("call_1", "f", '{"a": 1}', item_id="fc_1", extras={"namespace": "n", "status": "in_progress"}),
        ToolCall("call_2", "sql", "select 1", "custom", "ctc_1"),
    )
    assert (parts[2].name, parts[2].parse(), parts[2].item_id) == ("g", {"b": 2}, None)
    assert parts[2].id.startswith("call_")
    assert PROTOCOL.decode(response(custom)).choice.finish is Finish.TOOL_CALLS


def test_a_call_of_which_only_the_items_id_is_known_has_that():
    (call,) = parts_of(call_item(call_id=None))
    assert (call.id, call.item_id) == ("fc_1", None)


@pytest.mark.parametrize(
    ("facts", "media_type"),
    [
        ({"output_format": "webp"}, "image/webp"),
        ({"output_format": "svg"}, "image/svg+xml"),
        ({"result": "/9j/4AAQ"}, "image/jpeg"),
        ({}, "image/png"),
    ],
)
def test_generated_pictures(facts: Json, media_type: str):
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG, **facts}
    (picture,) = parts_of(item)
    extras = {name: value for name, value in item.items() if name not in ("id", "result")}
    assert picture == Image(data=item["result"], media_type=media_type, id="ig_1", extras=extras)


def test_items_that_are_not_modelled_are_native():
    items: list[Json] = [
        {"type": "image_generation_call", "id": "ig_1", "status": "failed", "result": None},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "never_seen", "x": [1]},
    ]
    assert parts_of(*items) == tuple(Native("responses", item) for item in items)


def test_content_that_is_not_modelled_is_a_message_of_its_own():
    strange = {"type": "output_smell", "smell": "sea"}
    text, native = parts_of(message_item("Hi.", strange))
    assert text == Text("Hi.", id="msg_1")
    assert native.item == {"type": "message", "role": "assistant", "content": [strange]}


def test_logprobs_are_the_replys():
    tokens = [{"token": word, "logprob": -1.0, "bytes": [], "top_logprobs": []} for word in "ab"]
    reply = PROTOCOL.decode(
        response(message_item(text_part("a", logprobs=tokens[:1])), message_item(text_part("b", logprobs=tokens[1:])))
    )
    assert reply.choice.logprobs == Logprobs(tuple(tokens))


def test_empty_items_keep_their_place():
    texts = parts_of(message_item(), message_item("", item_id="msg_2"), reasoning_item())
    assert [(type(part), part.id) for part in texts] == [(Text, "msg_1"), (Text, "msg_2"), (Reasoning, "rs_1")]


@pytest.mark.parametrize(
    ("fields", "finish"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, Finish.LENGTH),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, Finish.CONTENT_FILTER),
        ({"status": "incomplete", "incomplete_details": {"reason": "tides"}}, Finish.UNKNOWN),
        ({"status": "incomplete", "incomplete_details": None}, Finish.UNKNOWN),
        ({"status": "complete"}, Finish.STOP),
        ({"status": "cancelled"}, Finish.ERROR),
        ({"status": "queued"}, Finish.PAUSE),
        ({"status": "in_progress"}, Finish.PAUSE),
        ({"status": None}, Finish.UNKNOWN),
    ],
)
def test_why_a_reply_ended(fields: Json, finish: Finish):
    reply = PROTOCOL.decode(response(message_item("Hi."), **fields))
    assert (reply.choice.finish, reply.choice.finish_reason) == (finish, fields["status"])
    assert (reply.extras or {}).get("incomplete_details") == fields.get("incomplete_details")


def test_a_reply_that_calls_or_refuses_says_so():
    assert PROTOCOL.decode(response(message_item(REFUSED))).choice.finish is Finish.REFUSAL
    both = PROTOCOL.decode(response(message_item(REFUSED), call_item()))
    assert both.choice.finish is Finish.TOOL_CALLS
    cut = response(call_item(), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    assert PROTOCOL.decode(cut).choice.finish is Finish.LENGTH


@pytest.mark.parametrize(
    ("error", "cls", "status"),
    [
        ({"code": "server_error", "message": "Oh."}, ServerError, 500),
        ({"code": "rate_limit_exceeded", "message": "Slow."}, RateLimitError, 429),
        ({"code": "vector_store_timeout", "message": "Late."}, ServerError, 200),
        ({"code": "invalid_image_format", "message": "Bad."}, InvalidRequestError, 400),
        ({"code": "image_content_policy_violation", "message": "No."}, ContentRefusedError, 400),
        ({"code": "invalid_prompt", "message": "Exceeds the context window."}, ContextLengthError, 400),
        (None, ServerError, 200),
    ],
)
def test_a_failed_response_is_an_error(error: Json | None, cls: type[SeaCloudError], status: int):
    with pytest.raises(cls) as raised:
        PROTOCOL.decode(response(status="failed", error=error))
    assert (raised.value.code, raised.value.status) == ((error or {}).get("code"), status)
    assert raised.value.body["id"] == "resp_1"
    assert (error or {"message": "no reason"})["message"].rstrip(".") in raised.value.message


@pytest.mark.parametrize("body", [None, [], "x", {}, {"object": "list"}, {"id": "x", "choices": []}])
def test_what_is_no_response_is_refused(body: Any):
    with pytest.raises(ProtocolError, match="no response"):
        PROTOCOL.decode(body)


def test_an_error_in_the_place_of_a_response_is_raised():
    with pytest.raises(InvalidRequestError, match="Bad"):
        PROTOCOL.decode({"error": {"message": "Bad", "type": "invalid_request_error", "code": None}})


def test_what_gateways_leave_out_is_not_needed():
    bare: Json = {"output": [{"type": "message", "content": "Hi."}, {"type": "message", "content": [{"type": "text"}]}]}
    reply = PROTOCOL.decode(bare)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.usage, reply.id, reply.choice.finish) == ("Hi.", None, None, Finish.UNKNOWN)
    with pytest.raises(ProtocolError, match="not a JSON object"):
        PROTOCOL.decode({"output": ["x"]})


def test_other_names_of_the_counts_are_read():
    reply = PROTOCOL.decode(response(usage={"prompt_tokens": 2, "completion_tokens": 3}))
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (2, 3, 5)
