"""Choosing a model: profiles, per call, by configuration, by middleware, by name."""

from __future__ import annotations

import asyncio
import importlib.metadata
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import langchain.chat_models.base
import langchain_seacloud
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import ModelFallbackMiddleware, wrap_model_call
from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import ConfigurableField
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.errors import InvalidInputError, ServerError
from langchain_seacloud.parameters import ChatSeaCloudParameters
from langchain_seacloud.profiles import profile_of
from langchain_seacloud.requests import _OF_THE_MODEL
from seacloud_client.call_parameters import FIELD_PARAMS
from seacloud_client.errors import ConfigurationError
from seacloud_client.models import FACTS
from seacloud_client.protocols import choose, get_protocol
from seacloud_emulator import Emulator, Fault


@pytest.mark.parametrize("prefix", FACTS)
def test_every_model_of_the_table_has_a_profile(prefix: str) -> None:
    profile = ChatSeaCloud(model=prefix).profile
    assert profile is not None
    assert profile["text_inputs"] is True
    facts = FACTS[prefix]
    assert profile.get("max_input_tokens") == facts.max_input_tokens
    assert profile.get("reasoning_output") == facts.reasoning
    assert profile.get("structured_output") == facts.structured_output


def test_unknown_models_have_none_and_profiles_can_be_given() -> None:
    assert ChatSeaCloud(model="unknown").profile is None
    assert profile_of("unknown") is None
    given = ChatSeaCloud(model="gpt-4.1", profile={"max_input_tokens": 5}).profile
    assert given == {"max_input_tokens": 5}


def test_auto_speaks_what_the_model_speaks_best(seacloud_env: Emulator) -> None:
    for name in ("gpt-4.1", "gpt-5.5", "claude-opus-4-6", "unknown"):
        ChatSeaCloud(model=name).invoke("hi")
        assert seacloud_env.requests[-1].path == f"/llm{get_protocol(choose(name)).path}"


