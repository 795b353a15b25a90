"""The fields that all adapters' chat models have, and what becomes of what is none."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError
from seacloud_client.call_parameters import FIELD_PARAMS
from seacloud_client.chat_parameters import ChatParameters, sorted_out, tell_of_unknown
from seacloud_client.credentials import names_a_credential

CONNECTION = {
    "model",
    "protocol",
    "timeout",
    "stall_timeout",
    "max_reply_bytes",
    "max_event_bytes",
    "max_retries",
    "retry_unanswered",
    "messages_path",
    "default_query",
    "transport",
    "http_client",
    "http_async_client",
}
ELSEWHERE = {"n", "cache_control", "parallel_tool_calls", "prediction", "previous_response_id"}
"""Parameters of a request that are given per call, or that one framework alone has a field for."""


class Mine(ChatParameters):
    """A framework's own."""

    additional: dict[str, Any] = Field(default_factory=dict)


def test_each_field_is_a_parameter_of_the_request_or_of_the_connection() -> None:
    assert set(ChatParameters.model_fields) == CONNECTION | (FIELD_PARAMS - ELSEWHERE)


def test_by_any_of_their_names() -> None:
    made = Mine(model_name="m", max_output_tokens=5, stop_sequences=["a"])
    assert (made.model, made.max_tokens, made.stop) == ("m", 5, ["a"])
    assert Mine(model="m", max_tokens=5).max_tokens == 5


def test_what_was_given_is_in_no_error() -> None:
    with pytest.raises(ValidationError) as raised:
        Mine(model="m", timeout="sk-by-mistake")
    assert "sk-by-mistake" not in str(raised.value)


def test_sorted_out() -> None:
    given = {"model_name": "m", "stop": "a", "max_completion_tokens": 5, "additional": {}, "tone": "mild"}
    known, unknown = sorted_out(Mine, given)
    assert unknown == {"tone": "mild"}
    assert known == {"model_name": "m", "stop": ["a"], "max_completion_tokens": 5, "additional": {}}
    assert sorted_out(Mine, {"stop_sequences": "a"})[0] == {"stop_sequences": ["a"]}
    assert sorted_out(ChatParameters, {"additional": {}}) == ({}, {"additional": {}})


def test_what_is_unknown_is_told_where_it_is_given() -> None:
    with pytest.warns(UserWarning, match=r"^'tone', 'pace': not parameters of Mine, .* into additional and") as told:
        tell_of_unknown({"tone": 1, "pace": 2}, of="Mine", kept_in="additional", stacklevel=1)
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai_api_key", True),
        ("apiKey", True),
        ("client_secret", True),
        ("auth_token", True),
        ("Authorization", True),
        ("max_tokens", False),
        ("prompt_cache_key", False),
        ("logit_bias", False),
        ("author", False),
    ],
)
def test_names_of_credentials(name: str, *, expected: bool) -> None:
    assert names_a_credential(name) is expected
