"""Chat Completions' replies and streams: OpenAI's reference, and what gateways really send in its format.

Each case is told plain and as a stream; both must say the same.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from chat_wire import HEAD, Json, call, calls, chunk, deltas_of, parts_of, plain, stop, streamed, think
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    Finish,
    Image,
    Logprobs,
    Native,
    Refusal,
    Text,
    ToolCall,
)
from seacloud_client.deltas import (
    ResponseMeta,
    TextDelta,
)
from seacloud_client.errors import StreamBroken
from seacloud_client.folding import Fold
from seacloud_client.protocols.chat_completions import PROTOCOL


def test_text_comes_in_fragments():
    deltas = deltas_of(
        chunk({"role": "assistant", "content": ""}), chunk({"content": "Hé"}), chunk({"content": " 🎨"}), stop()
    )
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["Hé", " 🎨"]
    assert Fold().add_all(deltas).reply() == plain({"content": "Hé 🎨"})


def test_an_empty_reply_is_a_reply():
    assert streamed(chunk({"role": "assistant", "content": ""}), stop()).choice.parts == ()
    assert plain({"content": None}).choice.parts == ()
    assert plain({"content": ""}).choice == Choice(finish=Finish.STOP, finish_reason="stop")


def test_facts_of_the_reply():
    reply = streamed(chunk({"content": "x"}, service_tier="flex", system_fingerprint="fp"), stop())
    assert (reply.id, reply.model, reply.created, reply.service_tier) == ("c-1", "m", 7, "flex")
    assert reply.extras == {"system_fingerprint": "fp"}
    assert plain({"content": "x"}, service_tier="flex", system_fingerprint="fp") == reply


def test_facts_that_come_late_are_told_once():
    first = {"id": "", "model": "", "created": 0, "choices": []}
    deltas = deltas_of(first, {**first, "id": "c-1"}, chunk({"content": "x"}), stop())
    metas = [delta for delta in deltas if isinstance(delta, ResponseMeta)]
    assert [(meta.id, meta.model, meta.created) for meta in metas] == [
        (None, None, None),
        ("c-1", None, None),
        (None, "m", 7),
    ]


def test_nulls_everywhere_say_nothing():
    message = dict.fromkeys(
        (
            "content",
            "refusal",
            "annotations",
            "audio",
            "function_call",
            "tool_calls",
            "reasoning",
            "reasoning_content",
            "images",
        ),
        None,
    )
    empty = {**HEAD, "usage": None, "service_tier": None, "system_fingerprint": None, "error": None}
    choice = {"index": 0, "delta": message, "finish_reason": None, "logprobs": None}
    reply = streamed(
        {**empty, "choices": [choice]}, {**empty, "choices": None}, chunk({"content": "x"}), chunk(None, "stop")
    )
    assert reply == plain({"content": "x"})
    assert plain({**message, "content": "x"}) == reply


@pytest.mark.parametrize("form", ["reasoning_content", "reasoning"])
def test_reasoning_in_a_field_of_its_own(form: str):
    parts = parts_of({form: "I "}, {form: "think"}, {"content": "So."})
    assert parts == (think("I think", form), Text("So."))
    assert plain({"content": "So.", form: "I think"}).choice.parts == parts


def test_reasoning_stands_before_the_text_whenever_it_came():
    assert parts_of({"content": "So."}, {"reasoning_content": "late"}) == (think("late"), Text("So."))


def test_reasoning_under_two_names_is_read_once():
    both = {"reasoning": "I think", "reasoning_content": "I think"}  # vLLM
    assert plain({"content": "So.", **both}).choice.reasoning == "I think"
    assert parts_of(
        {"reasoning": "I ", "reasoning_content": "I "}, {"reasoning": "think", "reasoning_content": "think"}
    ) == (think("I think"),)


def test_details_take_the_place_of_the_readable_form():
    details = [{"type": "reasoning.text", "text": "I think", "index": 0, "format": "f"}]
    parts = plain({"content": "So.", "reasoning": "I think", "reasoning_details": details}).choice.parts
    assert parts == (think("I think", "reasoning.text", extras={"index": 0, "format": "f"}), Text("So."))


def test_details_are_added_up_by_index_and_type():
    def detail(kind: str, index: int | None = 0, **fields: Any) -> Json:
        return {"reasoning_details": [{"type": kind, "index": index, **fields}]}

    parts = parts_of(
        detail("reasoning.text", text="I "),
        detail("reasoning.text", text="think", signature="sig"),
        detail("reasoning.encrypted", index=1, data="enc", id="rs_1"),
        detail("reasoning.summary", index=2, summary="In "),
        detail("reasoning.summary", index=2, summary="short"),
    )
    assert parts == (
        think("I think", "reasoning.text", signature="sig", extras={"index": 0}),
        think("", "reasoning.encrypted", id="rs_1", encrypted="enc", extras={"index": 1}),
        think("In short", "reasoning.summary", extras={"index": 2}),
    )


def test_what_a_later_piece_of_a_detail_says_is_kept():
    pieces = [{"text": "I "}, {"text": "think", "format": "made-up"}, {"signature": "s", "format": "made-up"}]
    (thought,) = parts_of(*({"reasoning_details": [{"index": 0, **piece}]} for piece in pieces))
    assert thought == think("I think", "reasoning.text", signature="s", extras={"index": 0, "format": "made-up"})


GEMINIS = [
    {"type": "reasoning.encrypted", "id": "call_a", "data": "enc a", "format": "google-gemini-v1"},
    {"type": "reasoning.encrypted", "id": "call_b", "data": "enc b", "format": "google-gemini-v1"},
]
SIGNED = [{"type": "reasoning.text", "text": text, "signature": f"of {text}"} for text in ("one", "two")]


@pytest.mark.parametrize(
    "details",
    [
        [{**entry, "index": 0} for entry in GEMINIS],
        GEMINIS,
        [{name: value for name, value in entry.items() if name != "id"} for entry in GEMINIS],
        SIGNED,
    ],
    ids=["one index", "no index", "neither index nor id", "signed texts"],
)
def test_details_that_are_sealed_apart_stay_apart(details: list[Json]):
    """OpenRouter has one for each of Gemini's calls, with the call's id."""
    parts = plain({"reasoning_details": details}).choice.parts
    assert [part.encrypted or part.signature for part in parts] == [
        entry.get("data") or entry.get("signature") for entry in details
    ]
    assert [part.id for part in parts] == [entry.get("id") for entry in details]
    assert parts_of(*({"reasoning_details": [entry]} for entry in details)) == parts
    assert parts_of({"reasoning_details": details}) == parts


def test_details_of_a_plain_reply_are_all_different_ones():
    entry = {"type": "reasoning.text", "text": "hm", "index": 0}
    assert [part.text for part in plain({"reasoning_details": [entry, entry]}).choice.parts] == ["hm", "hm"]


def test_a_detail_without_a_number_goes_on_until_its_signature():
    pieces = [{"text": "I "}, {"text": "think"}, {"signature": "s"}, {"text": "Then "}, {"text": "again"}]
    thoughts = parts_of(*({"reasoning_details": [piece]} for piece in pieces))
    assert [(thought.text, thought.signature) for thought in thoughts] == [("I think", "s"), ("Then again", None)]


def test_a_detail_may_be_sealed_anew():
    """The encrypted form of one item is another in each event of Responses: the last is it."""
    entry = {"type": "reasoning.encrypted", "id": "rs_1", "index": 0}
    (thought,) = parts_of(*({"reasoning_details": [{**entry, "data": data}]} for data in ("early", "late")))
    assert thought.encrypted == "late"


def test_encrypted_details_leave_the_readable_form_beside_them():
    message = {
        "reasoning": "In short",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "enc", "index": 0}],
    }
    parts = plain({"content": "So.", **message}).choice.parts
    assert sorted((part.text, part.encrypted) for part in parts[:-1]) == [("", "enc"), ("In short", None)]


def test_thinking_in_a_list_of_content():
    content = [
        {
            "type": "thinking",
            "thinking": [{"type": "text", "text": "I "}, {"type": "text", "text": "think"}],
            "closed": True,
        },
        {"type": "text", "text": "So."},
        {"type": "reference", "reference_ids": [1]},
        "more",
    ]
    expected = (
        think("I think", "thinking", extras={"closed": True}),
        Text("So."),
        Native("chat_completions", {"type": "reference", "reference_ids": [1]}),
        Text("more"),
    )
    assert plain({"content": content}).choice.parts == expected
    assert parts_of(*({"content": [item]} for item in content)) == expected


def test_a_list_of_content_may_say_less_or_more_of_its_items():
    url = "https://example.com/a.png"
    note = {"type": "url_citation", "url": "https://example.com"}
    content = [
        {"text": "Look"},
        {"type": "output_text", "text": ":", "annotations": [note]},
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "output_text", "text": "So."},
        {"note": "strange"},
        {"type": "image_url"},
    ]
    (first, *others) = plain({"content": content}).choice.parts
    assert (first.text, [cited.raw for cited in first.annotations]) == ("Look:", [note])
    assert others == [
        Image(url=url),
        Text("So."),
        Native("chat_completions", {"note": "strange"}),
        Native("chat_completions", {"type": "image_url"}),
    ]
    assert parts_of(*({"content": [item]} for item in content)) == (first, *others)


def test_thinking_comes_in_fragments_and_text_as_a_string():
    def item(text: str) -> Json:
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}

    assert parts_of(item("I "), item("think"), {"content": "So"}, {"content": "."}) == (
        think("I think", "thinking"),
        Text("So."),
    )
    assert parts_of({"content": [{"type": "thinking", "thinking": "plain"}]}) == (think("plain", "thinking"),)


def test_a_refusal():
    reply = streamed(chunk({"refusal": "I "}), chunk({"refusal": "cannot."}), stop())
    assert reply.choice.parts == (Refusal("I cannot."),)
    assert plain({"content": None, "refusal": "I cannot."}) == reply


def test_a_sound():
    pieces = [base64.b64encode(piece).decode() for piece in (b"abc", b"de")]
    parts = parts_of(
        {"audio": {"id": "audio_1"}},
        {"audio": {"transcript": "He"}},
        {"audio": {"data": pieces[0]}},
        {"audio": {"data": pieces[1], "transcript": "llo"}},
        {"audio": {"expires_at": 9}},
    )
    whole = base64.b64encode(b"abcde").decode()
    assert parts == (Audio(data=whole, id="audio_1", transcript="Hello", extras={"expires_at": 9}),)
    sound = {"id": "audio_1", "data": whole, "transcript": "Hello", "expires_at": 9}
    assert plain({"content": None, "audio": sound}).choice.parts == parts


def test_pictures():
    images = [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    expected = (
        Text("Here:"),
        Image(data="iVBORw0KGgo=", media_type="image/png"),
        Image(url="https://example.com/a.png"),
    )
    assert parts_of({"content": "Here:"}, {"images": images[:1]}, {"images": images[1:]}) == expected
    assert plain({"content": "Here:", "images": images}).choice.parts == expected


def test_citations():
    facts = {"url": "https://example.com", "title": "T", "start_index": 0, "end_index": 3, "content": "c"}
    raw = {"type": "url_citation", "url_citation": facts}
    note = Annotation(
        type="url_citation",
        raw=raw,
        protocol="chat_completions",
        url="https://example.com",
        title="T",
        cited_text="c",
        start=0,
        end=3,
    )
    expected = (Text("Abc", (note,)),)
    assert plain({"content": "Abc", "annotations": [raw]}).choice.parts == expected
    assert parts_of({"content": "Abc"}, {"annotations": [raw]}, {"annotations": [raw]}) == expected  # repeated on each
    assert parts_of({"annotations": [raw]}, {"content": "Abc"}) == expected


def test_logprobs():
    def tokens(*found: str) -> Json:
        return {"content": [{"token": token, "logprob": -0.1} for token in found], "refusal": None}

    one = {**chunk({"content": "a"})}
    one["choices"][0]["logprobs"] = tokens("a")
    two = {**chunk({"content": "b"}, "stop")}
    two["choices"][0]["logprobs"] = tokens("b")
    expected = Logprobs(({"token": "a", "logprob": -0.1}, {"token": "b", "logprob": -0.1}))
    assert streamed(one, two).choice.logprobs == expected
    assert plain({"content": "ab"}, choice={"logprobs": tokens("a", "b")}).choice.logprobs == expected


def test_logprobs_of_the_older_form_and_ids_of_tokens():
    """vLLM has both in each chunk, of its own tokens; the same token may come twice."""
    first = {"tokens": ["a"], "token_logprobs": [-0.1], "top_logprobs": None}
    chunks = [chunk({"content": "a"}), chunk({"content": "a"}), chunk({"content": "b"}, "stop")]
    for one, token in zip(chunks, ("a", "a", "b"), strict=True):
        one["choices"][0].update(logprobs={**first, "tokens": [token]}, token_ids=[ord(token)])
    told = {"tokens": ["a", "a", "b"], "token_logprobs": [-0.1] * 3}
    expected = {"logprobs": told, "token_ids": [97, 97, 98]}
    assert streamed(*chunks).choice.extras == expected
    assert plain({"content": "aab"}, choice=expected).choice.extras == expected
    assert chunks[0]["choices"][0]["token_ids"] == [97]


def test_what_is_not_known_is_kept():
    reply = plain({"content": "x", "mood": "good"}, choice={"native_finish_reason": "STOP"}, provider="P")
    assert reply.extras == {"provider": "P"}
    assert reply.choice.extras == {"native_finish_reason": "STOP", "message": {"mood": "good"}}


def test_choices_are_kept_apart_and_in_order():
    reply = streamed(
        chunk({"content": "b"}, index=1),
        chunk({"content": "a"}, index=0),
        {**HEAD, "choices": [{"index": 0, "delta": {"content": "A"}}, {"index": 1, "delta": {"content": "B"}}]},
        chunk(calls(call(0, "c", "f", "{}")), index=1),
        stop("stop", 0),
        stop("tool_calls", 1),
    )
    assert [choice.index for choice in reply.choices] == [0, 1]
    assert reply.choices[0].parts == (Text("aA"),)
    assert reply.choices[1].parts == (Text("bB"), ToolCall("c", "f", "{}"))
    assert [choice.finish for choice in reply.choices] == [Finish.STOP, Finish.TOOL_CALLS]


def test_choices_without_a_number_are_numbered_by_their_places():
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    reply = PROTOCOL.decode({**HEAD, "choices": choices})
    assert [(choice.index, choice.text) for choice in reply.choices] == [(0, "a"), (1, "b")]


def test_a_stream_is_complete_when_all_its_choices_are():
    with pytest.raises(StreamBroken):
        streamed(chunk({"content": "a"}, index=0), chunk({"content": "b"}, index=1), stop("stop", 0))
