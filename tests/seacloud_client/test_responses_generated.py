"""Replies that nobody has recorded: whatever a response holds, and however a stream cuts it, both read the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from responses_wire import Json, added, call_item, created, done, encoded, event, response, text_part
from seacloud_client.conversation import (
    Image,
    Native,
    Reasoning,
    Refusal,
    Reply,
    Request,
    Text,
    ToolCall,
    user,
)
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols.responses import PROTOCOL
from seacloud_client.streams import StreamReader

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORD = st.text("abc_", min_size=1, max_size=6)
FEW = 2

CITATION = st.fixed_dictionaries(
    {"type": st.just("url_citation"), "url": WORD, "title": WORD, "start_index": st.just(0), "end_index": st.just(1)}
)
TOKEN = st.fixed_dictionaries({"token": WORD, "logprob": st.just(-1.0), "bytes": st.just([97])})
TEXT = st.builds(
    lambda text, annotations, logprobs: text_part(text, annotations=annotations, logprobs=logprobs),
    WORDS,
    st.lists(CITATION, max_size=FEW),
    st.lists(TOKEN, max_size=FEW),
)
REFUSAL = st.fixed_dictionaries({"type": st.just("refusal"), "refusal": WORDS})


def item(kind: str, optional: Json | None = None, **fields: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields}, optional=optional or {})


def texts(kind: str) -> st.SearchStrategy[list[Json]]:
    return st.lists(st.fixed_dictionaries({"type": st.just(kind), "text": WORDS}), max_size=FEW)


DONE = st.sampled_from(["completed", "incomplete"])
ITEMS = st.one_of(
    item(
        "message",
        {"phase": st.sampled_from(["commentary", "final_answer"])},
        role=st.just("assistant"),
        status=DONE,
        content=st.lists(TEXT | REFUSAL, min_size=1, max_size=FEW),
    ),
    item(
        "reasoning",
        {"content": texts("reasoning_text"), "encrypted_content": WORD, "status": DONE},
        summary=texts("summary_text"),
    ),
    st.builds(call_item, WORD, WORDS, status=DONE),
    item("custom_tool_call", call_id=WORD, name=WORD, input=WORDS),
    item("image_generation_call", status=st.just("completed"), result=st.none() | st.just("iVBORw0KGgo=")),
    item("web_search_call", status=DONE, action=st.fixed_dictionaries({"type": st.just("search"), "query": WORDS})),
)
COUNTS = st.integers(0, 10**6)
USAGE = st.none() | st.fixed_dictionaries(
    {
        "input_tokens": COUNTS,
        "output_tokens": COUNTS,
        "total_tokens": COUNTS,
        "input_tokens_details": st.fixed_dictionaries({"cached_tokens": COUNTS}),
        "output_tokens_details": st.fixed_dictionaries({"reasoning_tokens": COUNTS}),
    }
)
ENDS = st.sampled_from(
    [
        {"status": "completed"},
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    ]
)


def numbered(items: list[Json]) -> list[Json]:
    """The items, each with an id of its own."""
    named = [{**one, "id": f"{PREFIXES[one['type']]}_{number}"} for number, one in enumerate(items)]
    return [{**one, "call_id": f"call_{number}"} if "name" in one else one for number, one in enumerate(named)]


PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "image_generation_call": "ig",
    "web_search_call": "ws",
}


def cut(data: st.DataObject, text: str) -> Iterator[str]:
    """The text in pieces."""
    while text:
        size = data.draw(st.integers(1, len(text)))
        yield text[:size]
        text = text[size:]


def some(data: st.DataObject, *events: Json) -> Iterator[Json]:
    """Events that repeat what others say: a service sends them, a gateway may not."""
    for one in events:
        if data.draw(st.booleans()):
            yield one


def message_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield added(index, {**whole, "status": "in_progress", "content": []})
    for place, part in enumerate(whole["content"]):
        placed: Json = {"content_index": place, "item_id": whole["id"]}
        name = "refusal" if part["type"] == "refusal" else "text"
        empty = {**part, name: "", **({"annotations": [], "logprobs": []} if name == "text" else {})}
        yield event("content_part.added", index, part=empty, **placed)
        kind = "refusal" if name == "refusal" else "output_text"
        for piece in cut(data, part[name]):
            yield event(f"{kind}.delta", index, delta=piece, **placed)
        if data.draw(st.booleans()):
            for note in part.get("annotations", ()):
                yield event("output_text.annotation.added", index, annotation=note, **placed)
        yield from some(data, event(f"{kind}.done", index, **{name: part[name]}, **placed))
        yield from some(data, event("content_part.done", index, part=part, **placed))


def reasoning_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield added(index, {"type": "reasoning", "id": whole["id"], "summary": []})
    for name, kind in (("summary", "reasoning_summary_text"), ("content", "reasoning_text")):
        for place, part in enumerate(whole.get(name, ())):
            placed = {"summary_index" if name == "summary" else "content_index": place}
            begins = "reasoning_summary_part.added" if name == "summary" else "content_part.added"
            yield event(begins, index, part={**part, "text": ""}, **placed)
            for piece in cut(data, part["text"]):
                yield event(f"{kind}.delta", index, delta=piece, **placed)
            yield from some(data, event(f"{kind}.done", index, text=part["text"], **placed))


def call_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    custom = whole["type"] == "custom_tool_call"
    name, kind = ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
    yield added(index, {**whole, name: ""})
    for piece in cut(data, whole[name]):
        yield event(f"{kind}.delta", index, delta=piece)
    yield from some(data, event(f"{kind}.done", index, **{name: whole[name]}))


def native_events(data: st.DataObject, index: int, whole: Json) -> Iterator[Json]:
    yield added(index, {"type": whole["type"], "id": whole["id"], "status": "in_progress"})
    yield from some(data, event(f"{whole['type']}.in_progress", index, item_id=whole["id"]))


EVENTS: dict[str, Callable[[st.DataObject, int, Json], Iterator[Json]]] = {
    "message": message_events,
    "reasoning": reasoning_events,
    "function_call": call_events,
    "custom_tool_call": call_events,
}


def streamed(data: st.DataObject, plain: Json) -> Iterator[Json]:
    """The events that a service would send for a response."""
    yield created()
    for index, whole in enumerate(plain["output"]):
        if whole["type"] in ("message", "reasoning") or data.draw(st.booleans()):  # others may come in the end alone
            yield from EVENTS.get(whole["type"], native_events)(data, index, whole)
            yield done(index, whole)
    yield event(plain["status"], response=plain)


def read(data: st.DataObject, events: Iterator[Json]) -> Reply:
    """What our reader makes of the events, their bytes in two pieces."""
    body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()
    place = data.draw(st.integers(0, len(body)))
    reader = StreamReader(PROTOCOL)
    return Fold().add_all([*reader.feed(body[:place]), *reader.feed(body[place:]), *reader.close()]).reply()


def kinds_of(reply: Reply) -> list[tuple[str, Any]]:
    """The items of a reply, by the type of the wire and the id."""
    named = [_KINDS[type(part)](part) for part in reply.choice.parts]
    return list(dict.fromkeys(named))


_KINDS: dict[type, Callable[[Any], tuple[str, Any]]] = {
    Reasoning: lambda part: ("reasoning", part.id),
    Text: lambda part: ("message", part.id),
    Refusal: lambda part: ("message", part.id),
    ToolCall: lambda part: ("custom_tool_call" if part.kind == "custom" else "function_call", part.item_id),
    Image: lambda part: ("image_generation_call", part.id),
    Native: lambda part: (part.type, part.item["id"]),
}


@settings(max_examples=50, deadline=None)
@given(st.data(), st.lists(ITEMS, max_size=4).map(numbered), USAGE, ENDS)
def test_a_stream_and_the_plain_reply_are_the_same(data: st.DataObject, items: list[Json], usage: Any, end: Json):
    plain = response(*items, usage=usage, **end)
    reply = PROTOCOL.decode(plain)
    assert read(data, streamed(data, plain)) == reply
    assert Fold().add_all(unfold(reply)).reply() == reply
    assert [name for name in kinds_of(reply) if name[0] != "message"] == [
        (one["type"], one["id"]) for one in items if one["type"] != "message"
    ]
    assert reply.choice.finish_reason == plain["status"]


@settings(max_examples=50, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=4).map(numbered), st.sampled_from([None, True, False]))
def test_any_reply_can_be_sent_back(items: list[Json], store: bool | None):
    reply = PROTOCOL.decode(response(*items))
    request = Request(model="gpt-5.5", messages=(user("hi"), reply.message, user("go on")), store=store)
    sent = encoded(request)["input"]
    assert (sent[0]["content"], sent[-1]["content"]) == ("hi", "go on")
    # No call has its result, so none goes back; nor does the reasoning before it, unless something else follows.
    kinds = [one.get("type") for one in sent[1:-1]]
    assert kinds[-1:] != ["reasoning"]
    assert not {"function_call", "custom_tool_call"} & set(kinds)
    given_ids = [one["id"] for one in items]
    sent_ids = [one["id"] for one in sent if "id" in one]
    assert sent_ids == [item_id for item_id in given_ids if item_id in sent_ids]
    # Everything else does, a message without its id if its reasoning has gone.
    natives = [one["id"] for one in items if one["type"] in ("web_search_call", "image_generation_call")]
    assert set(natives) <= set(sent_ids) or store is False  # then they may have lost their reasoning
    words = [
        part.get("text", part.get("refusal"))
        for one in items
        for part in one.get("content", ())
        if one["type"] == "message"
    ]
    assert "".join(words) == "".join(map(words_of, sent[1:-1]))


def words_of(one: Json) -> str:
    content = one.get("content", "") if one.get("role") == "assistant" else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", part.get("refusal")) for part in content)
