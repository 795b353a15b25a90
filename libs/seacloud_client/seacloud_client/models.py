"""What is true of the models, as one table.

A fact is found by the beginning of the model's name, the longest that fits, so that dated snapshots share the facts of
their model; a name that is not in the table gets the defaults and works. Any fact can be overridden where it is used.

The numbers are the vendors' own, from their public model pages (2026-11). They are about the models, not promised by
SeaCloud, which may offer others and fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from seacloud_client.conversation import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is true of a model. `None` means that it is not known.

    Attributes:
        protocol: the protocol that it speaks best.
        vendor: whose it is, where that vendor's servers check what a history gives back: ids of calls, and Anthropic's
            the signatures of thoughts. What others check is not known: theirs goes back as it came.
        developer_role: whether Chat Completions' role `developer` is taken; where it is not, `system` is sent.
        call_signatures: whether Chat Completions refuses calls in the history that have no signature of a thought.
        max_tokens_field: Chat Completions' name for the limit of the answer; OpenAI's reasoning models refuse the old.
        replay_reasoning: on which of the assistant's turns Chat Completions sends readable reasoning back: `always`;
            `tool_calls`, only on turns that call tools; `never`.
        max_input_tokens: the tokens that fit into the context window.
        max_output_tokens: the most tokens that an answer can have, reasoning included.
        image_inputs: whether it sees pictures; likewise `pdf_inputs`, `audio_inputs` and `video_inputs`.
        tool_calling: whether it can call tools.
        tool_choice: whether it can be made to call a tool.
        parallel_tool_calls: whether it takes a word on calling several tools at once. Where it does not, the word is
            left out: nothing then keeps the model to one call.
        structured_output: whether the provider holds it to a JSON schema.
        reasoning: whether it thinks before it answers.
        reasoning_efforts: the words for how much it thinks, the least first.
        thinking: how Messages makes it think: `adaptive`, it decides how much; `budget`, it is given so many tokens.
        temperature: whether it takes a temperature.
    """

    protocol: Protocol = "chat_completions"
    vendor: Literal["openai", "anthropic", "google", "mistral"] | None = None
    developer_role: bool | None = None
    call_signatures: bool | None = None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    replay_reasoning: Literal["always", "tool_calls", "never"] = "always"
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    image_inputs: bool | None = None
    pdf_inputs: bool | None = None
    audio_inputs: bool | None = None
    video_inputs: bool | None = None
    tool_calling: bool | None = None
    tool_choice: bool | None = None
    parallel_tool_calls: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    reasoning_efforts: tuple[str, ...] = ()
    thinking: Literal["adaptive", "budget"] | None = None
    temperature: bool | None = None


_FIVE = ("none", "low", "medium", "high", "xhigh")
_SIX = (*_FIVE, "max")

_GPT = ModelFacts(
    vendor="openai",
    replay_reasoning="never",
    max_input_tokens=128_000,
    max_output_tokens=16_384,
    image_inputs=True,
    pdf_inputs=True,
    audio_inputs=False,
    video_inputs=False,
    tool_calling=True,
    tool_choice=True,
    parallel_tool_calls=True,
    structured_output=True,
    reasoning=False,
    temperature=True,
)
_GPT_41 = replace(_GPT, max_input_tokens=1_047_576, max_output_tokens=32_768)
# OpenAI's reference of Chat Completions: max_tokens is "not compatible with o-series models" and their successors.
# Their reasoning can be sent back to them on Responses alone, which OpenAI recommends for them.
_GPT_REASONING = replace(
    _GPT, protocol="responses", max_tokens_field="max_completion_tokens", reasoning=True, temperature=False
)
# They refuse the parameter, true or false: "Unsupported parameter: 'parallel_tool_calls' is not supported".
_O = replace(_GPT_REASONING, max_input_tokens=200_000, max_output_tokens=100_000, parallel_tool_calls=False)
_GPT_5 = replace(
    _GPT_REASONING,
    max_input_tokens=272_000,
    max_output_tokens=128_000,
    reasoning_efforts=("minimal", "low", "medium", "high"),
)
_GPT_54 = replace(_GPT_5, max_input_tokens=1_050_000, reasoning_efforts=_FIVE)
_GPT_56 = replace(_GPT_54, reasoning_efforts=_SIX)

_CLAUDE = ModelFacts(
    protocol="messages",
    vendor="anthropic",
    developer_role=False,
    max_input_tokens=200_000,
    max_output_tokens=64_000,
    image_inputs=True,
    pdf_inputs=True,
    audio_inputs=False,
    video_inputs=False,
    tool_calling=True,
    tool_choice=True,
    structured_output=True,
    reasoning=True,
    thinking="budget",
    temperature=True,
)
_CLAUDE_4 = replace(_CLAUDE, structured_output=False)
_CLAUDE_LONG = replace(
    _CLAUDE,
    max_input_tokens=1_000_000,
    max_output_tokens=128_000,
    reasoning_efforts=("low", "medium", "high", "xhigh", "max"),
    thinking="adaptive",
    temperature=False,
)
_CLAUDE_46 = replace(_CLAUDE_LONG, reasoning_efforts=("low", "medium", "high", "max"), temperature=True)

