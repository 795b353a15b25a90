"""What an LLM keeps to itself, what is restored of it, and what a change or a copy of it is."""

from __future__ import annotations

import pickle
import warnings
from copy import copy, deepcopy
from inspect import signature

import httpx
import pytest
from llama_index.core.base.llms.types import ChatMessage
from llamaindex_seacloud import SeaCloud
from llamaindex_wire import COMPLETION, answering
from pydantic import SecretStr
from seacloud_client.chat import ChatClient
from seacloud_client.errors import ConfigurationError
from seacloud_emulator import Emulator

HELLO = [ChatMessage(role="user", content="Hello")]


def secretive() -> SeaCloud:
    return SeaCloud(
        model="gpt-4.1",
        api_key="sk-secret-1",
        default_headers={"x-gateway": "sk-secret-2"},
        default_query={"region": "sk-secret-4"},
        proxy="http://user:sk-secret-3@localhost:9",
        temperature=0.5,
        system_prompt="Be brief.",
        http_client=httpx.Client(),
        http_async_client=httpx.AsyncClient(),
    )


def test_nothing_secret_is_shown_or_written(caplog: pytest.LogCaptureFixture) -> None:
    llm = secretive()
    shown = [repr(llm), str(llm), llm.to_json(), repr(llm.to_dict()), llm.model_dump_json(), repr(llm.to_payload())]
    assert not [text for text in shown if "sk-secret" in text]
    assert b"sk-secret" not in pickle.dumps(llm)
    assert not caplog.records, "BaseComponent warns of what it cannot pickle"


def test_restored_from_a_dict_and_a_pickle() -> None:
    llm = secretive()
    unpickled = pickle.loads(pickle.dumps(llm))  # noqa: S301  # our own
    for restored in (SeaCloud.from_dict(llm.to_dict()), SeaCloud.from_json(llm.to_json()), unpickled):
        assert isinstance(restored, SeaCloud)
        assert restored.api_key is None
        assert restored.http_client is None
        assert (restored.temperature, restored.system_prompt) == (0.5, "Be brief.")
        assert restored.to_dict() == llm.to_dict()
        with pytest.raises(ConfigurationError, match="No API key"):
            restored.chat(HELLO)
    assert llm.http_client is not None, "the original is as it was"
    assert llm.api_key == SecretStr("sk-secret-1")


def test_restored_by_pydantic(seacloud_env: Emulator) -> None:
    """LlamaIndex writes the class's name beside the fields; it is no parameter of a request."""
    llm = SeaCloud(model="gpt-4.1", temperature=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        restored = [
            SeaCloud(**llm.to_dict()),
            SeaCloud(**llm.model_dump()),
            SeaCloud.model_validate_json(llm.model_dump_json()),
        ]
    for each in restored:
        assert each.to_dict() == llm.to_dict()
        each.chat(HELLO)
        assert "class_name" not in seacloud_env.requests[-1].json


def test_what_is_set_later_holds_from_then_on() -> None:
    """A key that were kept would be billed to another's account."""
    llm, requests = answering(COMPLETION)
    other = llm.model_copy(update={"api_key": SecretStr("sk-b"), "base_url": "https://b.example/llm"})
    other.chat(HELLO)
    llm.chat(HELLO)
    llm.api_key = SecretStr("sk-c")
    llm.chat(HELLO)
    assert [(request.url.host, request.headers["authorization"]) for request in requests] == [
        ("b.example", "Bearer sk-b"),
        ("cloud.seaart.ai", "Bearer sk-test"),
        ("cloud.seaart.ai", "Bearer sk-c"),
    ]
    llm.protocol = "responses"
    assert llm.to_payload()["protocol"] == llm.client.protocol == "responses"


@pytest.mark.parametrize("name", sorted({*signature(ChatClient).parameters, "default_headers"} - {"headers"}))
def test_each_setting_of_the_client_makes_it_anew(name: str) -> None:
    llm, _ = answering(COMPLETION)
    client = llm.client
    assert llm.client is client, "it is kept as long as nothing changes"
    assert llm.model_copy(update={"temperature": 1.0}).client is client
    assert llm.model_copy(update={name: getattr(llm, name)}).client is not client
    llm.temperature = 1.0
    assert llm.client is client
    setattr(llm, name, getattr(llm, name))
    assert llm.client is not client


def test_a_setting_that_makes_no_sense_is_told_when_it_is_next_needed() -> None:
    llm, requests = answering(COMPLETION)
    llm.base_url = "cloud.example"
    with pytest.raises(ConfigurationError, match="base_url"):
        llm.chat(HELLO)
    assert requests == []


def test_copies_share_the_connections() -> None:
    llm, requests = answering(COMPLETION)
    llm.chat(HELLO)
    for copied in (copy(llm), deepcopy(llm), llm.model_copy(deep=True)):
        assert copied.http_client is llm.http_client
        assert str(copied.chat(HELLO)) == "assistant: Hi"
        assert copied.api_key == llm.api_key
    assert len(requests) == 4
