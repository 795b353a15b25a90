"""The content blocks of a Messages reply: from their events to deltas.

A block is opened with what its start says of it (of a plain reply: the whole block), takes the deltas of its kind, and
is ended. What this vocabulary does not model (a built-in tool's call or result, a compaction, whatever is new) is a
native item, which is whole when its block ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from pydantic_core import from_json

from seacloud_client.conversation import Annotation, Native, Reasoning, Text, ToolCall
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from seacloud_client.protocols.messages.tools import OUTPUT_TOOL
from seacloud_client.protocols.values import as_json_text, objects, others, string

Json: TypeAlias = Mapping[str, Any]
Take: TypeAlias = "Callable[[Any, Json, list[Delta]], None]"
"""Adds what a block's delta says to a list of ours: a method of the block's class."""


class Block:
    """An open block, which is the part `part` of the reply. `takes` are the deltas that it knows, by their types."""

    __slots__ = ("part",)

    takes: ClassVar[Mapping[str, Take]] = {}

    def __init__(self, part: int) -> None:
        self.part = part

    def read(self, kind: str, delta: Json, deltas: list[Delta]) -> bool:
        """Takes a delta of that type, if it is one of this block's."""
        take = self.takes.get(kind)
        if take is None:
            return False
        take(self, delta, deltas)
        return True

    def end(self, deltas: list[Delta]) -> None:
        """Says that the block is whole."""
        deltas.append(PartEnd(0, self.part))


class TextBlock(Block):
    """Visible text and its citations."""

    __slots__ = ()

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part)
        deltas.append(PartStart(0, part, Text("", extras=others(block, _TEXT_KEYS))))
        self.take_text(block, deltas)
        deltas.extend(AnnotationDelta(0, part, _annotation(raw)) for raw in objects(block.get("citations")))

    def take_text(self, delta: Json, deltas: list[Delta]) -> None:
        """More text."""
        text = delta.get("text")
        if text and isinstance(text, str):
            deltas.append(TextDelta(0, self.part, text))

    def take_citation(self, delta: Json, deltas: list[Delta]) -> None:
        """A citation."""
        raw = delta.get("citation")
        if isinstance(raw, dict):
            deltas.append(AnnotationDelta(0, self.part, _annotation(raw)))

    takes: ClassVar[Mapping[str, Take]] = {"text_delta": take_text, "citations_delta": take_citation}


class ThinkingBlock(Block):
    """Readable reasoning, and the signature that goes back with it. It may be hidden, and the signature alone come.

    The signature is told at the end: where it comes twice, the last one is it, as in Anthropic's own SDK.
    """

    __slots__ = ("_signature",)

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part)
        self._signature: str | None = None
        started = Reasoning("", "messages", form="thinking", extras=others(block, _THINKING_KEYS))
        deltas.append(PartStart(0, part, started))
        self.take(block, deltas)

    def take(self, delta: Json, deltas: list[Delta]) -> None:
        """More of the text, or the signature; a plain reply's block has both."""
        text = string(delta.get("thinking"))
        if text:
            deltas.append(ReasoningDelta(0, self.part, text))
        self._signature = string(delta.get("signature")) or self._signature

    def end(self, deltas: list[Delta]) -> None:
        """Tells the signature, and that the block is whole."""
        if self._signature:
            deltas.append(ReasoningDelta(0, self.part, signature=self._signature))
        super().end(deltas)

    takes: ClassVar[Mapping[str, Take]] = {"thinking_delta": take, "signature_delta": take}


class RedactedBlock(Block):
    """Reasoning that is hidden."""

    __slots__ = ()

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part)
        extras = others(block, _REDACTED_KEYS)
        data = string(block.get("data"))
        hidden = Reasoning("", "messages", encrypted=data, form="redacted_thinking", extras=extras)
        deltas.append(PartStart(0, part, hidden))


class _InputBlock(Block):
    """A block whose input comes in fragments, or whole in the start."""

    __slots__ = ("_input",)

    more: ClassVar[type[ToolCallDelta | TextDelta]]
    """The delta that a fragment becomes."""

    def __init__(self, part: int, block: Json) -> None:
        super().__init__(part)
        self._input = block.get("input")

    def take_input(self, delta: Json, deltas: list[Delta]) -> None:
        """A fragment of the input. If there are any, they are all of it."""
        fragment = as_json_text(delta.get("partial_json"))
        if fragment:
            self._input = ""
            deltas.append(self.more(0, self.part, fragment))

    def end(self, deltas: list[Delta]) -> None:
        """Says that the input is whole; without fragments, it is the start's."""
        whole = as_json_text({} if self._input is None else self._input)
        if whole:
            deltas.append(self.more(0, self.part, whole))
        super().end(deltas)

    takes: ClassVar[Mapping[str, Take]] = {"input_json_delta": take_input}