_OPEN = ModelFacts(tool_calling=True, tool_choice=True, temperature=True, audio_inputs=False, video_inputs=False)
_OPEN_TEXT = replace(_OPEN, image_inputs=False, pdf_inputs=False)

_GEMINI = replace(
    _OPEN,
    vendor="google",
    developer_role=False,
    image_inputs=True,
    pdf_inputs=True,
    audio_inputs=True,
    video_inputs=True,
    max_input_tokens=1_048_576,
)

# DeepSeek's API: "unknown variant `developer`, expected one of `system`, `user`, `assistant`, `tool`".
_DEEPSEEK = replace(_OPEN_TEXT, developer_role=False, max_input_tokens=128_000)
_DEEPSEEK_REASONING = replace(_DEEPSEEK, reasoning=True, replay_reasoning="tool_calls")

# Mistral's API refuses fields that it does not know ("Extra inputs are not permitted"), such as `reasoning_content`.
_MISTRAL = ModelFacts(vendor="mistral", developer_role=False, replay_reasoning="never")

FACTS: Mapping[str, ModelFacts] = {
    "gpt-": _GPT,
    "gpt-4.1": _GPT_41,
    "gpt-5": _GPT_5,
    "gpt-5.1": replace(_GPT_5, reasoning_efforts=_FIVE[:-1], temperature=True),
    "gpt-5.2": replace(_GPT_5, reasoning_efforts=_FIVE, temperature=True),
    "gpt-5.3": replace(_GPT_5, max_input_tokens=400_000, reasoning_efforts=_FIVE, temperature=True),
    "gpt-5.4": replace(_GPT_54, temperature=True),
    "gpt-5.4-mini": replace(_GPT_54, max_input_tokens=400_000, temperature=True),
    "gpt-5.4-nano": replace(_GPT_54, max_input_tokens=400_000, temperature=True),
    "gpt-5.5": _GPT_54,
    "gpt-5.6": _GPT_56,
    "gpt-6": _GPT_56,
    "gpt-oss": replace(_OPEN_TEXT, max_input_tokens=131_072, reasoning=True, structured_output=True),
    "o1": _O,
    "o3": _O,
    "o3-mini": replace(_O, image_inputs=False),
    "o4": _O,
    "claude-": _CLAUDE_LONG,
    "claude-3": replace(_CLAUDE_4, max_output_tokens=8_192, reasoning=False, thinking=None),
    "claude-3-7": _CLAUDE_4,
    "claude-sonnet-4-0": _CLAUDE_4,
    "claude-sonnet-4-2": _CLAUDE_4,  # a date follows: claude-sonnet-4-20250514
    "claude-opus-4-0": replace(_CLAUDE_4, max_output_tokens=32_000),
    "claude-opus-4-1": replace(_CLAUDE, max_output_tokens=32_000),
    "claude-opus-4-2": replace(_CLAUDE_4, max_output_tokens=32_000),
    "claude-haiku-4-5": _CLAUDE,
    "claude-opus-4-5": replace(_CLAUDE, reasoning_efforts=("low", "medium", "high")),
    "claude-sonnet-4-5": _CLAUDE,
    "claude-opus-4-6": _CLAUDE_46,
    "claude-sonnet-4-6": _CLAUDE_46,
    "claude-sonnet-5-5": replace(_CLAUDE_LONG, tool_choice=False),
    # Google's guide "Thought signatures": Gemini 3 and what follows it want them back with calls, older ones need not.
    "gemini-": replace(_GEMINI, call_signatures=True),
    "gemini-1": _GEMINI,
    "gemini-2": _GEMINI,
    "deepseek": _DEEPSEEK,
    # DeepSeek's guide to its reasoning model: reasoning_content in the input of a plain turn is refused (400).
    "deepseek-reasoner": replace(_DEEPSEEK_REASONING, temperature=False),
    "deepseek-r1": _DEEPSEEK_REASONING,
    "mistral-": _MISTRAL,
    "ministral-": _MISTRAL,
    "magistral-": _MISTRAL,
    "codestral-": _MISTRAL,
    "devstral-": _MISTRAL,
    "pixtral-": _MISTRAL,
    "mixtral-": _MISTRAL,
    "open-mistral-": _MISTRAL,
    "open-mixtral-": _MISTRAL,
}
"""Facts by the beginning of the model's name, in lower case and without a vendor's prefix (`openai/`)."""

_DEFAULT = ModelFacts()


@lru_cache(maxsize=512)
def facts_of(model: str) -> ModelFacts:
    """What is true of a model, by its name; the defaults for one that is not known."""
    name = model.lower().rpartition("/")[2]
    fitting = max((prefix for prefix in FACTS if name.startswith(prefix)), key=len, default=None)
    return _DEFAULT if fitting is None else FACTS[fitting]
