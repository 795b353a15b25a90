"""What each block of a message must be by itself. `turns` has the rules among them.

The rules are those of Anthropic's public reference, and the messages resemble its own. Blocks that the emulator does
not read (those of built-in tools but the search of the web) only have to be of a known type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from seacloud_emulator.brain.attachments import BadAttachmentError, describe_data
from seacloud_emulator.protocols.messages.signatures import (
    is_encrypted_result,
    is_foreign,
    is_redacted,
    is_signed,
    is_unchanged,
)
from seacloud_emulator.refusals import invalid_messages

Block = dict[str, Any]
Check = Callable[[Block, str], None]

IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")

_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_SERVER_CALL_ID = re.compile(r"srvtoolu_[a-zA-Z0-9_]+")
_TTLS = ("5m", "1h")


def check_content(content: Any, role: str, where: str) -> list[Block]:
    """The blocks of a message, if they are right; a text is one block.

    Raises:
        Refusal: 400 with Anthropic's error object, which names the place.
    """
    if isinstance(content, str):
        check_nonempty_text(content, "messages")
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise invalid_messages("Input should be a valid list", f"{where}.content")
    for place, block in enumerate(content):
        _check_block(block, role, f"{where}.content.{place}")
    return content


def _check_block(block: Any, role: str, where: str) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    other = "assistant" if role == "user" else "user"
    if not isinstance(kind, str) or not any(kind in known for known in _BLOCKS.values()):
        expected = ", ".join(f"'{name}'" for name in _BLOCKS[role])
        raise invalid_messages(
            f"Input tag {kind!r} found using 'type' does not match any of the expected tags: {expected}", where
        )
    if kind not in _BLOCKS[role]:
        raise invalid_messages(f"`{kind}` blocks can only be in `{other}` messages", where)
    check_cache_control(block, f"{where}.{kind}")
    _BLOCKS[role][kind](block, where)


def check_cache_control(block: Block, where: str) -> None:
    """Refuses a mark for the cache that is none, or stands where there can be none."""
    if "cache_control" not in block:
        return
    mark = block["cache_control"]
    if block.get("type") in ("thinking", "redacted_thinking"):
        raise invalid_messages("Extra inputs are not permitted", f"{where}.cache_control")
    if mark is None:
        return
    if not isinstance(mark, dict) or mark.get("type") != "ephemeral":
        raise invalid_messages("Input should be 'ephemeral'", f"{where}.cache_control.type")
    if mark.get("ttl", "5m") not in _TTLS:
        raise invalid_messages("Input should be '5m' or '1h'", f"{where}.cache_control.ttl")


def check_nonempty_text(text: str, where: str) -> None:
    """Refuses an empty text, and one of white space alone."""
    if not text:
        raise invalid_messages("text content blocks must be non-empty", where)
    if not text.strip():
        raise invalid_messages("text content blocks must contain non-whitespace text", where)


def need(block: Block, name: str, kind: type, where: str) -> Any:
    """A field of a block, which must be there and of this type."""
    value = block.get(name)
    if value is None:
        raise invalid_messages("Field required", f"{where}.{name}")
    if not isinstance(value, kind):
        expected = {str: "string", dict: "dictionary", list: "list", bool: "boolean"}.get(kind, kind.__name__)
        raise invalid_messages(f"Input should be a valid {expected}", f"{where}.{name}")
    return value


def _text(block: Block, where: str) -> None:
    check_nonempty_text(need(block, "text", str, f"{where}.text"), where.partition(".")[0])


def _image(block: Block, where: str) -> None:
    _check_source(need(block, "source", dict, f"{where}.image"), _IMAGE_SOURCES, f"{where}.image.source")


def _document(block: Block, where: str) -> None:
    _check_source(need(block, "source", dict, f"{where}.document"), _DOCUMENT_SOURCES, f"{where}.document.source")
    for name in ("title", "context"):
        if block.get(name) is not None:
            need(block, name, str, f"{where}.document")


def _check_source(source: Block, sources: Mapping[str, Check], where: str) -> None:
    kind = source.get("type")
    if not isinstance(kind, str) or kind not in sources:
        expected = ", ".join(f"'{name}'" for name in sources)
        raise invalid_messages(f"Input tag {kind!r} does not match any of the expected tags: {expected}", where)
    sources[kind](source, f"{where}.{kind}")


def _base64(*media_types: str) -> Check:
    def check(source: Block, where: str) -> None:
        if need(source, "media_type", str, where) not in media_types:
            expected = ", ".join(f"'{name}'" for name in media_types)
            raise invalid_messages(f"Input should be {expected}", f"{where}.media_type")
        try:
            describe_data("image", need(source, "data", str, where), "")
        except BadAttachmentError as error:
            raise invalid_messages(f"invalid base64 data: {error}", f"{where}.data") from error

    return check


def _url(source: Block, where: str) -> None:
    if not need(source, "url", str, where).startswith(("https://", "http://")):
        raise invalid_messages("Only HTTPS URLs are supported.", f"{where}.url")


def _stored_file(source: Block, where: str) -> None:
    need(source, "file_id", str, where)


def _plain_text(source: Block, where: str) -> None:
    if need(source, "media_type", str, where) != "text/plain":
        raise invalid_messages("Input should be 'text/plain'", f"{where}.media_type")
    check_nonempty_text(need(source, "data", str, where), where)


def _content(source: Block, where: str) -> None:
    content = source.get("content")
    if not isinstance(content, str):
        _check_inner(need(source, "content", list, where), ("text", "image"), f"{where}.content")


_IMAGE_SOURCES: Mapping[str, Check] = {"base64": _base64(*IMAGE_TYPES), "url": _url, "file": _stored_file}

_DOCUMENT_SOURCES: Mapping[str, Check] = {
    "base64": _base64("application/pdf"),
    "text": _plain_text,
    "content": _content,
    "url": _url,
    "file": _stored_file,
}


def _check_inner(blocks: list[Any], kinds: tuple[str, ...], where: str) -> None:
    """Refuses blocks within a block, where they are of other kinds or not right."""
    for place, block in enumerate(blocks):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind not in kinds:
            expected = ", ".join(f"'{name}'" for name in kinds)
            raise invalid_messages(f"Input tag {kind!r} does not match any of: {expected}", f"{where}.{place}")
        check_cache_control(block, f"{where}.{place}.{kind}")
        _INNER[str(kind)](block, f"{where}.{place}")


def _search_result(block: Block, where: str) -> None:
    for name in ("source", "title"):
        need(block, name, str, f"{where}.search_result")
    content = need(block, "content", list, f"{where}.search_result")
    _check_inner(content, ("text",), f"{where}.search_result.content")


def _unread(_block: Block, _where: str) -> None:
    pass


_INNER: Mapping[str, Check] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "search_result": _search_result,
    "tool_reference": _unread,
    "browser_state": _unread,
}


def _tool_result(block: Block, where: str) -> None:
    here = f"{where}.tool_result"
    need(block, "tool_use_id", str, here)
    if block.get("is_error") is not None:
        need(block, "is_error", bool, here)
    content = block.get("content")
    if block.get("is_error") and not content:
        raise invalid_messages("content cannot be empty if `is_error` is true", here)
    if content is None or isinstance(content, str):
        return
    blocks = need(block, "content", list, here)
    _check_inner(blocks, tuple(_INNER), f"{here}.content")
    if block.get("is_error") and any(inner["type"] != "text" for inner in blocks):
        raise invalid_messages("all content must be type `text` if `is_error` is true", here)


def _tool_use(block: Block, where: str) -> None:
    here = f"{where}.tool_use"
    if not _CALL_ID.fullmatch(need(block, "id", str, here)):
        raise invalid_messages(f"String should match pattern '^{_CALL_ID.pattern}$'", f"{here}.id")
    if not need(block, "name", str, here):
        raise invalid_messages("String should have at least 1 character", f"{here}.name")
    need(block, "input", dict, here)


def _server_tool_use(block: Block, where: str) -> None:
    here = f"{where}.server_tool_use"
    if not _SERVER_CALL_ID.fullmatch(need(block, "id", str, here)):
        raise invalid_messages(f"String should match pattern '^{_SERVER_CALL_ID.pattern}$'", f"{here}.id")
    need(block, "name", str, here)
    need(block, "input", dict, here)


def _web_search_result(block: Block, where: str) -> None:
    here = f"{where}.web_search_tool_result"
    need(block, "tool_use_id", str, here)
    if isinstance(block.get("content"), dict):
        return  # an error
    for place, result in enumerate(need(block, "content", list, here)):
        if not isinstance(result, dict) or not is_encrypted_result(result.get("encrypted_content")):
            raise invalid_messages("Invalid `encrypted_content` in `search_result` block", f"{where}.content.{place}")


def _thinking(block: Block, where: str) -> None:
    thinking = block.get("thinking")
    if not isinstance(thinking, str):
        raise invalid_messages("Field required", f"{where}.thinking.thinking")
    signature = need(block, "signature", str, f"{where}.thinking")
    if is_foreign(thinking, signature):
        return
    if not is_signed(signature):
        raise invalid_messages("Invalid `signature` in `thinking` block", where)
    if not is_unchanged(thinking, signature):
        raise invalid_messages(
            "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
            "These blocks must remain as they were in the original response.",
            where,
        )


def _redacted_thinking(block: Block, where: str) -> None:
    if not is_redacted(need(block, "data", str, f"{where}.redacted_thinking")):
        raise invalid_messages("Invalid `data` in `redacted_thinking` block", where)


_BLOCKS: Mapping[str, Mapping[str, Check]] = {
    "user": {
        "text": _text,
        "image": _image,
        "document": _document,
        "search_result": _search_result,
        "tool_result": _tool_result,
        "container_upload": _unread,
    },
    "assistant": {
        "text": _text,
        "thinking": _thinking,
        "redacted_thinking": _redacted_thinking,
        "tool_use": _tool_use,
        "server_tool_use": _server_tool_use,
        "web_search_tool_result": _web_search_result,
        **dict.fromkeys(
            (
                *("web_fetch_tool_result", "code_execution_tool_result", "bash_code_execution_tool_result"),
                *("text_editor_code_execution_tool_result", "tool_search_tool_result", "advisor_tool_result"),
                *("mcp_tool_use", "mcp_tool_result", "container_upload", "compaction"),
            ),
            _unread,
        ),
    },
}
