"""LangChain's cache: which models share an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
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
    ],
    ids=["a parameter", "headers within one", "the body", "a header"],
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


def test_models_without_credentials_share_their_answers(seacloud_env: Emulator) -> None:
    cache = InMemoryCache()
    for _ in range(2):
        model_of(cache, default_headers={"X-Team": "blue"}, extra_body={"prompt_cache_key": "a"}).invoke("hi")
    assert len(seacloud_env.requests) == 1
    assert "---" not in model_of(cache, extra_body={"prompt_cache_key": "a"})._get_llm_string().partition("---")[2]
