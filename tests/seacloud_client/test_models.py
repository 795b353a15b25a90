"""The facts of models, and the choice of a protocol: an unknown model works, and an argument wins."""

from __future__ import annotations

from typing import get_args

import pytest
from seacloud_client.conversation import Protocol
from seacloud_client.errors import ConfigurationError
from seacloud_client.models import FACTS, ModelFacts, facts_of
from seacloud_client.protocols import ProtocolChoice, choose, get_protocol, spoken


@pytest.mark.parametrize("model", ["some-model", "", "llama-3.3-70b", "vendor/", "日本"])
def test_an_unknown_model_has_the_defaults(model: str):
    assert facts_of(model) == ModelFacts()
    assert choose(model) == "chat_completions"


@pytest.mark.parametrize(
    ("model", "prefix"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1"),
        ("openai/gpt-4o", "gpt-"),
        ("GPT-5", "gpt-5"),
        ("gpt-5-nano", "gpt-5"),
        ("gpt-5.4-mini-2026-01-01", "gpt-5.4-mini"),
        ("o3-mini", "o3-mini"),
        ("o3", "o3"),
        ("anthropic/claude-opus-4-6", "claude-opus-4-6"),
        ("deepseek-reasoner", "deepseek-reasoner"),
        ("deepseek-ai/DeepSeek-R1", "deepseek-r1"),
        ("deepseek-chat", "deepseek"),
    ],
)
def test_the_longest_beginning_of_a_name_counts(model: str, prefix: str):
    assert facts_of(model) is FACTS[prefix]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4.1", "chat_completions"),  # as in the seed document's example
        ("gpt-5.5", "responses"),
        ("o3", "responses"),
        ("claude-opus-4-6", "messages"),  # "Claude/Anthropic message protocol" (seed document)
        ("gemini-3-pro", "chat_completions"),
        ("deepseek-chat", "chat_completions"),
    ],
)
def test_a_model_is_spoken_to_in_the_protocol_that_it_speaks_best(model: str, expected: Protocol):
    assert choose(model) == choose(model, "auto") == expected


@pytest.mark.parametrize("protocol", get_args(Protocol))
def test_an_argument_wins(protocol: Protocol):
    assert choose("claude-opus-4-6", protocol) == protocol
    assert get_protocol(protocol).name == protocol


@pytest.mark.parametrize("protocol", ["", "Messages", "openai", None, 7])
def test_an_unknown_protocol_is_refused_with_the_known_ones(protocol):
    for refuse in (lambda: choose("gpt-4.1", protocol), lambda: get_protocol(protocol)):
        with pytest.raises(ConfigurationError, match=r"protocol must be one of 'auto', 'chat_completions', .*; got"):
            refuse()


def test_the_choices_are_auto_and_the_protocols():
    assert get_args(ProtocolChoice) == ("auto", *get_args(Protocol))
    assert set(spoken()) == set(get_args(Protocol))


def test_the_paths_are_those_that_the_service_guarantees():
    paths = {name: get_protocol(name).path for name in get_args(Protocol)}
    assert paths == {
        "chat_completions": "/v1/chat/completions",
        "responses": "/openai/v1/responses",
        "messages": "/v1/messages",
    }


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("gpt-4.1", "openai"),
        ("o3", "openai"),
        ("claude-opus-4-6", "anthropic"),
        ("gpt-oss-120b", None),  # others serve it
        ("gemini-3-pro", "google"),
        ("mistral-large-latest", "mistral"),
        ("mistralai/Devstral-Small-2507", "mistral"),
        ("deepseek-chat", None),  # others serve it
        ("some-model", None),
    ],
)
def test_whose_a_model_is(model: str, vendor: str | None):
    assert facts_of(model).vendor == vendor


@pytest.mark.parametrize(
    ("model", "wants"),
    [
        ("gemini-1.5-pro", None),
        ("google/gemini-2.5-flash", None),
        ("gemini-3-pro-preview", True),
        ("gemini-3.1-flash", True),
        ("gemini-4", True),
        ("gpt-4.1", None),
    ],
)
def test_gemini_wants_calls_signed_from_version_3_on(model: str, wants: bool | None):
    assert facts_of(model).call_signatures is wants


@pytest.mark.parametrize("prefix", FACTS)
def test_facts_make_sense(prefix: str):
    facts = FACTS[prefix]
    assert prefix == prefix.lower()
    assert facts_of(prefix) is facts
    assert (facts.max_output_tokens or 0) <= (facts.max_input_tokens or 10**9)
    assert not facts.reasoning_efforts or facts.reasoning
    if facts.protocol == "messages":
        assert facts.max_output_tokens  # Messages demands max_tokens
