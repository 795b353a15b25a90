"""What is true of the models, as one table.

A fact is found by the beginning of the model's name, the longest that fits; a name that is not in the table gets the
defaults and works. Any fact can be overridden where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from seacloud_client.conversation import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is true of a model.

    Attributes:
        protocol: the protocol that it speaks best.
        max_tokens_field: Chat Completions' name for the limit of the answer; OpenAI's reasoning models refuse the old.
        replay_reasoning: on which of the assistant's turns Chat Completions sends readable reasoning back: `always`;
            `tool_calls`, only on turns that call tools; `never`.
    """

    protocol: Protocol = "chat_completions"
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    replay_reasoning: Literal["always", "tool_calls", "never"] = "always"


_OPENAI = ModelFacts(replay_reasoning="never")
_OPENAI_REASONING = ModelFacts(max_tokens_field="max_completion_tokens", replay_reasoning="never")

FACTS: Mapping[str, ModelFacts] = {
    # OpenAI's reference of Chat Completions: max_tokens is "not compatible with o-series models" and their successors.
    "gpt-": _OPENAI,
    "gpt-5": _OPENAI_REASONING,
    "gpt-oss": ModelFacts(),
    "o1": _OPENAI_REASONING,
    "o3": _OPENAI_REASONING,
    "o4": _OPENAI_REASONING,
    # DeepSeek's guide to its reasoning model: reasoning_content in the input of a plain turn is refused (400).
    "deepseek-reasoner": ModelFacts(replay_reasoning="tool_calls"),
    "deepseek-r1": ModelFacts(replay_reasoning="tool_calls"),
}
"""Facts by the beginning of the model's name, in lower case and without a vendor's prefix (`openai/`)."""

_DEFAULT = ModelFacts()


def facts_of(model: str) -> ModelFacts:
    """What is true of a model, by its name; the defaults for one that is not known."""
    name = model.lower().rpartition("/")[2]
    fitting = max((prefix for prefix in FACTS if name.startswith(prefix)), key=len, default=None)
    return _DEFAULT if fitting is None else FACTS[fitting]
