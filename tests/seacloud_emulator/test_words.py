"""Reading messages."""

from __future__ import annotations

import pytest
from seacloud_emulator.brain.words import (
    clauses,
    content_words,
    names,
    numbers,
    quoted,
    request_words,
    without_politeness,
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Please draw a cat", "draw a cat"),
        ("Hello! Could you please draw a cat?", "draw a cat?"),
        ("I'd like you to draw a cat", "draw a cat"),
        ("Using the tool, generate a greeting.", "generate a greeting."),
        ("Hello!", "Hello!"),
        ("画一只猫", "画一只猫"),
    ],
)
def test_politeness_goes(text, rest):
    assert without_politeness(text) == rest


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Draw a cat, and tell me where it is.", ["Draw a cat", "tell me where it is."]),
        ("Draw a cat and a dog", ["Draw a cat and a dog"]),
        ("What is 3.5 * 2? Also, what is 1 + 1?", ["What is 3.5 * 2?", "Also, what is 1 + 1?"]),
        ("画一只猫。告诉我在哪里。", ["画一只猫。", "告诉我在哪里。"]),
    ],
)
def test_clauses(text, parts):
    assert clauses(text) == parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Please draw a cat astronaut.", "a cat astronaut"),
        ("make me a picture of the sea", "a picture of the sea"),
        ("Search for red shoes", "red shoes"),
        ("Tell me a joke about cats.", "a joke about cats"),
        ("Tell me where it is", "Tell me where it is"),
        ("画一只猫。", "画一只猫"),
        ("draw", "draw"),
    ],
)
def test_request_words(text, words):
    assert request_words(text) == words


def test_quotations_of_all_kinds():
    text = "Call it 'one', \"two\", “three”, \u2018four\u2019, «five», 「六」 or `seven`; don't, I can't"
    assert quoted(text) == ["one", "two", "three", "four", "five", "六", "seven"]


def test_numbers_are_none_within_words():
    assert [number.value for number in numbers("nano_banana_2 makes 3 of 4.5, -6 and f(7), 3d")] == [3, 4.5, -6, 7]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is the weather in San Francisco, CA?", [("San Francisco, CA", "in")]),
        ("Weather in Paris and Tokyo", [("Paris", "in"), ("Tokyo", "and")]),
        ("Extract: John Smith is 30", [("John Smith", ":")]),
        ("Paris", [("Paris", "")]),
        ("Hello! How are you?", []),
        ("Ist es in Zürich oder in Ålesund schön?", [("Zürich", "in"), ("Ålesund", "in")]),
    ],
)
def test_names(text, found):
    assert [(name.text, name.after) for name in names(text)] == found


def test_content_words_are_stems_without_empty_words():
    assert content_words("Please use the getWeather tool for drawing_pictures") == ["weath", "draw", "pictur"]
