"""Values of the wire, and ids of calls: what is read of them, and what is made of them."""

from __future__ import annotations

import re

import pytest
from seacloud_client.protocols.call_ids import CallIds
from seacloud_client.protocols.values import as_json_text, made_up_id, objects, others, string


def test_strings_that_say_something():
    assert [string(value) for value in ("a", "", None, 1, ["a"])] == ["a", None, None, None, None]


def test_the_objects_of_a_list():
    assert list(objects([{"a": 1}, "b", None, {}])) == [{"a": 1}, {}]
    assert list(objects({"a": 1})) == list(objects(None)) == []


def test_the_fields_that_are_not_known():
    value = {"a": 1, "b": None, "c": 0, "d": 2}
    assert others(value, frozenset("ad")) == {"c": 0}
    assert others({"a": 1, "b": None}, frozenset("a")) is None
    assert others({}, frozenset("a")) is None


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), ("", ""), ("{not json", "{not json"), ({"a": "é"}, '{"a": "é"}'), ([1], "[1]")]
)
def test_arguments_as_text(value: object, text: str):
    assert as_json_text(value) == text


def test_ids_that_are_made_up_are_the_same_each_time():
    assert made_up_id("call_", "resp_1", 0) == made_up_id("call_", "resp_1", 0)
    assert len({made_up_id("call_", reply, place) for reply in ("a", "b", None, "\ud800") for place in (0, 1)}) == 8
    assert re.fullmatch(r"call_[0-9a-f]{24}", made_up_id("call_", "x"))


def test_ids_of_the_right_form_stay():
    ids = CallIds(re.compile("[a-z]+"), "call_")
    assert ids.of_call("abc") == ids.of_result("abc") == "abc"


def test_other_ids_are_mapped_and_none_is_used_twice():
    ids = CallIds(re.compile("[a-z]+"), "call_")
    mapped = [ids.of_call(call_id) for call_id in ("a|1", "abc", "abc", "a|1")]
    assert len(set(mapped)) == 4
    assert mapped[1] == "abc"
    results = [ids.of_result(call_id) for call_id in ("abc", "a|1", "abc", "a|1")]
    assert results == [mapped[1], mapped[0], mapped[2], mapped[3]]


def test_a_result_without_its_call_has_an_id_of_the_right_form():
    ids = CallIds(re.compile("[a-z]+"), "call_")
    assert ids.of_result("abc") == "abc"
    assert ids.of_result("a|1") == made_up_id("call_", "a|1")
