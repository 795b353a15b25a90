"""The vocabulary in the middle: what a conversation is, whichever framework is above and whichever protocol below.

Adapters translate their framework's messages into these values and back; each protocol translates these values
into its JSON and back. Nothing here knows a framework or does any I/O.

Everything is a frozen dataclass with slots. Optional mappings default to `None` rather than to an empty dict, since a
stream makes thousands of these values.

A *part* is one piece of a message: some text, a picture, a tool call. `seacloud_client.deltas` holds the steps of a
streamed reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

from seacloud_client.parts import (
    Annotation,
    Audio,
    Extras,
    File,
    Image,
    Media,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)

__all__ = [
    "Annotation",
    "AnyTool",
    "Audio",
    "Choice",
    "CustomTool",
    "Extras",
    "File",
    "Finish",
    "Image",
    "JsonOutput",
    "Logprobs",
    "Media",
    "Message",
    "Native",
    "NativeTool",
    "OutputSchema",
    "Part",
    "Protocol",
    "Reasoning",
    "Refusal",
    "Reply",
    "Request",
    "Role",
    "Text",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Usage",
    "Video",
    "system",
    "user",
]

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who speaks. `system` and `developer` instruct, at the start or in mid-conversation; `tool` carries results."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `name` tells several speakers of one role apart, where the protocol has it."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    extras: Extras | None = None

    @property
    def text(self) -> str:
        """The visible text, its parts joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


def system(text: str) -> Message:
    """A message that instructs the model."""
    return Message("system", (Text(text),))


def user(*parts: str | Part) -> Message:
    """A user's message, of text and other parts."""
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call. `parameters` is a JSON schema of type object.

    `strict` asks the provider to hold the model to the schema; `None` leaves it to the provider.
    """

    name: str
    description: str | None = None
    parameters: Extras | None = None
    strict: bool | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class CustomTool:
    """A tool that takes free text.

    `format` may hold it to a grammar, in the form of Responses (`{"type": "grammar", "syntax", "definition"}`) or of
    Chat Completions (the last two within a `grammar`): either protocol gets its own.
    """

    name: str
    description: str | None = None
    format: Extras | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class NativeTool:
    """A provider's built-in tool (web search, code interpreter, MCP, ...), in the wire's form, passed through."""

    item: Extras


AnyTool: TypeAlias = Tool | CustomTool | NativeTool


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model may, must or must not call a tool.

    `mode` is `auto`, `none`, `required` (some tool), `tool` (the one called `name`) or `native`: `native` is then the
    wire's own object (a built-in tool, a set of allowed tools), passed through.
    """

    mode: Literal["auto", "none", "required", "tool", "native"]
    name: str | None = None
    native: Extras | None = None


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """The JSON schema that the answer must satisfy. `strict` as for `Tool`."""

    name: str
    schema: Extras
    strict: bool | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class JsonOutput:
    """The answer must be some JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """All that a caller can ask of a model, in the field's standard names; `None` leaves it to the service.

    A protocol maps what it calls otherwise (`max_tokens`, `stop`, ...), refuses with `ValueError` what would be
    misunderstood without it, and leaves out, as its module says, what it merely lacks.

    Attributes:
        output: the form that the answer must have.
        max_tokens: the most tokens the answer may have, reasoning included.
        reasoning_effort: `none`, `minimal`, `low`, `medium`, `high`, ...; the protocol's own word is passed through.
        reasoning: Responses' object (`effort`, `summary`, ...).
        thinking: Messages' object (`type`, `budget_tokens`).
        stream_usage: whether a stream should end with usage; Chat Completions alone needs asking.
        extra_body: fields added to the body last, by their wire names; they win over all others.
        extra_headers: headers added to the request. Credentials do not belong here.
        extra_query: query parameters added to the address.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[AnyTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: OutputSchema | JsonOutput | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: Mapping[str, int] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    reasoning: Extras | None = None
    thinking: Extras | None = None
    verbosity: str | None = None
    modalities: tuple[str, ...] = ()
    audio: Extras | None = None
    prediction: Extras | None = None
    service_tier: str | None = None
    store: bool | None = None
    previous_response_id: str | None = None
    include: tuple[str, ...] = ()
    truncation: str | None = None
    metadata: Mapping[str, str] | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    cache_control: Extras | None = None
    stream_usage: bool = True
    extra_body: Extras | None = None
    extra_headers: Mapping[str, str] | None = None
    extra_query: Mapping[str, str] | None = None


class Finish(Enum):
    """Why a reply ended. The wire's own word is kept beside it (`Choice.finish_reason`)."""

    STOP = "stop"
    """It was done, or met a stop sequence."""
    LENGTH = "length"
    """It met `max_tokens` or the end of the context window."""
    TOOL_CALLS = "tool_calls"
    """It waits for the results of its tool calls."""
    CONTENT_FILTER = "content_filter"
    """The provider stopped or withheld it."""
    REFUSAL = "refusal"
    """The model declined."""
    PAUSE = "pause"
    """A long turn was cut by the provider: send it back to go on (Messages' `pause_turn`)."""
    ERROR = "error"
    """The provider says that it failed, though it gave an answer."""
    UNKNOWN = "unknown"
    """A word that this version does not know, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens used, as the service counts them.

    `input_tokens` counts all that went in, cached or not, and `output_tokens` all that came out, reasoning included,
    on every protocol: where the wire counts otherwise (Messages leaves cached input out) the protocol adds up.
    The others are shares of these two. `raw` is the wire's own object.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    raw: Extras | None = None


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Log probabilities of the tokens of the text and of the refusal, one wire object a token, in order."""

    content: tuple[Extras, ...] = ()
    refusal: tuple[Extras, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the answers to a request; there are several only where `n` asked for them."""

    index: int = 0
    parts: tuple[Part, ...] = ()
    finish: Finish = Finish.UNKNOWN
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    extras: Extras | None = None

    @property
    def text(self) -> str:
        """The visible text, its parts joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def reasoning(self) -> str:
        """The readable reasoning, its parts joined by blank lines."""
        return "\n\n".join(part.text for part in self.parts if isinstance(part, Reasoning) and part.text)

    @property
    def refusal(self) -> str | None:
        """Why the model declined, or `None` where it did not."""
        refusals = [part.text for part in self.parts if isinstance(part, Refusal)]
        return "".join(refusals) if refusals else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that it wishes for, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `request_id` is the X-Request-Id that support asks for; `extras` is what else the wire said."""

    protocol: Protocol
    choices: tuple[Choice, ...]
    id: str | None = None
    model: str | None = None
    created: int | None = None
    service_tier: str | None = None
    usage: Usage | None = None
    request_id: str | None = None
    extras: Extras | None = None

    @property
    def choice(self) -> Choice:
        """The first choice, which is mostly the only one."""
        return self.choices[0] if self.choices else Choice()

    @property
    def text(self) -> str:
        """The first choice's visible text."""
        return self.choice.text

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The first choice's tool calls."""
        return self.choice.tool_calls

    @property
    def message(self) -> Message:
        """The first choice as the assistant's turn of the next request."""
        return Message("assistant", self.choice.parts)
