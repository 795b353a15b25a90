"""What other packages call the settings of the connection, and misspelt parameters: not sent, or not without a word."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llamaindex_seacloud import SeaCloud
from seacloud_client.errors import InvalidInputError, InvalidRequestError
from seacloud_emulator import Emulator

HELLO = [ChatMessage(role="user", content="Hello")]
PASSWORD = "hunter2-of-the-proxy"
MISPLACED = [
    ("openai_proxy", f"http://me:{PASSWORD}@127.0.0.1:9", "proxy"),
    ("headers", {"Authorization": f"Bearer {PASSWORD}"}, "default_headers"),
    ("async_http_client", PASSWORD, "http_client"),
    ("api_base", "https://elsewhere.example/llm", "base_url"),
    ("azure_endpoint", "https://elsewhere.example/llm", "base_url"),
    ("gateway", {"X-Gateway-Token": PASSWORD}, "default_headers"),
    ("gateway", f"https://me:{PASSWORD}@gateway.example", "proxy"),
]


@pytest.mark.parametrize(("name", "value", "argument"), MISPLACED)
def test_it_is_refused_on_construction_and_per_call(
    seacloud_env: Emulator, name: str, value: Any, argument: str
) -> None:
    given: dict[str, Any] = {name: value}
    llm = SeaCloud(model="gpt-4.1")
    for attempt in (
        lambda: SeaCloud(model="gpt-4.1", **given),
        lambda: SeaCloud(model="gpt-4.1", additional_kwargs=given),
        lambda: llm.complete("Hello", **given),
        lambda: list(llm.stream_chat(HELLO, **given)),
    ):
        with pytest.raises(InvalidInputError, match=rf"'{name}' .*SeaCloud\({argument}=.*Nothing was sent") as raised:
            attempt()
        assert PASSWORD not in str(raised.value)
    assert not seacloud_env.requests


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("extra_headers", "X-Gateway-Token"),
        ("extra_query", "api-key"),
        ("extra_query", "key"),
        ("extra_query", "sig_token"),
        ("extra_body", "api_key"),
        ("extra_body", "auth_token"),
    ],
)
def test_credentials_are_no_parameters_of_a_call(seacloud_env: Emulator, place: str, name: str) -> None:
    given: dict[str, Any] = {place: {"region": "no", name: PASSWORD}}
    llm = SeaCloud(model="gpt-4.1")
    for attempt in (
        lambda: SeaCloud(model="gpt-4.1", additional_kwargs=given),
        lambda: llm.complete("Hello", **given),
        lambda: list(llm.stream_chat(HELLO, **given)),
    ):
        with pytest.raises(InvalidInputError, match=rf"^{name}: credentials .*Nothing was sent") as raised:
            attempt()
        assert PASSWORD not in str(raised.value)
    assert not seacloud_env.requests


def test_what_only_sounds_like_a_credential_is_sent(seacloud_env: Emulator) -> None:
    body = {"prompt_cache_key": "a", "max_completion_tokens": 9, "logprobs": None}
    SeaCloud(model="gpt-4.1").complete("Hello", extra_body=body, extra_query={"api-version": "1"})
    sent = seacloud_env.requests[-1]
    assert (sent.json["prompt_cache_key"], sent.query) == ("a", "api-version=1")


@pytest.mark.parametrize(
    "ask",
    [
        lambda llm: llm.complete("Hello", temprature=0),
        lambda llm: llm.chat(HELLO, temprature=0),
        lambda llm: list(llm.stream_complete("Hello", temprature=0)),
    ],
)
def test_a_misspelt_parameter_is_told_of_once(seacloud_env: Emulator, ask: Callable[[SeaCloud], Any]) -> None:
    with (
        pytest.warns(UserWarning, match=r"'temprature'.*SeaCloud.*extra_body") as told,
        pytest.raises(InvalidRequestError, match="temprature"),  # it is sent all the same
    ):
        ask(SeaCloud(model="gpt-4.1"))
    assert len(told) == 1
    assert seacloud_env.requests[-1].json["temprature"] == 0


def test_what_is_meant_is_not_told_of(seacloud_env: Emulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        llm = SeaCloud(model="gpt-4.1", additional_kwargs={"top_a": 1}, prompt_cache_retention="24h")
        with pytest.raises(InvalidRequestError, match="top_a: unknown key; min_p: unknown key"):
            llm.complete("Hello", extra_body={"min_p": 0}, web_search_options={}, max_completion_tokens=9)
    sent = seacloud_env.requests[-1].json
    assert (sent["top_a"], sent["min_p"], sent["prompt_cache_retention"]) == (1, 0, "24h")
