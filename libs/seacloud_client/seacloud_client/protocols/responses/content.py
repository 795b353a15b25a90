"""What users and tools say, in Responses' JSON: each part as a part of content."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seacloud_client.conversation import Audio, File, Image, Media, Native, Part, Refusal, Text, Video
from seacloud_client.protocols.encoding import Json, data_url, known_extras, refusing_media

_ANY_EXTRAS = ("prompt_cache_breakpoint",)
_FILE_EXTRAS = ("detail", "prompt_cache_breakpoint")


def content_of(parts: Iterable[Part]) -> str | list[Json]:
    """The content of a turn, or a tool's output: a string where there is one plain text, else a list of parts.

    Raises:
        InvalidInputError: if a part cannot be sent on this protocol.
    """
    listed = [_PARTS[type(part)](part) for part in parts if type(part) in _PARTS and not _is_foreign(part)]
    if len(listed) == 1 and listed[0].keys() == {"type", "text"} and listed[0]["type"] == "input_text":
        return str(listed[0]["text"])
    return listed


def _is_foreign(part: Part) -> bool:
    return isinstance(part, Native) and part.protocol != "responses"


def is_content(part: Native) -> bool:
    """Whether a native item is a part of content, rather than an item of the conversation."""
    return part.type.startswith("input_")


def _text(part: Text) -> Json:
    return {"type": "input_text", "text": part.text, **known_extras(part.extras, _ANY_EXTRAS)}


def _image(part: Image | File) -> Json:
    where = {"file_id": part.file_id} if part.file_id is not None else {"image_url": _address(part)}
    detail = (part.extras or {}).get("detail") or "auto"
    return {"type": "input_image", "detail": detail, **where, **known_extras(part.extras, _ANY_EXTRAS)}


def _file(part: File) -> Json:
    if (part.media_type or "").startswith("image/"):
        return _image(part)
    where: Json
    if part.file_id is not None:
        where = {"file_id": part.file_id}
    elif part.url is not None:
        where = {"file_url": part.url}
    else:
        # file_data goes with a filename: OpenAI refuses it without.
        where = {"filename": part.name or _made_up_name(part), "file_data": _address(part)}
    return {"type": "input_file", **where, **known_extras(part.extras, _FILE_EXTRAS)}


def _made_up_name(part: File) -> str:
    return f"file{mimetypes.guess_extension(part.media_type or '') or ''}"


def _address(part: Media) -> str:
    return part.url if part.url is not None else data_url(part)


def _refusal(part: Refusal) -> Json:
    return {"type": "input_text", "text": part.text}


def _native(part: Native) -> Json:
    return dict(part.item)


_PARTS: Mapping[type, Callable[[Any], Json]] = {
    Text: _text,
    Image: _image,
    File: _file,
    Audio: refusing_media("Responses"),
    Video: refusing_media("Responses"),
    Refusal: _refusal,
    Native: _native,
}
