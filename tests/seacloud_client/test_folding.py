"""Deltas and replies: folding what `unfold` tells gives the reply again, and n fragments cost n."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
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
from seacloud_client.deltas import (
    AnnotationDelta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.errors import ProtocolError
from seacloud_client.folding import Fold, merge_extras, unfold

texts = st.text(max_size=12)
some = st.none() | texts
extras = st.none() | st.dictionaries(
    texts, st.integers() | texts | st.lists(st.integers(), max_size=2), min_size=1, max_size=2
)
protocols = st.sampled_from(["chat_completions", "responses", "messages"])
annotations = st.builds(
    Annotation,
    type=texts,
    raw=st.dictionaries(texts, texts, max_size=2),
    protocol=protocols,
    url=some,
    start=st.none() | st.integers(),
)
parts = st.one_of(
    st.builds(Text, texts, st.lists(annotations, max_size=2).map(tuple), some, extras),
    st.builds(Reasoning, texts, protocols, some, some, some, some, extras),
    st.builds(ToolCall, texts, texts, texts, st.sampled_from(["function", "custom"]), some, extras),
    st.builds(Refusal, texts, some),
    st.builds(Native, protocols, st.dictionaries(texts, texts, max_size=2)),
    st.builds(Image, url=st.just("https://example.com/a.png"), id=some, extras=extras),
    st.builds(
        Audio, data=st.binary(max_size=5).map(lambda data: base64.b64encode(data).decode()), transcript=some, id=some
    ),
)
tokens = st.lists(st.dictionaries(texts, st.integers(), max_size=1), max_size=2).map(tuple)
logprobs = st.none() | st.builds(Logprobs, tokens, tokens).filter(lambda found: found.content or found.refusal)
choices = st.builds(
    Choice,
    parts=st.lists(parts, max_size=4).map(tuple),
    finish=st.sampled_from(Finish),
    finish_reason=some,
    logprobs=logprobs,
    extras=extras,
)
replies = st.builds(
    Reply,
    protocol=protocols,
    choices=st.lists(choices, max_size=3).map(lambda found: tuple(replace(c, index=n) for n, c in enumerate(found))),
    id=some,
    model=some,
    created=st.none() | st.integers(),
    service_tier=some,
    usage=st.none()
    | st.builds(Usage, input_tokens=st.integers(), output_tokens=st.integers(), total_tokens=st.integers()),
    request_id=some,
    extras=extras,
)


@given(replies)
@settings(max_examples=200)
def test_a_reply_told_as_deltas_and_folded_is_the_same(reply: Reply):
    deltas = list(unfold(reply))
    assert Fold().add_all(deltas).reply() == reply
    assert sum(isinstance(delta, UsageDelta) for delta in deltas) == (reply.usage is not None)
    assert [delta.choice for delta in deltas if isinstance(delta, FinishDelta)] == [c.index for c in reply.choices]
    starts = [(delta.choice, delta.part) for delta in deltas if isinstance(delta, PartStart)]
    assert starts == [(delta.choice, delta.part) for delta in deltas if isinstance(delta, PartEnd)]
    assert len(starts) == sum(len(choice.parts) for choice in reply.choices)


@given(replies)
def test_text_and_reasoning_are_told_apart_from_their_starts(reply: Reply):
    told = "".join(delta.text for delta in unfold(reply) if isinstance(delta, (TextDelta, ReasoningDelta)))
    parts_ = [part for choice in reply.choices for part in choice.parts if isinstance(part, (Text, Reasoning))]
    assert told == "".join(part.text for part in parts_)


@given(texts, st.data())
def test_fragments_add_up_wherever_a_text_is_cut(text: str, data: st.DataObject):
    cut = data.draw(st.integers(0, len(text)))
    fold = Fold().add_all([PartStart(0, 5, Text("")), TextDelta(0, 5, text[:cut]), TextDelta(0, 5, text[cut:])])
    assert fold.reply().text == text


def test_parts_may_interleave_and_stand_in_the_order_of_their_numbers():
    fold = Fold().add_all(
        [
            PartStart(0, 9, ToolCall("c-2", "b", "")),
            PartStart(0, 3, Text("")),
            PartStart(1, 0, Text("")),
            ToolCallDelta(0, 9, '{"a"'),
            TextDelta(0, 3, "x"),
            PartStart(0, 1, Reasoning("")),
            TextDelta(1, 0, "other"),
            ToolCallDelta(0, 9, ": 1}"),
            ReasoningDelta(0, 1, "hm"),
            ReasoningDelta(0, 1, "m", signature="s", encrypted="e", extras={"a": 1}),
        ]
    )
    one, two = fold.reply().choices
    assert one.parts == (
        Reasoning("hmm", signature="s", encrypted="e", extras={"a": 1}),
        Text("x"),
        ToolCall("c-2", "b", '{"a": 1}'),
    )
    assert two.parts == (Text("other"),)


def test_what_a_call_lacks_at_its_start_comes_later():
    fold = Fold().add_all(
        [PartStart(0, 0, ToolCall("", "", "")), ToolCallDelta(0, 0, "{", id="c", name="n"), ToolCallDelta(0, 0, "}")]
    )
    assert fold.reply().tool_calls == (ToolCall("c", "n", "{}"),)


def test_sounds_are_joined_as_bytes():
    pieces = [b"a", b"bcd", b"ef"]
    deltas = [
        MediaDelta(0, 0, base64.b64encode(piece).decode(), letter) for piece, letter in zip(pieces, "xyz", strict=True)
    ]
    deltas.append(MediaDelta(0, 0, extras={"expires_at": 7}))
    (audio,) = Fold().add_all([PartStart(0, 0, Audio(data="", id="a-1")), *deltas]).reply().choice.parts
    assert audio.read() == b"abcdef"
    assert (audio.transcript, audio.id, audio.extras) == ("xyz", "a-1", {"expires_at": 7})


@pytest.mark.parametrize("size", range(1, 8))
@pytest.mark.parametrize("sound", [b"abcdef", b"abcde", b"abcd"])
def test_a_sound_may_be_cut_anywhere_in_its_base64(sound: bytes, size: int):
    whole = base64.b64encode(sound).decode()
    pieces = [MediaDelta(0, 0, whole[at : at + size]) for at in range(0, len(whole), size)]
    fold = Fold().add_all([PartStart(0, 0, Audio(data="")), *pieces, PartEnd(0, 0)])
    (audio,) = fold.reply().choice.parts
    assert audio.read() == sound


def test_a_sound_may_lack_the_end_of_its_base64():
    fold = Fold().add_all([PartStart(0, 0, Audio(data="")), MediaDelta(0, 0, "YWJjZA"), PartEnd(0, 0)])
    assert fold.reply().choice.parts[0].read() == b"abcd"
    with pytest.raises(ProtocolError, match="not base64"):
        Fold().add_all([PartStart(0, 0, Audio(data="")), MediaDelta(0, 0, "YWJjZ"), PartEnd(0, 0)])


def test_a_sound_that_is_no_base64_is_an_error():
    with pytest.raises(ProtocolError, match="not base64"):
        Fold().add_all([PartStart(0, 0, Audio(data="")), MediaDelta(0, 0, "§§")])


def test_the_last_state_of_a_native_item_counts():
    fold = Fold().add(PartStart(0, 0, Native("responses", {"type": "web_search_call", "status": "in_progress"})))
    fold = Fold().add_all(
        [
            PartStart(0, 0, Native("responses", {"type": "w", "status": "in_progress"})),
            NativeDelta(0, 0, event={"type": "searching"}),
            NativeDelta(0, 0, item={"type": "w", "status": "completed"}),
        ]
    )
    assert fold.reply().choice.parts == (Native("responses", {"type": "w", "status": "completed"}),)


def test_refusals_citations_logprobs_and_facts():
    note = Annotation(type="url_citation", raw={"a": 1}, protocol="chat_completions")
    reply = (
        Fold()
        .add_all(
            [
                ResponseMeta("messages", id="m-1", extras={"a": 1, "list": [1]}),
                ResponseMeta(
                    "messages", model="m", service_tier="t", created=7, request_id="r", extras={"a": 2, "list": [2]}
                ),
                PartStart(0, 0, Refusal("")),
                RefusalDelta(0, 0, "No"),
                PartStart(0, 1, Text("")),
                AnnotationDelta(0, 1, note),
                PartEnd(0, 1, {"late": True}),
                LogprobsDelta(0, Logprobs(({"token": "a"},))),
                LogprobsDelta(0, Logprobs((), ({"token": "b"},))),
                UsageDelta(Usage(input_tokens=1, output_tokens=2, total_tokens=3)),
                FinishDelta(0, Finish.REFUSAL, "refusal", {"x": 1}),
            ]
        )
        .reply()
    )
    assert reply == Reply(
        protocol="messages",
        id="m-1",
        model="m",
        service_tier="t",
        created=7,
        request_id="r",
        extras={"a": 2, "list": [1, 2]},
        usage=Usage(input_tokens=1, output_tokens=2, total_tokens=3),
        choices=(
            Choice(
                parts=(Refusal("No"), Text("", (note,), extras={"late": True})),
                finish=Finish.REFUSAL,
                finish_reason="refusal",
                logprobs=Logprobs(({"token": "a"},), ({"token": "b"},)),
                extras={"x": 1},
            ),
        ),
    )


def test_the_reply_may_be_taken_in_the_middle():
    fold = Fold().add_all([PartStart(0, 0, Text("")), TextDelta(0, 0, "a")])
    assert fold.reply().text == "a"
    assert fold.reply().choice.finish is Finish.UNKNOWN
    fold.add(TextDelta(0, 0, "b"))
    assert fold.reply().text == "ab"
    assert Fold().reply().choices == ()


def test_merging_extras_changes_neither_side():
    old, new = {"a": 1, "b": [1]}, {"a": 2, "b": [2], "c": 3}
    assert merge_extras(old, new) == {"a": 2, "b": [1, 2], "c": 3}
    assert (old, new) == ({"a": 1, "b": [1]}, {"a": 2, "b": [2], "c": 3})
    assert merge_extras(None, new) is new
    assert merge_extras(old, None) is old


def test_folding_takes_time_by_the_number_of_deltas():
    def seconds(count: int) -> float:
        deltas = [
            PartStart(0, 0, Text("")),
            *[TextDelta(0, 0, "word ")] * count,
            PartStart(0, 1, ToolCall("c", "n", "")),
        ]
        deltas += [ToolCallDelta(0, 1, json.dumps("x"))] * count
        begun = time.thread_time()
        Fold().add_all(deltas).reply()
        return time.thread_time() - begun

    seconds(1000)
    small, large = min(seconds(5_000) for _ in range(5)), min(seconds(50_000) for _ in range(3))
    assert large < 30 * small  # ten times as many; quadratic work would be a hundred times as long
