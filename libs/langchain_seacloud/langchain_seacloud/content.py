"""LangChain's content blocks as parts of a conversation.

A block may have the standard form of langchain-core 1, OpenAI's or Anthropic's: users write all three, and histories
hold them. The table at the end says which function reads which type.
"""

from __future__ import annotations

import base64
import json
import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from seacloud_client.conversation import (
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
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError

from langchain_seacloud.blocks import REASONING_TEXT
from langchain_seacloud.citations import read_annotations
from langchain_seacloud.natives import read_native

Block = Mapping[str, Any]

CALL_IDS: Mapping[str, str] = {
    "tool_call": "id",
    "tool_call_chunk": "id",
    "invalid_tool_call": "id",
    "tool_use": "id",
    "function_call": "call_id",
    "custom_tool_call": "call_id",
}
"""Blocks that only say where a call stands which the message's own `tool_calls` hold: and what its id is called."""


def read_content(content: str | Iterable[str | Block], protocol: Protocol) -> Iterator[Part]:
    """The parts that a message's content holds. A block of no known type is taken to be the protocol's own.

    Raises:
        InvalidInputError: if a block lacks what its type needs.
    """
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for block in content:
        yield from read_block(block, protocol)


def read_block(block: str | Block, protocol: Protocol) -> Iterator[Part]:
    """The parts that one block of content holds: mostly one, sometimes none.

    Raises:
        InvalidInputError: if it lacks what its type needs.
    """
    if isinstance(block, str):
        if block:
            yield Text(block)
        return
    kind = str(block.get("type") or "")
    reader = _READERS.get(kind)
    if reader is not None:
        yield from _checked(reader, block, protocol)
    elif not kind:
        raise InvalidInputError(f"A content block needs a 'type': {_shown(block)}. Nothing was sent.")
    elif kind not in CALL_IDS:
        yield Native(protocol, _as_item(block))


def _checked(reader: Callable[[Block, Protocol], Part | None], block: Block, protocol: Protocol) -> Iterator[Part]:
    try:
        part = reader(block, protocol)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise InvalidInputError(
            f"The content block {_shown(block)} cannot be sent: {reason.rstrip('.')}. Nothing was sent."
        ) from None
    if part is not None:
        yield part


def _shown(block: Block) -> str:
    """A block for a message, with its long values cut."""
    cut = {
        key: f"{value[:40]}..." if isinstance(value, str) and len(value) > 40 else value for key, value in block.items()
    }
    return str(cut)[:300]


def extras_of(block: Block) -> Extras | None:
    """What a block says to its provider: its `extras`, and `cache_control` and `detail` beside them."""
    extras = dict(block.get("extras") or {})
    extras.update(
        {name: block[name] for name in ("cache_control", "detail", "citations", "context") if block.get(name)}
    )
    return extras or None


def _without_index(block: Block) -> Block:
    return {key: value for key, value in block.items() if key != "index"}


def _as_item(block: Block) -> Block:
    """An item of a protocol's own without what streaming has added: langchain-anthropic keeps an `input` as text."""
    item = dict(_without_index(block))
    text = item.pop("partial_json", None)
    if text and not item.get("input"):
        with suppress(ValueError):  # it broke off
            item["input"] = json.loads(text)
    return item


def _text(block: Block, protocol: Protocol) -> Part | None:
    notes = block.get("annotations") or block.get("citations")  # Anthropic's form has them as `citations`
    annotations = read_annotations(notes if isinstance(notes, list) else (), protocol)
    item_id = _text_id(block)
    if not block["text"] and not annotations and item_id is None:
        return None
    extras = extras_of({key: value for key, value in block.items() if key != "citations"})
    return Text(block["text"], annotations, item_id, extras)


def _text_id(block: Block) -> str | None:
    """The item's own id. LangChain gives blocks ids of its own making, which mean nothing to a provider."""
    given = block.get("id")
    return given if isinstance(given, str) and not given.startswith("lc_") else None


def _reasoning(block: Block, protocol: Protocol) -> Part:
    if "summary" in block and "reasoning" not in block:  # an item of OpenAI's Responses, as langchain-openai has it
        summary = [_without_index(piece) if isinstance(piece, Mapping) else piece for piece in block["summary"] or ()]
        return Native("responses", {**_without_index(block), "summary": summary})
    extras = dict(block.get("extras") or {})
    names = ("signature", "encrypted", "encrypted_content", "form", "protocol")  # `encrypted` is our earlier name
    known = {name: extras.pop(name, None) for name in names}
    item_id = _text_id(block)
    said = known["protocol"]  # of Responses' reasoning only our earlier form says it
    told: Protocol = said or ("responses" if (item_id or "").startswith(_REASONING_ID) else protocol)
    return Reasoning(
        text=block.get("reasoning") or "",
        protocol=told,
        id=item_id,
        signature=known["signature"],
        encrypted=known["encrypted"] or known["encrypted_content"] or block.get("encrypted_content"),
        form=known["form"] or (None if said else _form_told(block, extras, told)),
        extras=extras or None,
    )


def _form_told(block: Block, extras: dict[str, Any], protocol: Protocol) -> str | None:
    """The form of a block that does not name it, as `reasoning_block` tells it, in `extras`."""
    if extras.get("content") == []:
        del extras["content"]
        return REASONING_TEXT
    return _UNNAMED_FORMS.get(protocol) if "reasoning" in block else None


_UNNAMED_FORMS: Mapping[str, str] = {"responses": "summary_text"}
_REASONING_ID = "rs_"
"""How the service begins the ids of Responses' reasoning."""


def _thinking(block: Block, _protocol: Protocol) -> Part:
    """Anthropic's own form."""
    return Reasoning(block["thinking"], "messages", signature=block.get("signature"), form="thinking")


def _reasoning_content(_block: Block, _protocol: Protocol) -> None:
    """The form of Amazon Bedrock's Converse, which does not say whose model has signed it: it means nothing here."""


def _redacted_thinking(block: Block, _protocol: Protocol) -> Part:
    return Reasoning("", "messages", encrypted=block["data"], form="redacted_thinking")


def _media(cls: type[Media], block: Block, *, name: str | None = None) -> Media:
    """A standard block: `url`, `base64` or `file_id`, and `mime_type`. Our own replies' facts are in its `extras`."""
    extras = dict(extras_of(block) or {})
    filename = extras.pop("filename", None)
    transcript = extras.pop("transcript", None)
    spoken = {"transcript": transcript} if transcript is not None and issubclass(cls, Audio) else {}
    data = block.get("base64") or (block.get("data") if block.get("source_type") == "base64" else None)
    if isinstance(data, bytes):
        raise ValueError("base64 is text: base64.b64encode(...).decode()")  # noqa: TRY004  # it is told as all others
    return cls(
        id=extras.pop("item_id", None),
        **spoken,
        url=block.get("url"),
        data=data,
        file_id=block.get("file_id") or (block.get("id") if block.get("source_type") == "id" else None),
        media_type=block.get("mime_type"),
        name=name or block.get("filename") or filename,
        extras=extras or None,
    )


def _any_media(block: Block, _protocol: Protocol) -> Part:
    """The form of langchain-google-genai."""
    kind = str(block["mime_type"]).partition("/")[0]
    cls: type[Media] = _MEDIA.get(kind, File)
    facts = {"mime_type": block["mime_type"], "url": block.get("file_uri"), "base64": block.get("data")}
    return _media(cls, facts)  # type: ignore[return-value]  # it makes what it is asked for


_MEDIA: Mapping[str, type[Media]] = {"image": Image, "audio": Audio, "video": Video}


def _image(block: Block, protocol: Protocol) -> Part:
    if isinstance(block.get("source"), Mapping):
        return _from_source(Image, block, protocol)
    return _media(Image, block)  # type: ignore[return-value]  # it makes what it is asked for


def _image_url(block: Block, _protocol: Protocol) -> Part:
    """OpenAI's form; the url may stand alone."""
    address = block["image_url"]
    facts = address if isinstance(address, Mapping) else {"url": address}
    return Image(url=facts["url"], extras=extras_of({**block, **facts}))


def _input_image(block: Block, _protocol: Protocol) -> Part:
    """The form of OpenAI's Responses."""
    return Image(url=block.get("image_url"), file_id=block.get("file_id"), extras=extras_of(block))


def _audio(block: Block, _protocol: Protocol) -> Part:
    return _media(Audio, block)  # type: ignore[return-value]  # it makes what it is asked for


def _input_audio(block: Block, _protocol: Protocol) -> Part:
    sound = block["input_audio"]
    return Audio(data=sound["data"], media_type=f"audio/{sound['format']}", extras=extras_of(block))


def _video(block: Block, _protocol: Protocol) -> Part:
    return _media(Video, block)  # type: ignore[return-value]  # it makes what it is asked for


def _video_url(block: Block, _protocol: Protocol) -> Part:
    address = block["video_url"]
    return Video(url=address["url"] if isinstance(address, Mapping) else address, extras=extras_of(block))


def _file(block: Block, _protocol: Protocol) -> Part:
    inner = block.get("file")
    if isinstance(inner, Mapping):  # OpenAI's form
        return _openai_file(inner, extras_of(block))
    return _media(File, block)  # type: ignore[return-value]  # it makes what it is asked for


def _input_file(block: Block, _protocol: Protocol) -> Part:
    """The form of OpenAI's Responses."""
    return _openai_file(block, extras_of(block))


def _openai_file(facts: Block, extras: Extras | None) -> File:
    """`file_data` is a `data:` URL, or base64 alone; its type is then that of the file's name."""
    data, name = facts.get("file_data"), facts.get("filename")
    is_url = isinstance(data, str) and data.startswith("data:")
    return File(
        url=data if is_url else facts.get("file_url"),
        data=None if is_url else data,
        file_id=facts.get("file_id"),
        name=name,
        media_type=mimetypes.guess_type(name or "x.pdf")[0] if data is not None and not is_url else None,
        extras=extras,
    )


def _document(block: Block, protocol: Protocol) -> Part:
    """Anthropic's form."""
    return _from_source(File, block, protocol)


def _from_source(cls: type[Image | File], block: Block, protocol: Protocol) -> Part:
    source = block["source"]
    kind = source["type"]
    common: dict[str, Any] = {"name": block.get("title"), "extras": extras_of(block)}
    if kind == "url":
        return cls(url=source["url"], media_type=source.get("media_type"), **common)
    if kind == "file":
        return cls(file_id=source["file_id"], **common)
    if kind == "text":
        return _plain(source["data"], **common)
    if kind == "base64":
        return cls(data=source["data"], media_type=source["media_type"], **common)
    if protocol == "messages":
        return Native("messages", _without_index(block))
    if kind == "content":
        return Text("\n\n".join([*([block["title"]] if block.get("title") else []), *_texts(source["content"])]))
    raise ValueError(f"only Messages takes a source of the type {kind!r}")


def _texts(content: str | Iterable[Block]) -> list[str]:
    """What Anthropic's blocks say, for a protocol that takes them as text only."""
    blocks = [{"text": content}] if isinstance(content, str) else list(content)
    other = next((block["type"] for block in blocks if block.get("type", "text") != "text"), None)
    if other is not None:
        raise ValueError(f"only Messages takes it with a block of the type {other!r} in it")
    return [block["text"] for block in blocks]


def _plain_text(block: Block, _protocol: Protocol) -> Part:
    """A standard `text-plain` block: a document that is text."""
    if block.get("text") is None:
        return _media(File, {"mime_type": "text/plain", **block})  # type: ignore[return-value]  # it makes what it is asked for
    return _plain(block["text"], name=block.get("title"), extras=extras_of(block))


def _plain(text: str, **facts: Any) -> File:
    return File(data=base64.b64encode(text.encode()).decode("ascii"), media_type="text/plain", **facts)


def _tool_result(block: Block, protocol: Protocol) -> Part:
    """Anthropic's result, in a user's turn."""
    parts = tuple(read_content(block.get("content") or "", protocol))
    return ToolResult(block["tool_use_id"], parts, bool(block.get("is_error")), extras=extras_of(block))


def _search_result(block: Block, protocol: Protocol) -> Part:
    """Anthropic's form of a source that may be cited: its own protocol takes it, and any other the text that it is."""
    item = Native("messages", _without_index(block))
    if protocol == item.protocol:
        return item
    return Text("\n\n".join([f"{block['title']} ({block['source']})", *_texts(block["content"])]))


def _json(block: Block, _protocol: Protocol) -> Part:
    """A tool's result that is JSON."""
    return Text(json.dumps(block["json"], ensure_ascii=False))


def _custom_output(block: Block, protocol: Protocol) -> Part | None:
    """What a custom tool gave, as langchain-openai has it."""
    return _text({"text": block["output"]}, protocol)


def _refusal(block: Block, _protocol: Protocol) -> Part | None:
    """What says of Messages' text that it is one is not the model's word, and may have none."""
    is_of_messages = (block.get("extras") or {}).get("protocol") == "messages"
    return Refusal(block["refusal"]) if block["refusal"] and not is_of_messages else None


_READERS: Mapping[str, Callable[[Block, Protocol], Part | None]] = {
    "text": _text,
    "input_text": _text,
    "output_text": _text,
    "reasoning": _reasoning,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "reasoning_content": _reasoning_content,
    "media": _any_media,
    "image": _image,
    "image_url": _image_url,
    "input_image": _input_image,
    "audio": _audio,
    "input_audio": _input_audio,
    "video": _video,
    "video_url": _video_url,
    "file": _file,
    "input_file": _input_file,
    "document": _document,
    "text-plain": _plain_text,
    "tool_result": _tool_result,
    "search_result": _search_result,
    "non_standard": read_native,
    "server_tool_call": read_native,
    "server_tool_call_chunk": read_native,
    "server_tool_result": read_native,
    "json": _json,
    "custom_tool_call_output": _custom_output,
    "refusal": _refusal,
}
