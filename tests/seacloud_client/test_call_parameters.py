"""What a framework's call asks for: which of two parameters wins, and where one that is not known goes."""

from __future__ import annotations

from typing import Any

import pytest
from seacloud_client.call_parameters import (
    BODY_FIELDS,
    CALL_PARAMS,
    FIELD_PARAMS,
    KNOWN_PARAMS,
    OTHER_NAMES,
    by_own_names,
    call_parameters,
    not_known,
    tell_of_unknown_in_call,
)
from seacloud_client.conversation import Request

NOTHING = {"stop": (), "extra_headers": None, "extra_query": None, "extra_body": {}}


def test_the_names_are_the_requests() -> None:
    request = Request(model="m", messages=())
    assert set(request.__dataclass_fields__) | {"response_format"} == KNOWN_PARAMS
    assert {"metadata"} == CALL_PARAMS - FIELD_PARAMS


def test_nothing_is_asked_for() -> None:
    assert call_parameters({}, {}) == NOTHING
    made = Request(model="m", messages=(), **call_parameters({}, {}))
    assert made == Request(model="m", messages=(), extra_body={})


def test_names_of_other_packages() -> None:
    given = {"max_completion_tokens": 1, "stop_sequences": ["a"], "model_name": "m", "seed": 2}
    assert by_own_names(given) == {"max_tokens": 1, "stop": ["a"], "model": "m", "seed": 2}


def test_the_call_wins() -> None:
    fields = {"temperature": 0.1, "seed": 1, "user": None, "metadata": "a framework's", "model": "m"}
    assert call_parameters(fields, {"temperature": 0.9, "seed": None, "metadata": {"a": "b"}}) == {
        **NOTHING,
        "temperature": 0.9,
        "seed": None,
        "metadata": {"a": "b"},
    }


@pytest.mark.parametrize(
    ("fields", "given", "stop", "expected"),
    [
        ({"stop": ["a"]}, {}, None, ("a",)),
        ({"stop": ["a"]}, {"stop": "b"}, None, ("b",)),
        ({"stop": ["a"]}, {"stop": ["b", "c"]}, ["d"], ("d",)),
        ({}, {"stop": None}, "d", ("d",)),
    ],
)
def test_where_the_answer_ends(fields: Any, given: Any, stop: Any, expected: tuple[str, ...]) -> None:
    assert call_parameters(fields, given, stop=stop)["stop"] == expected


def test_lists_are_tuples() -> None:
    asked = call_parameters({"modalities": ["text"]}, {"include": None})
    assert (asked["modalities"], asked["include"]) == (("text",), ())


def test_extras_add_up_and_what_is_not_known_goes_into_the_body() -> None:
    fields = {"default_query": {"a": "1", "b": "1"}, "extra_body": {"x": 1, "y": 1, "z": 1}}
    given = {
        "extra_query": {"b": "2"},
        "extra_headers": {"X-Mine": "3"},
        "y": 2,
        "z": 2,
        "extra_body": {"z": 3},
        "tools": ["the adapter's"],
        "response_format": {"type": "text"},
    }
    assert call_parameters(fields, given) == {
        "stop": (),
        "extra_headers": {"X-Mine": "3"},
        "extra_query": {"a": "1", "b": "2"},
        "extra_body": {"x": 1, "y": 2, "z": 3},
    }
    assert fields["extra_body"] == {"x": 1, "y": 1, "z": 1}


def test_what_is_not_known() -> None:
    names = {**dict.fromkeys(KNOWN_PARAMS), **dict.fromkeys(BODY_FIELDS), **dict.fromkeys(OTHER_NAMES)}
    assert not_known(names) == {}
    assert not_known({"temprature": 0, "temperature": 1, "top_a": 2}, meant={"top_a": 3}) == {"temprature": 0}
    with pytest.warns(UserWarning, match=r"^'temprature', 'b': not parameters of a call of Mine, .* extra_body=\{"):
        tell_of_unknown_in_call({"temprature": 0, "b": 1}, of="Mine")
