"""Copies of a model: what they share, and what is their own."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, SeaCloudToolkit
from pydantic import SecretStr
from seacloud_emulator import Emulator

KEY = "sk-secret-of-mine"


class Locked(BaseCallbackHandler, BaseRateLimiter):
    """What cannot be copied, as a tracer or a rate limiter with a lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def acquire(self, *, blocking: bool = True) -> bool:
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return True


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda model: model.model_copy(deep=True)])
def test_copies_share_what_cannot_be_copied(duplicate: Callable[[ChatSeaCloud], ChatSeaCloud]) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})

    locked, cache = Locked(), InMemoryCache()
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        model = ChatSeaCloud(
            model="gpt-4.1",
            api_key=SecretStr(KEY),
            http_client=client,
            callbacks=[locked],
            rate_limiter=locked,
            cache=cache,
        )
        assert model.invoke("one").text == "Hi"
        copied = duplicate(model)
        assert copied.invoke("two").text == "Hi"
    assert len(asked) == 2
    assert copied.__dict__ == model.__dict__
    assert copied.api_key is not None
    assert copied.api_key.get_secret_value() == KEY
    shared = (copied.http_client, copied.cache, copied.rate_limiter, *copied.callbacks)  # type: ignore[misc]  # a list
    assert all(one is other for one, other in zip(shared, (client, cache, locked, locked), strict=True))


def test_a_deep_copy_has_its_own_lists_and_dicts() -> None:
    model = ChatSeaCloud(model="gpt-4.1", stop=["a"], model_kwargs={"metadata": {"team": "blue"}}, callbacks=[])
    copied = copy.deepcopy(model)
    copied.stop.append("b")  # type: ignore[union-attr]  # it is a list
    copied.model_kwargs["metadata"]["team"] = "red"
    copied.callbacks.append(Locked())  # type: ignore[union-attr]  # the same
    assert (model.stop, model.model_kwargs["metadata"], model.callbacks) == (["a"], {"team": "blue"}, [])


def test_a_copy_for_another_model_has_that_one_s_profile() -> None:
    model = ChatSeaCloud(model="gpt-4.1")
    assert (
        model.model_copy(update={"model": "claude-opus-4-6"}).profile == ChatSeaCloud(model="claude-opus-4-6").profile
    )
    assert model.model_copy(update={"model": "unknown-model"}).profile is None
    assert model.model_copy(update={"temperature": 0.5}).profile == model.profile
    told: Any = {"structured_output": False}
    mine = ChatSeaCloud(model="gpt-4.1", profile=told)
    assert mine.model_copy(update={"model": "unknown-model"}).profile == told
    assert model.model_copy(update={"model": "unknown-model", "profile": told}).profile == told


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda tool: tool.model_copy(deep=True)])
def test_copies_of_a_tool_have_one_limit(seacloud_env: Emulator, duplicate: Callable[..., Any]) -> None:
    """Who copies a tool does not mean to double what may be spent."""
    locked = Locked()
    tool = SeaCloudGenerationTool(
        model="nano_banana_2", max_calls=1, max_calls_per_thread=5, callbacks=[locked], parameters={"seed": 1}
    )
    copied = duplicate(tool)
    config: Any = {"configurable": {"thread_id": "1"}}
    assert "made 1 result" in str(copied.invoke({"prompt": "a cat"}, config))
    assert "was not called" in str(tool.invoke({"prompt": "a cat"}, config))
    assert sum(request.method == "POST" for request in seacloud_env.requests) == 1
    assert copied.callbacks == [locked]
    assert copied.queue is tool.queue


def test_a_deep_copy_of_a_tool_has_its_own_parameters() -> None:
    tool = SeaCloudGenerationTool(model="nano_banana_2", parameters={"seed": 1}, tags=["a"])
    copied = copy.deepcopy(tool)
    copied.parameters["seed"] = 2
    assert tool.parameters == {"seed": 1}
    assert copied.tags is not tool.tags


def test_a_copied_toolkit_shares_its_queue_and_its_limits() -> None:
    with httpx.Client() as client:
        kit = SeaCloudToolkit(
            models=["nano_banana_2"], api_key=SecretStr(KEY), http_client=client, max_calls_per_thread=2
        )
        copied = copy.deepcopy(kit)
    assert copied.models == kit.models
    assert copied.models is not kit.models
    assert (copied.queue, copied._counter, copied.http_client) == (kit.queue, kit._counter, client)


def test_a_pickled_toolkit_holds_no_key() -> None:
    kit = SeaCloudToolkit(models=["nano_banana_2"], api_key=SecretStr(KEY), max_calls_per_thread=2)
    pickled = pickle.dumps(kit)
    assert KEY.encode() not in pickled
    copied = pickle.loads(pickled)  # noqa: S301  # our own pickle
    assert [tool.name for tool in copied.get_tools()] == [tool.name for tool in kit.get_tools()]