class ToolUseBlock(_InputBlock):
    """A call of one of the caller's tools."""

    __slots__ = ()

    more: ClassVar[type[ToolCallDelta | TextDelta]] = ToolCallDelta

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part, block)
        call_id, name = string(block.get("id")) or "", string(block.get("name")) or ""
        deltas.append(PartStart(0, part, ToolCall(call_id, name, "", extras=others(block, _TOOL_USE_KEYS))))


class OutputBlock(_InputBlock):
    """A call of our own tool (see `tools`): its input is the answer, in JSON, and so the text."""

    __slots__ = ()

    more: ClassVar[type[ToolCallDelta | TextDelta]] = TextDelta

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part, block)
        deltas.append(PartStart(0, part, Text("")))


def _open_tool_use(part: int, block: Json, deltas: list[Delta]) -> Block:
    return (OutputBlock if block.get("name") == OUTPUT_TOOL else ToolUseBlock)(part, block, deltas)


class NativeBlock(Block):
    """A block that goes back as it came."""

    __slots__ = ("_citations", "_grown", "_input", "_is_changed", "_item")

    def __init__(self, part: int, block: Json, deltas: list[Delta]) -> None:
        super().__init__(part)
        self._item = dict(block)
        self._is_changed = False
        self._grown: dict[str, list[str]] = {}  # the pieces of fields that grow
        self._citations: list[Any] = []
        self._input: list[str] = []
        deltas.append(PartStart(0, part, Native("messages", block)))

    def take_input(self, delta: Json, _deltas: list[Delta]) -> None:
        """A fragment of the input of a built-in tool's call."""
        self._input.append(as_json_text(delta.get("partial_json")))

    def take_growth(self, delta: Json, _deltas: list[Delta]) -> None:
        """More of a text, or whatever a delta that is not known says: deltas are fragments."""
        for name, value in delta.items():
            if name != "type":
                known = self._item.get(name)
                if isinstance(known, str) and isinstance(value, str):
                    self._grown.setdefault(name, [known]).append(value)
                else:
                    self._set(name, value)
        self._is_changed = True

    def _set(self, name: str, value: Any) -> None:
        self._item[name] = value
        self._grown.pop(name, None)

    def take_citation(self, delta: Json, _deltas: list[Delta]) -> None:
        """A citation."""
        if self._item.get("citations") is not self._citations:
            self._citations = list(objects(self._item.get("citations")))
            self._set("citations", self._citations)
        self._citations.append(delta.get("citation"))
        self._is_changed = True

    def take_fields(self, delta: Json, _deltas: list[Delta]) -> None:
        """Fields that are whole: a compaction's content, a signature."""
        for name, value in delta.items():
            if name != "type":
                self._set(name, value)
        self._is_changed = True

    def read(self, kind: str, delta: Json, deltas: list[Delta]) -> bool:
        """Takes any delta."""
        self.takes.get(kind, NativeBlock.take_growth)(self, delta, deltas)
        return True

    def end(self, deltas: list[Delta]) -> None:
        """Says what the item has become, and that it is whole."""
        self._item.update((name, "".join(pieces)) for name, pieces in self._grown.items())
        text = "".join(self._input)
        if text:
            self._item["input"] = _parsed_input(text)
        if text or self._is_changed:
            deltas.append(NativeDelta(0, self.part, dict(self._item)))
        super().end(deltas)

    takes: ClassVar[Mapping[str, Take]] = {
        "input_json_delta": take_input,
        "citations_delta": take_citation,
        "compaction_delta": take_fields,
        "signature_delta": take_fields,
    }


BLOCKS: Mapping[str, Callable[[int, Json, list[Delta]], Block]] = {
    "text": TextBlock,
    "thinking": ThinkingBlock,
    "redacted_thinking": RedactedBlock,
    "tool_use": _open_tool_use,
}
"""How to open a block, by its type; any other is a `NativeBlock`."""

IMPLIED: Mapping[str, str] = {
    "text_delta": "text",
    "citations_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "input_json_delta": "tool_use",
    "compaction_delta": "compaction",
}
"""The type of block that a delta belongs to, for gateways that do not start their blocks."""

_TEXT_KEYS = frozenset(("type", "text", "citations"))
_THINKING_KEYS = frozenset(("type", "thinking", "signature"))
_REDACTED_KEYS = frozenset(("type", "data"))
_TOOL_USE_KEYS = frozenset(("type", "id", "name", "input"))


def _parsed_input(text: str) -> Any:
    """A built-in tool's input. What does not parse (the reply met its limit) is kept in the form that can go back."""
    try:
        return from_json(text)
    except ValueError:
        return {"invalid_arguments": text}


def _annotation(raw: Json) -> Annotation:
    """A citation.

    Its offsets (`start_char_index`, `start_page_number`, ...) are places in the source, not in the text that cites it,
    so they stay in `raw`. A search result's `source` is mostly its address.
    """
    url = string(raw.get("url")) or string(raw.get("source"))
    return Annotation(
        type=string(raw.get("type")) or "citation",
        raw=raw,
        protocol="messages",
        url=url,
        title=string(raw.get("title")) or string(raw.get("document_title")),
        cited_text=string(raw.get("cited_text")),
    )
