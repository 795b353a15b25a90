"""Forced tool calls become free ones where the provider is known to refuse them, and only there."""

from __future__ import annotations

from typing import Any

import pytest
from seacloud_client.conversation import Request, Tool, ToolChoice, user
from seacloud_client.forced_calls import softened

FORCED = (ToolChoice("required"), ToolChoice("tool", "add"))


def request(choice: ToolChoice | None, model: str = "claude-opus-4-6", **fields: Any) -> Request:
    return Request(model=model, messages=(user("Hi"),), tools=(Tool("add"),), tool_choice=choice, **fields)


@pytest.mark.parametrize("choice", FORCED, ids=["any", "one"])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking is on"),
        ({"thinking": {"type": "adaptive"}}, "thinking is on"),
        ({"model": "deepseek-chat", "thinking": {"type": "enabled"}}, "thinking is on"),
        ({"reasoning_effort": "low"}, "reasoning_effort is set"),
        ({"reasoning": {"effort": "low"}}, "reasoning_effort is set"),
        ({"model": "claude-sonnet-5-5"}, "always"),
    ],
)
def test_softened(choice: ToolChoice, fields: dict[str, Any], reason: str) -> None:
    with pytest.warns(UserWarning, match=f"refuses .*{reason}.*may answer without a call"):
        free = softened(request(choice, **fields))
    assert free == request(ToolChoice("auto"), **fields)


@pytest.mark.parametrize("choice", FORCED, ids=["any", "one"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"thinking": {"type": "disabled"}, "reasoning_effort": "low"},
        {"reasoning_effort": "none"},
        {"model": "gpt-5.5", "reasoning_effort": "low"},  # OpenAI's models take both
        {"model": "a-model-of-next-year", "reasoning_effort": "low"},
    ],
)
def test_kept(choice: ToolChoice, fields: dict[str, Any]) -> None:
    assert softened(request(choice, **fields)) == request(choice, **fields)  # a warning would be an error here


@pytest.mark.parametrize("choice", [None, ToolChoice("auto"), ToolChoice("none")])
def test_nothing_to_soften(choice: ToolChoice | None) -> None:
    asked = request(choice, thinking={"type": "adaptive"})
    assert softened(asked) is asked
