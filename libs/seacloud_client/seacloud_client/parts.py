"""The parts of messages: the smaller half of the vocabulary, which `seacloud_client.conversation` has whole.

A *part* is one piece of a message: some text, a picture, a tool call.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

Protocol: TypeAlias = Literal["chat_completions", "responses", "messages"]
"""The wire protocols of SeaCloud's LLM API."""

Extras: TypeAlias = Mapping[str, Any]
"""Provider fields that this vocabulary does not name (`cache_control`, `detail`, ...), by their wire names. They are
handed to the protocol that knows them, and left out by the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A citation: where a piece of text comes from.

    Attributes:
        type: the wire's word for what kind of citation it is, such as `url_citation` or `char_location`.
        raw: the wire's own object, which is sent back verbatim to `protocol`.
        protocol: the protocol that it came from.
        url: the address of the source, if it has one.
        title: the source's title.
        cited_text: the words of the source, where the wire gives them.
        start: where it begins in the text of the part that bears it, in characters, where the wire says so.
        end: where it ends there.
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
    """Visible text.

    Attributes:
        text: the text.
        annotations: its citations.
        id: the id of the item that held it, where the protocol numbers items (Responses).
        extras: fields of the wire's that have no name here, such as `cache_control`.
    """

    text: str
    annotations: tuple[Annotation, ...] = ()
    id: str | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, a sound, a film or a file: exactly one of `url`, `data` and `file_id` says where it is.

    Attributes:
        url: its address. A `data:` URL is taken apart into `data` and `media_type`.
        data: its bytes, in base64.
        file_id: the provider's own id, from its file API.
        media_type: its MIME type; a protocol that must state it refuses data without one.
        name: the file's name.
        id: the id of the item that held it, where the protocol numbers items (Responses).
        extras: fields of the wire's that have no name here, such as `detail` or `cache_control`.

    Raises:
        ValueError: if none or several of `url`, `data` and `file_id` are given, or a `data:` URL is none. Whether the
            data is base64 is seen when it is read.
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
        except ValueError as error:
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

    It goes back to `protocol`, whichever model is asked there, since nothing here says whose it is. What is sealed
    (`signature`, `encrypted`) only its own vendor can open: whoever changes to another vendor's model in mid-course,
    and stays on the protocol, leaves the reasoning out of the messages, or sets `protocol` to `None`.

    Attributes:
        text: the readable text; empty where the provider hides it.
        protocol: the protocol that it came from. It is sent back to no other; with `None`, to none.
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

    Attributes:
        id: the call's id, which its result must name.
        name: the tool's name.
        arguments: the raw text as it came, which stays so: it is JSON for a `function`, free text for a `custom` tool,
            and may be neither when a model errs.
        kind: whether the tool is a function, or one that takes free text.
        item_id: the item's id where it differs from the call's (Responses).
        extras: fields of the wire's that have no name here.
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
        try:
            return parse_arguments(self.arguments, f"The arguments of {self.name!r}")
        except ValueError as error:
            raise ValueError(f"{str(error).rstrip('.')}: {self.arguments!r}") from None


def parse_arguments(text: str, called: str = "The arguments") -> dict[str, Any]:
    """A function call's arguments, if they are a whole JSON object; no text at all means no arguments.

    Args:
        text: the arguments as they came.
        called: what they are called in the error.

    Raises:
        ValueError: if they are not; the message says why.
    """
    if not text.strip():
        return {}
    try:
        value = json.loads(text, strict=False)  # models leave line breaks in strings as they are
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{called} are not JSON ({error}).") from None
    if not isinstance(value, dict):
        raise ValueError(f"{called} are not a JSON object.")  # noqa: TRY004  # it is the text's fault
    return value


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model's statement that it will not answer.

    Attributes:
        text: the statement.
        id: the id of the item that held it, where the protocol numbers items (Responses).
        extras: fields of the wire's that have no name here.
    """

    text: str
    id: str | None = None
    extras: Extras | None = None


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
    """What a tool gave back.

    Attributes:
        call_id: the id of the call.
        parts: text and pictures, as the tool gave them.
        is_error: whether the tool failed; Messages says so to the model, on the others the text must.
        name: the tool's name, where it is known.
        kind: that of the call.
        extras: fields of the wire's that have no name here, such as `cache_control`.
    """

    call_id: str
    parts: tuple[Part, ...]
    is_error: bool = False
    name: str | None = None
    kind: Literal["function", "custom"] = "function"
    extras: Extras | None = None


Part: TypeAlias = Text | Image | Audio | Video | File | Reasoning | ToolCall | ToolResult | Refusal | Native


def _split_data_url(url: str) -> tuple[str | None, str]:
    """Takes `data:image/png;base64,...` apart into its media type and its base64."""
    header, comma, payload = url.partition(",")
    if not comma or not header.endswith(";base64"):
        raise ValueError(f"A data: URL must look like data:image/png;base64,...; got {url[:40]!r}.")
    media_type = header[len("data:") : -len(";base64")].split(";", 1)[0]
    return media_type or None, payload
