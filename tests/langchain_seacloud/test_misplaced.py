"""What other packages call the settings of the connection, and misspelt parameters: not sent, or not without a word."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tracers import BaseTracer
from langchain_seacloud import ChatSeaCloud
from seacloud_client.errors import InvalidInputError, InvalidRequestError
from seacloud_emulator import Emulator

PASSWORD = "hunter2-of-the-proxy"
MISPLACED = [
    ("openai_proxy", f"http://me:{PASSWORD}@127.0.0.1:9", "proxy"),
    ("headers", {"Authorization": f"Bearer {PASSWORD}"}, "default_headers"),
    ("async_client", PASSWORD, "http_client"),
    ("openai_api_base", "https://elsewhere.example/llm", "base_url"),
    ("anthropic_api_url", "https://elsewhere.example/llm", "base_url"),
    ("gateway", {"X-Gateway-Token": PASSWORD}, "default_headers"),
    ("gateway", f"https://me:{PASSWORD}@gateway.example", "proxy"),
]


class Told(BaseTracer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Any] = []

    def _persist_run(self, run: Any) -> None:
        self.runs.append(run)


@pytest.mark.parametrize(("name", "value", "argument"), MISPLACED)
def test_it_is_refused_on_construction(name: str, value: Any, argument: str) -> None:
    given: dict[str, Any] = {name: value}
    for make in (
        lambda: ChatSeaCloud(model="gpt-4.1", **given),
        lambda: ChatSeaCloud(model="gpt-4.1", model_kwargs=given),
    ):
        with pytest.raises(ValueError, match=rf"'{name}' .*ChatSeaCloud\({argument}=") as raised:
            make()
        assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(("name", "value", "argument"), MISPLACED)
async def test_it_is_refused_per_call_and_traces_are_not_told(
    seacloud_env: Emulator, name: str, value: Any, argument: str
) -> None:
    told = Told()
    model = ChatSeaCloud(model="gpt-4.1").with_config(callbacks=[told])
    given: dict[str, Any] = {name: value}
    for ask in (
        lambda: model.invoke("hi", **given),
        lambda: model.bind(**given).invoke("hi"),
        lambda: list(model.stream("hi", **given)),
    ):
        with pytest.raises(InvalidInputError, match=rf"'{name}' .*ChatSeaCloud\({argument}=.*Nothing was sent"):
            ask()
    with pytest.raises(InvalidInputError, match=rf"{argument}=.*Nothing was sent"):
        await model.ainvoke("hi", **given)
    with pytest.raises(InvalidInputError, match=rf"{argument}=.*Nothing was sent"):
        _ = [chunk async for chunk in model.astream("hi", **given)]
    assert not told.runs
    assert not seacloud_env.requests


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.invoke("hi", temprature=0),
        lambda model: model.bind(temprature=0).invoke("hi"),
        lambda model: list(model.stream("hi", temprature=0)),
    ],
)
def test_a_misspelt_parameter_is_told_of_once(seacloud_env: Emulator, ask: Callable[[Any], Any]) -> None:
    with (
        pytest.warns(UserWarning, match=r"'temprature'.*ChatSeaCloud.*extra_body") as told,
        pytest.raises(InvalidRequestError, match="temprature"),  # it is sent all the same
    ):
        ask(ChatSeaCloud(model="gpt-4.1"))
    assert len(told) == 1
    assert seacloud_env.requests[-1].json["temprature"] == 0


def test_what_is_meant_is_not_told_of(seacloud_env: Emulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = ChatSeaCloud(model="gpt-4.1", model_kwargs={"top_a": 1}, prompt_cache_retention="24h")  # type: ignore[call-arg]
        with pytest.raises(InvalidRequestError, match="top_a: unknown key; min_p: unknown key"):
            model.invoke("hi", extra_body={"min_p": 0}, web_search_options={}, max_completion_tokens=9)
    sent = seacloud_env.requests[-1].json
    assert (sent["top_a"], sent["min_p"], sent["prompt_cache_retention"]) == (1, 0, "24h")
