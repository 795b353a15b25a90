"""The vocabulary in the middle: what a conversation is, whichever framework is above and whichever protocol below.

Adapters translate their framework's messages into these values and back; each protocol translates these values
into its JSON and back. Nothing here knows a framework or does any I/O.

Everything is a frozen dataclass with slots. Optional mappings default to `None` rather than to an empty dict, since a
stream makes thousands of these values.

A *part* is one piece of a message: some text, a picture, a tool call. `seacloud_client.deltas` holds the steps of a
streamed reply.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Literal, TypeAlias

Protocol: TypeAlias = Literal["chat_completions", "responses", "messages"]
"""The wire protocols of SeaCloud's LLM API."""

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
"""Who speaks. `system` and `developer` instruct, at the start or in mid-conversation; `tool` carries results."""

Extras: TypeAlias = Mapping[str, Any]
"""Provider fields that this vocabulary does not name (`cache_control`, `detail`, ...), by their wire names. They are
handed to the protocol that knows them, and left out by the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A citation: where a piece of text comes from.

    `start` and `end` are character offsets into the text of the part that bears the annotation, where the wire gives
    them. `raw` is the wire's own object; it is sent back verbatim to `protocol`, the one that it came from.
    """

    type: str
    raw: Extras
    protocol: Protocol
    url: str | None = None
    title: str | None = None
    cited_text: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Visible text. `id` is the id of the item that held it, where the protocol numbers items (Responses)."""

    text: str
    annotations: tuple[Annotation, ...] = ()
    id: str | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, a sound, a film or a file: exactly one of `url`, `data` (base64) and `file_id` says where it is.

    `media_type` is the MIME type; a protocol that must state it refuses data without one. `name` is a file's name.
    A `data:` URL is taken apart into `data` and `media_type`.

    Raises:
        ValueError: if none or several of `url`, `data` and `file_id` are given, or `data` is not base64.
    """

    url: str | None = None
    data: str | None = None
    file_id: str | None = None
    media_type: str | None = None
    name: str | None = None
    id: str | None = None
    extras: Extras | None = None

    kind: ClassVar[str] = "media"

    def __post_init__(self) -> None:
        if self.url is not None and self.url.startswith("data:"):
            media_type, data = _split_data_url(self.url)
            object.__setattr__(self, "url", None)
            object.__setattr__(self, "data", data)
            object.__setattr__(self, "media_type", media_type or self.media_type)
        given = [name for name in ("url", "data", "file_id") if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            raise ValueError(f"{self.kind}: give exactly one of url, data and file_id; got {found}.")

    @property
    def data_url(self) -> str:
        """The data as a `data:` URL, for the protocols that take bytes in that form.

        Raises:
            ValueError: if there is no data, or nothing says of what type it is.
        """
        if self.data is None or self.media_type is None:
            raise ValueError(f"{self.kind}: data needs a media_type, such as {self._example_type()!r}.")
        return f"data:{self.media_type};base64,{self.data}"

    def read(self) -> bytes:
        """The bytes of `data`.

        Raises:
            ValueError: if this part has no data (it is a URL or a provider's file id), or it is not base64.
        """
        if self.data is None:
            raise ValueError(f"{self.kind}: there is no data here, only a url or a file_id.")
        try:
            return base64.b64decode(self.data, validate=True)
        except binascii.Error as error:
            raise ValueError(f"{self.kind}: data is not valid base64: {error}.") from None

    def _example_type(self) -> str:
        return {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}.get(self.kind, "application/pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image(Media):
    """A picture."""

    kind: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio(Media):
    """A sound. `transcript` is what is said in it, where the model that spoke it says so."""

    transcript: str | None = None

    kind: ClassVar[str] = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Video(Media):
    """A film."""

    kind: ClassVar[str] = "video"


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Media):
    """A document, such as a PDF."""

    kind: ClassVar[str] = "file"


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What a model thought before it answered, as far as it shows it.

    Attributes:
        text: the readable text; empty where the provider hides it.
        protocol: the protocol that it came from. It is sent back to no other.
        id: the item it belongs to. Parts that share an id, side by side, are one item (Responses: its summaries).
        signature: proof of authorship that the provider wants back with the text (Messages).
        encrypted: the hidden reasoning, opaque (Responses' `encrypted_content`, Messages' redacted `data`).
        form: the wire's word for the place it was found in (`reasoning_content`, `summary_text`, `thinking`, ...),
            so that it goes back to where it came from.
        extras: what else the wire said of it.
    """

    text: str
    protocol: Protocol | None = None
    id: str | None = None
    signature: str | None = None
    encrypted: str | None = None
    form: str | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool.

    `arguments` is the raw text as it came, and stays so: it is JSON for a `function`, free text for a `custom` tool,
    and may be neither when a model errs. `item_id` is the item's id where it differs from the call's (Responses).
    """

    id: str
    name: str
    arguments: str
    kind: Literal["function", "custom"] = "function"
    item_id: str | None = None
    extras: Extras | None = None

    def parse(self) -> dict[str, Any]:
        """The arguments as a mapping; no text at all means no arguments.

        Raises:
            ValueError: if they are not a JSON object; the message shows them.
        """
        if not self.arguments.strip():
            return {}
        try:
            value = json.loads(self.arguments)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"The arguments of {self.name!r} are not JSON ({error}): {self.arguments!r}") from None
        if not isinstance(value, dict):
            raise ValueError(f"The arguments of {self.name!r} are not a JSON object: {self.arguments!r}")  # noqa: TRY004
        return value


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model's statement that it will not answer."""

    text: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Native:
    """An item of one protocol that this vocabulary does not model: a built-in tool's call or result, say.

    It is carried through untouched, and sent back verbatim, but only to its own protocol.
    """

    protocol: Protocol
    item: Extras

    @property
    def type(self) -> str:
        """The wire's word for what it is, such as `web_search_call`."""
        return str(self.item.get("type", ""))


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back, for the call `call_id`. `kind` is that of the call."""

    call_id: str
    parts: tuple[Part, ...]
    is_error: bool = False
    name: str | None = None
    kind: Literal["function", "custom"] = "function"
    extras: Extras | None = None


Part: TypeAlias = Text | Image | Audio | Video | File | Reasoning | ToolCall | ToolResult | Refusal | Native


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
    """A tool that takes free text; `format` may hold it to a grammar, in the wire's form."""

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


def _split_data_url(url: str) -> tuple[str | None, str]:
    """Takes `data:image/png;base64,...` apart into its media type and its base64."""
    header, comma, payload = url.partition(",")
    if not comma or not header.endswith(";base64"):
        raise ValueError(f"A data: URL must look like data:image/png;base64,...; got {url[:40]!r}.")
    media_type = header[len("data:") : -len(";base64")].split(";", 1)[0]
    return media_type or None, payload
