"""LangChain's cache: which models share an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_seacloud import ChatSeaCloud
from seacloud_emulator import Emulator

SERVER = {"type": "mcp", "server_label": "a", "server_url": "https://a.example", "require_approval": "never"}


def model_of(cache: InMemoryCache, **settings: Any) -> ChatSeaCloud:
    return ChatSeaCloud(model="gpt-5.5", protocol="responses", cache=cache, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        lambda token: {"model_kwargs": {"tools": [{**SERVER, "authorization": token}]}},
        lambda token: {"model_kwargs": {"tools": [{**SERVER, "headers": {"X-User": token}}]}},
        lambda token: {"extra_body": {"tools": [{**SERVER, "authorization": token}]}},
        lambda token: {"default_headers": {"X-Auth-Token": token}},
        lambda token: {"default_query": {"token": token}},
    ],
    ids=["a parameter", "headers within one", "the body", "a header", "the query"],
)
def test_who_has_another_credential_gets_another_answer(
    seacloud_env: Emulator, settings: Callable[[str], dict[str, Any]]
) -> None:
    """It is in no dump of the model, and the cache knows a model by its dump."""
    cache = InMemoryCache()
    for token in ("token-of-ann", "token-of-bob", "token-of-ann"):
        model_of(cache, **settings(token)).invoke("What do I owe?")
    assert len(seacloud_env.requests) == 2
    assert "token-of" not in str(cache._cache.keys())


@pytest.mark.parametrize(
    "update",
    [
        {"model": "gpt-4.1", "protocol": "chat_completions"},
        {"temperature": 1.5},
        {"model_kwargs": {"metadata": {"team": "red"}}},
    ],
)
@pytest.mark.parametrize("deep", [False, True])
def test_a_copy_with_other_values_gets_an_answer_of_its_own(
    seacloud_env: Emulator, update: dict[str, Any], deep: bool
) -> None:
    """langchain-core keeps how a model was dumped at its first call, and a copy begins with that."""
    model = model_of(InMemoryCache())
    first = model.invoke("Who are you?")
    copied = model.model_copy(update=update, deep=deep)
    answer = copied.invoke("Who are you?")
    assert len(seacloud_env.requests) == 2
    assert answer.response_metadata["model_name"] == copied.model
    assert model.invoke("Who are you?").text == first.text
    assert len(seacloud_env.requests) == 2


def test_a_field_that_is_set_later_counts(seacloud_env: Emulator) -> None:
    model = model_of(InMemoryCache(), temperature=0, model_kwargs={"metadata": {"team": "blue"}})
    changes: list[Callable[[], Any]] = [
        lambda: setattr(model, "temperature", 1),
        lambda: setattr(model, "model", "gpt-5"),
        lambda: model.model_kwargs["metadata"].update(team="red"),
    ]
    for number, change in enumerate([lambda: None, *changes], 1):
        change()
        for _ in range(2):
            model.invoke("Who are you?")
        assert len(seacloud_env.requests) == number
    assert seacloud_env.requests[-1].json["metadata"] == {"team": "red"}


def test_a_copy_is_traced_as_what_it_is(seacloud_env: Emulator) -> None:
    class Traced(BaseCallbackHandler):
        dumps: ClassVar[list[Any]] = []

        def on_chat_model_start(self, serialized: Any, messages: Any, **_: Any) -> None:
            self.dumps.append(serialized)

    model = model_of(InMemoryCache(), callbacks=[Traced()])
    model.invoke("hi")
    model.model_copy(update={"model": "gpt-5"}).invoke("hi")
    assert [dump["kwargs"]["model"] for dump in Traced.dumps] == ["gpt-5.5", "gpt-5"]


def test_models_without_credentials_share_their_answers(seacloud_env: Emulator) -> None:
    cache = InMemoryCache()
    for _ in range(2):
        model_of(cache, default_headers={"X-Team": "blue"}, extra_body={"prompt_cache_key": "a"}).invoke("hi")
    assert len(seacloud_env.requests) == 1
    assert "---" not in model_of(cache, extra_body={"prompt_cache_key": "a"})._get_llm_string().partition("---")[2]
