"""The JSON of what gateways and betas take besides the SDKs' types, for `extensions`."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import Required, TypedDict


class CacheControl(TypedDict, total=False):
    """A mark up to which a prompt is cached: Anthropic's, which gateways take on Chat Completions."""

    type: Required[Literal["ephemeral"]]
    ttl: Literal["5m", "1h"]


class Thinking(TypedDict, total=False):
    """Whether a model thinks, and what becomes of its earlier thoughts (Z.ai, DeepSeek)."""

    type: Required[Literal["enabled", "disabled"]]
    clear_thinking: bool
    budget_tokens: int


class ReasoningOptions(TypedDict, total=False):
    """How a model reasons (OpenRouter)."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"]
    max_tokens: int
    exclude: bool
    enabled: bool


class SearchSettings(TypedDict, total=False):
    """Where a compound model searches (Groq)."""

    exclude_domains: list[str]
    include_domains: list[str]
    country: str


class WebSearchPlace(TypedDict, total=False):
    """Where the user is."""

    type: Required[Literal["approximate"]]
    city: str
    country: str
    region: str
    timezone: str


class WebSearchParameters(TypedDict, total=False):
    """How the web is searched (OpenRouter)."""

    allowed_domains: list[str]
    excluded_domains: list[str]
    max_uses: int
    max_results: int
    search_context_size: Literal["low", "medium", "high"]
    user_location: WebSearchPlace


class OpenRouterWebSearch(TypedDict, total=False):
    """OpenRouter's own tool."""

    type: Required[Literal["openrouter:web_search"]]
    parameters: WebSearchParameters


class ReasoningDetail(TypedDict, total=False):
    """A piece of an assistant's reasoning (OpenRouter)."""

    type: Required[Literal["reasoning.text", "reasoning.summary", "reasoning.encrypted"]]
    text: str | None
    summary: str | None
    data: str
    signature: str | None
    id: str | None
    format: str | None
    index: int


class ThoughtText(TypedDict):
    """Text of a thought."""

    type: Literal["text"]
    text: str


class ThinkingPart(TypedDict, total=False):
    """A thought in a list of content (Mistral)."""

    type: Required[Literal["thinking"]]
    thinking: Required[list[ThoughtText]]
    closed: bool
    signature: str | None


class ReferencePart(TypedDict):
    """References in a list of content (Mistral)."""

    type: Literal["reference"]
    reference_ids: list[int]


class Address(TypedDict):
    """Where something is."""

    url: str


class VideoPart(TypedDict, total=False):
    """A film in a user's turn (OpenRouter, Qwen, Z.ai)."""

    type: Required[Literal["video_url"]]
    video_url: Required[Address]
    cache_control: CacheControl


class SaidText(TypedDict, total=False):
    """Text that the assistant said."""

    type: Required[Literal["output_text"]]
    text: Required[str]
    annotations: list[dict[str, Any]]


class AssistantTurn(TypedDict, total=False):
    """What the assistant said, without the item's id and status that only the reply's own server knows."""

    type: Literal["message"]
    role: Required[Literal["assistant"]]
    content: Required[list[SaidText]]


class ApiSource(TypedDict):
    """Where a web search found something that is no page."""

    type: Literal["api"]
    name: str
