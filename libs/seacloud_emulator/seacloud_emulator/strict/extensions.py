"""What the SDKs' request types lack and is allowed all the same, each with its source: nothing else passes.

An entry that neither a recording nor one of `seacloud_client`'s encoders nor a widely used client of OpenAI's API needs
is found by a test, and goes. Recordings are named by the id that they have in the shared transcripts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from seacloud_emulator.strict import shapes


@dataclass(frozen=True)
class Field:
    """A key that objects have besides, or that they may lack though the SDK's type demands it.

    Attributes:
        places: the SDK's types that get it, by their names without `Beta`, `NonStreaming` and `Streaming`.
        name: the key.
        shape: the Python type of its value.
        source: who takes it, and where that is seen.
    """

    places: tuple[str, ...]
    name: str
    shape: Any
    source: str


@dataclass(frozen=True)
class Branch:
    """An object that may stand where one of the SDK's objects may.

    Attributes:
        places: the SDK's types, by their names as in `Field`, beside which it may stand.
        shape: the `TypedDict` of it.
        source: who takes it, and where that is seen.
    """

    places: tuple[str, ...]
    shape: Any
    source: str


Extension: TypeAlias = "Field | Branch"

_CACHE = "OpenRouter's prompt caching"
_TURN = ("ChatCompletionAssistantMessageParam",)
_CHAT_PARTS = (
    "ChatCompletionContentPartTextParam",
    "ChatCompletionContentPartImageParam",
    "ChatCompletionContentPartInputAudioParam",
    "File",
)

_CHAT: tuple[Extension, ...] = (
    Field(
        ("CompletionCreateParams",),
        "thinking",
        shapes.Thinking,
        "Z.ai, DeepSeek: recording test-zai-thinking-stream-6be63c",
    ),
    Field(
        ("CompletionCreateParams",),
        "reasoning",
        shapes.ReasoningOptions,
        "OpenRouter: recording chat-openrouter-reasoning-details-round-trip-accumulates-rea-6f9b87",
    ),
    Field(
        ("CompletionCreateParams",),
        "enable_thinking",
        bool,
        "Qwen: recording chat-function-calling-gpustack-qwen3-can-use-tools-without-p-85366f",
    ),
    Field(
        ("CompletionCreateParams",),
        "clear_thinking",
        bool,
        "Cerebras: recording test-reasoning-wire-contract-cerebras-zai-clear-thinking-ceac35",
    ),
    Field(
        ("CompletionCreateParams",),
        "search_settings",
        shapes.SearchSettings,
        "Groq: recording test-groq-web-search-tool-domain-filters-8f9e46",
    ),
    Branch(
        ("ChatCompletionFunctionToolParam",),
        shapes.OpenRouterWebSearch,
        "OpenRouter: recording test-openrouter-web-search-tool-full-params-c656bf",
    ),
    Field(
        _TURN,
        "reasoning_content",
        str | None,
        "DeepSeek, Z.ai: recording test-deepseek-deferred-capability-with-thinking-d34348",
    ),
    Field(_TURN, "reasoning", str | None, "OpenRouter, Groq; our encoder of chat_completions gives it back"),
    Field(
        _TURN,
        "reasoning_details",
        list[shapes.ReasoningDetail],
        "OpenRouter; our encoder of chat_completions gives it back",
    ),
    Field(
        _TURN,
        "thinking_blocks",
        list[dict[str, Any]],
        "Claude's sealed thoughts, as LiteLLM sends them; our encoder of chat_completions gives them back",
    ),
    Field(
        _TURN,
        "extra_content",
        dict[str, Any],
        "Gemini: the signature of a thought; our encoder of chat_completions gives it back",
    ),
    Branch(
        ("ChatCompletionContentPartRefusalParam",),
        shapes.ThinkingPart,
        "Mistral; our encoder of chat_completions gives it back",
    ),
    Branch(
        ("ChatCompletionContentPartRefusalParam",),
        shapes.ReferencePart,
        "Mistral's citations; our encoder of chat_completions gives them back",
    ),
    Branch(
        ("ChatCompletionContentPartImageParam",),
        shapes.VideoPart,
        "OpenRouter, Qwen, Z.ai: what our encoder of chat_completions sends a film as",
    ),
    Field(
        ("ChatCompletionMessageFunctionToolCallParam",),
        "extra_content",
        dict[str, Any],
        "Gemini: the signature of a thought; our encoder of chat_completions gives it back",
    ),
    Field(
        _CHAT_PARTS,
        "cache_control",
        shapes.CacheControl,
        f"{_CACHE}: recording test-openrouter-cache-streaming-e2e-f7dc87",
    ),
    Field(
        ("ChatCompletionToolMessageParam",),
        "cache_control",
        shapes.CacheControl,
        f"{_CACHE}; our encoder of chat_completions sends it with a tool's result",
    ),
    Field(
        ("ChatCompletionFunctionToolParam", "ChatCompletionCustomToolParam"),
        "cache_control",
        shapes.CacheControl,
        f"{_CACHE}; our encoder of chat_completions sends it with a tool",
    ),
    Field(
        ("ChatCompletionMessageFunctionToolCallParam", "ChatCompletionMessageCustomToolCallParam"),
        "cache_control",
        shapes.CacheControl,
        f"{_CACHE}; our encoder of chat_completions sends it with a tool call",
    ),
)

_RESPONSES: tuple[Extension, ...] = (
    Field(
        ("FunctionToolParam",),
        "strict",
        bool | None,
        "OpenAI's guide to function calling leaves it out, and so does the client langchain-openai 1.7.3",
    ),
    Field(
        ("ResponseOutputMessageParam",),
        "status",
        Literal["in_progress", "completed", "incomplete"],
        "the client langchain-openai 1.7.3 sends an answer back without it",
    ),
    Field(
        ("ResponseReasoningItemParam",),
        "id",
        str,
        "xAI's items have none: recording chat-function-calling-xai-grok-4-1-fast-non-reasoning-can-us-17f75b",
    ),
    Branch(
        ("EasyInputMessageParam",),
        shapes.AssistantTurn,
        "what the assistant said, without an item's id: recording "
        "chat-function-calling-xai-grok-4-1-fast-non-reasoning-can-us-17f75b",
    ),
    Field(
        ("ResponseInputImageParam",),
        "detail",
        Literal["low", "high", "auto", "original"],
        "OpenAI's reference calls it optional: recording structured-data-examples-image-cb7aa1",
    ),
    Branch(
        ("ActionSearchSource",),
        shapes.ApiSource,
        "a search's source that is no page; our encoder of responses gives it back as it came: recording "
        "test-openai-responses-model-web-search-tool-stream-80e7a4",
    ),
    Field(
        ("Result",),
        "vector_store_id",
        str,
        "where a file was found; our encoder of responses gives it back as it came: recording "
        "test-openai-responses-model-file-search-tool-with-results-988632",
    ),
)

_MESSAGES: tuple[Extension, ...] = (
    Field(
        ("MessageCreateParams",),
        "temperature",
        float,
        "Anthropic's reference; gone from the newest SDK, not from the service: recording test-image-prompt-3c2a73",
    ),
    Field(
        ("CodeExecutionResultBlockParam",),
        "abort_reason",
        str | None,
        "what a program's result says besides; our encoder of messages gives it back as it came: recording "
        "test-anthropic-supported-model-uses-20260209-web-tools-ed44ae",
    ),
    Field(("MessageCreateParams",), "top_p", float, "the same as temperature; our encoder of messages sends it"),
    Field(("MessageCreateParams",), "top_k", int, "the same as temperature; our encoder of messages sends it"),
)

EXTENSIONS: Mapping[str, tuple[Extension, ...]] = {
    "chat_completions": _CHAT,
    "responses": _RESPONSES,
    "messages": _MESSAGES,
}
"""The list, by protocol."""
