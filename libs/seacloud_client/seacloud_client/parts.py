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


def _split_data_url(url: str) -> tuple[str | None, str]:
    """Takes `data:image/png;base64,...` apart into its media type and its base64."""
    header, comma, payload = url.partition(",")
    if not comma or not header.endswith(";base64"):
        raise ValueError(f"A data: URL must look like data:image/png;base64,...; got {url[:40]!r}.")
    media_type = header[len("data:") : -len(";base64")].split(";", 1)[0]
    return media_type or None, payload
