"""Which tool a message asks for."""

from __future__ import annotations

import pytest
from seacloud_emulator.brain.choosing import asked_for, best
from seacloud_emulator.brain.question import Tool


def tool(name: str, description: str = "") -> Tool:
    return Tool(name, description, {"type": "object"})


WEATHER = tool("get_weather", "Get the current weather.")
DRAW = tool("generate_with_nano_banana_2", "Generates media (a picture, a film or a sound) from a prompt.")
DRAW_TOO = tool("generate_with_flux_2_pro", "Generates media (a picture, a film or a sound) from a prompt.")
ADD = tool("add", "Add two numbers.")
MULTIPLY = tool("multiply", "Multiply two numbers.")
ALL = [WEATHER, DRAW, DRAW_TOO, ADD, MULTIPLY]


@pytest.mark.parametrize(
    ("message", "tools"),
    [
        ("What is the weather in Paris?", [WEATHER]),
        ("draw a cat astronaut", [DRAW]),
        ("make a picture of the sea", [DRAW]),
        ("I need an illustration for my blog", [DRAW]),
        ("draw a cat with generate_with_flux_2_pro", [DRAW_TOO]),
        ("draw a cat and tell me the forecast", [WEATHER, DRAW]),
        ("What is 3 + 4?", [ADD]),
        ("What is 3 times 4?", [MULTIPLY]),
        ("What is 3 * 4? And what is 5 + 6?", [ADD, MULTIPLY]),
        ("Hello", []),
        ("How are you today?", []),
        ("Draw a cat in words, but do not use any tools", []),
        ("", []),
    ],
)
def test_asked_for(message, tools):
    assert {found.name for found in asked_for(message, ALL)} == {wanted.name for wanted in tools}


def test_the_best_tool_is_the_first_where_none_fits():
    assert best("Hello", ALL) is WEATHER
    assert best("What is 3 times 4?", ALL) is MULTIPLY
