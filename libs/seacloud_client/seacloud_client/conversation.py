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
from seacloud_client.wanted import container_id, wanted_back

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
    "container_id",
    "system",
    "user",
    "wanted_back",
]

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who speaks. `system` and `developer` instruct, at the start or in mid-conversation; `tool` carries results."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn.

    Attributes:
        role: who speaks.
        parts: what is said: text, pictures, tool calls and their results, ...
        name: tells several speakers of one role apart, where the protocol has it.
        extras: fields of the wire's that have no name here.
        container: the id of the container that the model's programs ran in when it said this (Messages), which wants it
            back while one of them waits.
    """

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    extras: Extras | None = None
    container: str | None = None

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
    """A function that the model may call.

    Attributes:
        name: what the model calls it: letters, digits, `_` and `-`.
        description: what it does, and when to call it. The model reads it.
        parameters: a JSON schema of type object; `None` for a tool that takes nothing.
        strict: asks the provider to hold the model to the schema; `None` leaves it to the provider.
        extras: fields of the wire's that have no name here, such as `cache_control`.
    """

    name: str
    description: str | None = None
    parameters: Extras | None = None
    strict: bool | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class CustomTool:
    """A tool that takes free text.

    Attributes:
        name: what the model calls it.
        description: what it does, and when to call it.
        format: may hold the text to a grammar, in the form of Responses (`{"type": "grammar", "syntax",
            "definition"}`) or of Chat Completions (the last two within a `grammar`): either protocol gets its own.
        extras: fields of the wire's that have no name here.
    """

    name: str
    description: str | None = None
    format: Extras | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class NativeTool:
    """A provider's built-in tool (web search, code interpreter, MCP, ...): `item` is passed through as it is."""

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
    """The JSON schema that the answer must satisfy.

    Attributes:
        name: what the form is called: letters, digits, `_` and `-`.
        schema: the JSON schema, of type object.
        strict: as for `Tool`; on Messages it always is.
        description: what it is for.
    """

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
        model: the model's id.
        messages: the conversation, its last message last.
        tools: what the model may call.
        tool_choice: whether it may, must or must not.
        parallel_tool_calls: whether it may call several at once.
        output: the form that the answer must have.
        max_tokens: the most tokens the answer may have, reasoning included.
        temperature: how freely it is worded: 0 to 2, on Messages to 1.
        top_p: only the likeliest tokens, up to this share of them all: 0 to 1.
        top_k: only so many of the likeliest tokens.
        stop: texts at which the answer ends.
        seed: for answers that are more alike.
        n: how many answers to give.
        frequency_penalty: against words that have come often: -2 to 2.
        presence_penalty: against words that have come at all: -2 to 2.
        logit_bias: tokens to prefer or to avoid, by their ids: -100 to 100.
        logprobs: whether to tell how likely each token was.
        top_logprobs: how many other tokens to name at each place.
        reasoning_effort: `none`, `minimal`, `low`, `medium`, `high`, ...; the protocol's own word is passed through.
        reasoning: Responses' object (`effort`, `summary`, ...).
        thinking: Messages' object (`type`, `budget_tokens`).
        verbosity: how long the answer is to be: `low`, `medium`, `high`.
        modalities: what to answer in: `text`, `audio`.
        audio: the voice and the format of a spoken answer.
        prediction: what the answer will be like, so that it comes sooner: Chat Completions' object.
        service_tier: the provider's tier, in its own words.
        store: whether the provider keeps the answer.
        previous_response_id: the answer to go on from, which the provider has kept.
        include: what the answer is to hold besides, in Responses' words.
        truncation: whether the provider may shorten the conversation (`auto`).
        metadata: labels for the provider's records.
        user: who asks, for the provider's abuse checks.
        safety_identifier: the same, by OpenAI's newer name.
        prompt_cache_key: helps providers that cache by themselves to find what they cached.
        cache_control: Messages' object: the conversation so far is cached.
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

    It counts alike on every protocol, and all that is billed: where the wire counts otherwise (Messages leaves out
    cached input, and what it took to compact the context) the protocol adds up.

    Attributes:
        input_tokens: all that went in, cached or not.
        output_tokens: all that came out, reasoning included.
        total_tokens: both.
        cache_read_tokens: of the input, what was found in the cache.
        cache_creation_tokens: of the input, what was put into the cache.
        cache_creation_5m_tokens: of that, what stays there for five minutes (Messages).
        cache_creation_1h_tokens: of that, what stays there for an hour (Messages).
        reasoning_tokens: of the output, what was thought.
        input_audio_tokens: of the input, what was heard.
        output_audio_tokens: of the output, what was said aloud.
        raw: the wire's own object.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    cache_read_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cache_creation_5m_tokens: int | None = None
    cache_creation_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    raw: Extras | None = None


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Log probabilities, one wire object a token, in order: of the text (`content`), and of the `refusal`."""

    content: tuple[Extras, ...] = ()
    refusal: tuple[Extras, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the answers to a request; there are several only where `n` asked for them.

    Attributes:
        index: its number, from 0.
        parts: what was said, in order.
        finish: why it ended.
        finish_reason: the wire's own word for that.
        logprobs: how likely each token was, if that was asked for.
        extras: fields of the wire's that have no name here.
    """

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
    """An answer.

    Attributes:
        protocol: the protocol that it came over.
        choices: the answers; mostly there is one, which `choice` is.
        id: the provider's id of the answer.
        model: the model that answered, by the wire's own name for it.
        created: when, in seconds since 1970, where the wire says so.
        service_tier: the provider's tier that it was handled in.
        usage: the tokens that were used; `None` where the wire does not say.
        request_id: the X-Request-Id that support asks for.
        extras: what else the wire said.
    """

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
        extras = wanted_back(self.choice.extras)
        return Message("assistant", self.choice.parts, extras=extras, container=self.container)

    @property
    def container(self) -> str | None:
        """The id of the container that the model's programs ran in, where Messages tells it."""
        return container_id(self.extras) if self.protocol == "messages" else None
