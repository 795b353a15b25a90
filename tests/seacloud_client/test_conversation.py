"""The vocabulary: what its values check, and what they tell."""

from __future__ import annotations

import base64
import contextlib
import pickle
from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client import conversation, deltas
from seacloud_client.conversation import (
    Audio,
    Choice,
    File,
    Finish,
    Image,
    Message,
    Native,
    Reasoning,
    Refusal,
    Reply,
    Request,
    Text,
    ToolCall,
    Video,
    system,
    user,
)

MEDIA = [Image, Audio, Video, File]
each_media = pytest.mark.parametrize("cls", MEDIA)
DATA = "aGVsbG8="


@each_media
@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({}, "none of them"),
        ({"url": "https://a.example/x", "data": DATA}, "url and data"),
        ({"data": DATA, "file_id": "f"}, "data and file_id"),
    ],
)
def test_media_are_in_exactly_one_place(cls, given_, found):
    with pytest.raises(ValueError, match=rf"^{cls.kind}: give exactly one of url, data and file_id; got {found}\.$"):
        cls(**given_)


@each_media
def test_a_data_url_is_taken_apart_and_put_together(cls):
    part = cls(url=f"data:x/y;charset=utf-8;base64,{DATA}", name="n")
    assert (part.url, part.data, part.media_type, part.name) == (None, DATA, "x/y", "n")
    assert part == cls(data=DATA, media_type="x/y", name="n")
    assert part.data_url == f"data:x/y;base64,{DATA}"
    assert part.read() == b"hello"


@each_media
@pytest.mark.parametrize("url", ["data:image/png", "data:image/png,abc", "data:", "data:;base65,abc"])
def test_a_data_url_that_is_none_is_refused(cls, url):
    with pytest.raises(ValueError, match=r"A data: URL must look like data:image/png;base64"):
        cls(url=url)


def test_a_long_data_url_is_not_shown_whole():
    with pytest.raises(ValueError, match="must look like") as caught:
        Image(url="data:image/png," + "x" * 100_000)
    assert len(str(caught.value)) < 200


def test_a_data_url_without_a_type_keeps_the_one_that_was_given():
    assert Image(url=f"data:;base64,{DATA}", media_type="image/gif").media_type == "image/gif"


@each_media
def test_data_without_a_type_make_no_data_url(cls):
    with pytest.raises(
        ValueError, match=r"data needs a media_type, such as '(image/png|audio/wav|video/mp4|application/pdf)'"
    ):
        _ = cls(data=DATA).data_url


@each_media
def test_only_data_can_be_read(cls):
    with pytest.raises(ValueError, match="there is no data here"):
        cls(url="https://a.example/x").read()
    with pytest.raises(ValueError, match="data is not valid base64"):
        cls(data="§").read()
    with pytest.raises(ValueError, match="data is not valid base64"):
        cls(data="a").read()


@given(st.binary(max_size=100))
def test_data_are_read_as_the_bytes_that_they_are(data):
    encoded = base64.b64encode(data).decode()
    assert File(data=encoded, media_type="a/b").read() == data
    assert File(url=f"data:a/b;base64,{encoded}").data == encoded


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"a": [1, "é"]}', {"a": [1, "é"]}),
        ("", {}),
        ("  \n", {}),
        ("{}", {}),
        (' {"a":1} ', {"a": 1}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),  # models leave line breaks in strings as they are
    ],
)
def test_arguments_are_parsed_when_asked_for(arguments, expected):
    assert ToolCall("c", "n", arguments).parse() == expected


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", "7", "'a'", "{'a': 1}", '{"a": 1} {"b": 2}', "[" * 100_000])
def test_arguments_that_are_no_object_are_refused_and_shown(arguments):
    with pytest.raises(ValueError, match=r"The arguments of 'n' are not (JSON|a JSON object)") as caught:
        ToolCall("c", "n", arguments).parse()
    assert arguments[:50] in str(caught.value)


@given(st.text(max_size=30))
def test_parsing_any_text_gives_a_mapping_or_a_value_error(arguments):
    with contextlib.suppress(ValueError):
        assert isinstance(ToolCall("c", "n", arguments).parse(), dict)


PARTS = (
    Reasoning("one"),
    Text("a"),
    Reasoning(""),
    Native("responses", {"type": "w"}),
    Text("b"),
    Reasoning("two"),
    ToolCall("c", "n", "{}"),
)


def test_a_message_tells_its_text():
    assert Message("assistant", PARTS).text == "ab"
    assert user("a", Image(file_id="f"), "b") == Message("user", (Text("a"), Image(file_id="f"), Text("b")))
    assert system("a") == Message("system", (Text("a"),))


def test_a_choice_tells_what_it_holds():
    choice = Choice(parts=PARTS)
    assert (choice.text, choice.reasoning, choice.refusal) == ("ab", "one\n\ntwo", None)
    assert choice.tool_calls == (ToolCall("c", "n", "{}"),)
    assert Choice(parts=(Refusal("No"), Refusal("!"))).refusal == "No!"


def test_a_reply_tells_what_its_first_choice_holds():
    reply = Reply(protocol="messages", choices=(Choice(parts=PARTS), Choice(index=1, parts=(Text("other"),))))
    assert (reply.text, reply.tool_calls) == ("ab", (ToolCall("c", "n", "{}"),))
    assert reply.message == Message("assistant", PARTS)
    empty = Reply(protocol="messages", choices=())
    assert (empty.text, empty.choice.finish, empty.message.parts) == ("", Finish.UNKNOWN, ())


def test_a_native_item_tells_its_type():
    assert Native("responses", {"type": "web_search_call"}).type == "web_search_call"
    assert Native("responses", {}).type == ""


VALUES = [
    Text("a"),
    Image(file_id="f"),
    *PARTS,
    user("a"),
    Request(model="m", messages=(user("a"),)),
    Choice(parts=PARTS),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_compared_and_pickled(value):
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "other")
    with pytest.raises((AttributeError, TypeError)):
        value.no_such_field = 1
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  # our own pickle


@pytest.mark.parametrize("module", [conversation, deltas])
def test_every_dataclass_is_frozen_and_has_slots(module):
    found = [
        value for value in vars(module).values() if isinstance(value, type) and hasattr(value, "__dataclass_fields__")
    ]
    assert len(found) > 10
    assert [cls for cls in found if not cls.__dataclass_params__.frozen or "__slots__" not in vars(cls)] == []