def test_a_call_s_model_chooses_the_protocol_anew(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1")
    streamed = list(model.stream("hi", model="claude-opus-4-6"))
    for answer in (
        model.invoke("hi", model="claude-opus-4-6"),
        model.bind(model="claude-opus-4-6").invoke("hi"),
        streamed[-1],
    ):
        assert answer.response_metadata["model_name"] == "claude-opus-4-6"
        assert answer.response_metadata["protocol"] == choose("claude-opus-4-6")
    assert model.invoke("hi").response_metadata["model_name"] == "gpt-4.1"


def test_a_history_moves_between_protocols(seacloud_env: Emulator) -> None:
    """Each model goes on with what the one before said, thought and called."""
    models = [
        ChatSeaCloud(model="gpt-5.5", protocol="responses", reasoning_effort="low"),
        ChatSeaCloud(model="claude-haiku-4-5", protocol="messages", reasoning_effort="low", max_tokens=9000),
        ChatSeaCloud(model="gpt-5.5", protocol="chat_completions", reasoning_effort="low"),
    ]
    history: list[Any] = []
    for _ in range(2):
        for model in models:
            history.append(("user", f"Why is the sea salty? This is question {len(history)}."))
            answer = model.invoke(history)
            assert answer.text
            history.append(answer)


@pytest.mark.parametrize("setting", [{"protocol": "messages"}, {"api_key": "sk-x"}, {"timeout": 5}, {"max_retries": 0}])
def test_settings_are_no_parameters_of_a_call(seacloud_env: Emulator, setting: Any) -> None:
    with pytest.raises(InvalidInputError, match="configurable_fields") as raised:
        ChatSeaCloud(model="gpt-4.1").invoke("hi", **setting)
    assert "sk-x" not in str(raised.value)
    assert not seacloud_env.requests


def test_every_setting_is_a_parameter_of_a_call_or_of_the_model() -> None:
    """A new field has to be put on one side or the other."""
    others = {"model", "streaming", "model_kwargs", "extra_body"}
    own = set(ChatSeaCloudParameters.model_fields) - set(BaseChatModel.model_fields)
    assert own == others | (FIELD_PARAMS & own) | _OF_THE_MODEL
    assert not FIELD_PARAMS & _OF_THE_MODEL


def test_configurable_fields(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1").configurable_fields(
        model=ConfigurableField(id="model"), protocol=ConfigurableField(id="protocol")
    )
    assert model.invoke("hi").response_metadata["model_name"] == "gpt-4.1"
    config: Any = {"configurable": {"model": "claude-opus-4-6", "protocol": "messages"}}
    answer = model.invoke("hi", config=config)
    assert (answer.response_metadata["model_name"], answer.response_metadata["protocol"]) == (
        "claude-opus-4-6",
        "messages",
    )


def test_a_copy_has_a_client_of_its_own(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1", protocol="chat_completions")
    model.invoke("hi")
    copied = model.model_copy(update={"protocol": "responses"})
    assert copied.invoke("hi").response_metadata["protocol"] == "responses"
    assert model.invoke("hi").response_metadata["protocol"] == "chat_completions"


def test_with_fallbacks(seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(status=500, body={"error": "oops"}))
    model = ChatSeaCloud(model="gpt-4.1").with_fallbacks([ChatSeaCloud(model="gpt-5.5")])
    assert model.invoke("hi").response_metadata["model_name"] == "gpt-5.5"


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


def test_fallback_middleware(seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(status=500, body={"error": "oops"}))
    fallback = ModelFallbackMiddleware(ChatSeaCloud(model="claude-opus-4-6"))
    agent: Any = create_agent(ChatSeaCloud(model="gpt-4.1"), [add], middleware=[fallback])
    state = agent.invoke({"messages": [("user", "Please add 2 and 3.")]})
    assert state["messages"][1].response_metadata["model_name"] == "claude-opus-4-6"
    assert state["messages"][-1].response_metadata["model_name"] == "gpt-4.1"
    assert "5" in state["messages"][-1].text


def test_dynamic_model_middleware(seacloud_env: Emulator) -> None:
    @wrap_model_call
    def choose_by_length(request: Any, handler: Any) -> Any:
        long = len(request.messages) > 1
        return handler(request.override(model=ChatSeaCloud(model="claude-opus-4-6" if long else "gpt-5.5")))

    agent: Any = create_agent(ChatSeaCloud(model="gpt-4.1"), [add], middleware=[choose_by_length])
    state = agent.invoke({"messages": [("user", "Please add 2 and 3.")]})
    names = [message.response_metadata["model_name"] for message in state["messages"] if message.type == "ai"]
    assert names == ["gpt-5.5", "claude-opus-4-6"]


@pytest.fixture
def registered() -> Iterator[None]:
    langchain_seacloud.register()
    yield
    langchain_seacloud.unregister()


def test_importing_registers_nothing() -> None:
    program = (
        "import langchain_seacloud, langchain.chat_models.base as b; assert 'seacloud' not in b._BUILTIN_PROVIDERS; "
        "langchain_seacloud.register(); assert 'seacloud' in b._BUILTIN_PROVIDERS"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # it is our own


@pytest.mark.usefixtures("registered")
def test_by_name(seacloud_env: Emulator) -> None:
    model = init_chat_model("seacloud:gpt-4.1", temperature=0)
    assert isinstance(model, ChatSeaCloud)
    assert (model.model, model.temperature) == ("gpt-4.1", 0)
    assert model.invoke("hi").text
    assert isinstance(init_chat_model("gpt-4.1", model_provider="seacloud"), ChatSeaCloud)
    configurable = init_chat_model(configurable_fields=("model", "model_provider"))
    config: Any = {"configurable": {"model": "gpt-5.5", "model_provider": "seacloud"}}
    assert configurable.invoke("hi", config=config).response_metadata["model_name"] == "gpt-5.5"
    agent: Any = create_agent("seacloud:gpt-4.1", [add])
    assert "5" in agent.invoke({"messages": [("user", "Please add 2 and 3.")]})["messages"][-1].text


def test_registering_is_idempotent_and_can_be_undone() -> None:
    table = langchain.chat_models.base._BUILTIN_PROVIDERS
    before = dict(table)
    langchain_seacloud.register()
    once = dict(table)
    langchain_seacloud.register()
    assert table == once
    assert isinstance(init_chat_model("seacloud:gpt-4.1"), ChatSeaCloud)
    langchain_seacloud.unregister()
    langchain_seacloud.unregister()
    assert table == before
    with pytest.raises(ValueError, match="Unable to infer model provider"):
        init_chat_model("seacloud:gpt-4.1")
    with pytest.raises(ValueError, match="Unsupported"):
        init_chat_model("gpt-4.1", model_provider="seacloud")


@pytest.mark.parametrize("table", [None, {}, {"openai": "langchain_openai"}, {"openai": ("a", "b")}, ["openai"]])
def test_another_langchain_is_told(monkeypatch: pytest.MonkeyPatch, table: Any) -> None:
    if table is None:
        monkeypatch.delattr(langchain.chat_models.base, "_BUILTIN_PROVIDERS")
    else:
        monkeypatch.setattr(langchain.chat_models.base, "_BUILTIN_PROVIDERS", table)
    for call in (langchain_seacloud.register, langchain_seacloud.unregister):
        with pytest.raises(ConfigurationError, match="pass an instance of ChatSeaCloud"):
            call()


def test_without_langchain_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "langchain.chat_models", None)
    with pytest.raises(ConfigurationError, match="pip install langchain"):
        langchain_seacloud.register()


def test_somebody_else_s_provider_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ("langchain_other", "ChatOther", lambda cls, **_: cls())
    monkeypatch.setitem(langchain.chat_models.base._BUILTIN_PROVIDERS, "seacloud", entry)
    with pytest.raises(ConfigurationError, match="already has a provider 'seacloud'"):
        langchain_seacloud.register()
    langchain_seacloud.unregister()
    assert langchain.chat_models.base._BUILTIN_PROVIDERS["seacloud"] is entry


def test_deepagents_finds_it() -> None:
    (entry,) = [
        e for e in importlib.metadata.entry_points(group="deepagents.provider_profiles") if e.name == "seacloud"
    ]
    assert entry.load() is langchain_seacloud.register


def test_names_of_the_package() -> None:
    for name in langchain_seacloud.__all__:
        assert getattr(langchain_seacloud, name)
        assert name in dir(langchain_seacloud)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = langchain_seacloud.nothing


def test_retries_are_the_client_s_alone(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(status=503, body={"error": "busy"}, retry_after=0, times=9))
    with pytest.raises(ServerError):
        make(max_retries=2).invoke("hi")
    assert len(seacloud_env.requests) == 3


def test_the_catalogue(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1", contracts_url=f"{seacloud_env.url}/contracts")
    found = model.list_models()
    assert {"gpt-4.1", "gpt-5.5"} <= {entry.model_id for entry in found}
    assert "nano_banana_2" not in {entry.model_id for entry in found}
    assert [entry.model_id for entry in asyncio.run(model.alist_models(keywords="gpt-5.5"))] == ["gpt-5.5"]
    answer = model.invoke("hi", model=found[-1].model_id)
    assert answer.response_metadata["model_name"] == found[-1].model_id


def test_without_a_catalogue_it_is_told(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEACLOUD_CONTRACTS_URL", raising=False)
    with pytest.raises(ConfigurationError, match="SEACLOUD_CONTRACTS_URL"):
        ChatSeaCloud(model="gpt-4.1").list_models()
    assert not seacloud_env.requests
