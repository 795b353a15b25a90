"""Chat Completions' reasoning where LangChain's users look for it: beside the content, in `additional_kwargs`.

The readable text is in `reasoning_content`, as from langchain-deepseek; entries of `reasoning_details` (OpenRouter) are
kept whole, as from langchain-openrouter. All other reasoning is a content block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seacloud_client.conversation import Reasoning
from seacloud_client.deltas import ReasoningDelta

from langchain_seacloud.blocks import given, reasoning_block

REASONING_FIELD = "reasoning_field"
"""Where, in `additional_kwargs`, a reply keeps the name of the wire's field that `reasoning_content` came in. It is
left out where the text came in a field of that name, or in `reasoning_details`."""

_FIELDS = frozenset(("reasoning_content", "reasoning"))
_DETAIL_FACTS = frozenset(("type", "text", "summary", "signature", "data", "id", "index", "wire_index"))


def is_kept_beside(part: Reasoning) -> bool:
    """Whether reasoning is kept beside the content, by the field that it came in."""
    return part.form in _FIELDS or (part.form or "").startswith("reasoning.")


class KeptReasoning:
    """What is told of the reasoning of one stream, as additions to `additional_kwargs`."""

    def __init__(self) -> None:
        self._plain: set[int] = set()
        self._details: dict[int, tuple[int, str]] = {}  # of a part: its entry's number, and the field of its text
        self._field_told = False

    def has(self, part: int) -> bool:
        """Whether the part is told here."""
        return part in self._plain or part in self._details

    def start(self, part: int, value: Reasoning) -> Iterator[dict[str, Any]]:
        """A part begins."""
        form = value.form or ""
        if form in _FIELDS:
            self._plain.add(part)
            if form != "reasoning_content" or self._details:
                yield from self._tell_field(form)
        else:
            if self._plain:
                yield from self._tell_field("reasoning_content")
            number = len(self._details)
            self._details[part] = number, "summary" if form == "reasoning.summary" else "text"
            yield {"reasoning_details": [_entry(number, value)]}
        yield from self.add(part, ReasoningDelta(0, part, value.text, value.signature, value.encrypted))

    def add(self, part: int, delta: ReasoningDelta) -> Iterator[dict[str, Any]]:
        """More of a part."""
        if part in self._plain:
            if delta.text:
                yield {"reasoning_content": delta.text}
            return
        number, field = self._details[part]
        entry = {**(delta.extras or {}), **given(signature=delta.signature, data=delta.encrypted)}
        if delta.text:
            entry[field] = delta.text
        if entry:
            shown = delta.text and not self._plain
            yield {
                "reasoning_details": [{**entry, "index": number}],
                **({"reasoning_content": delta.text} if shown else {}),
            }

    def _tell_field(self, name: str) -> Iterator[dict[str, Any]]:
        if not self._field_told:
            self._field_told = True
            yield {REASONING_FIELD: name}


def _entry(number: int, value: Reasoning) -> dict[str, Any]:
    """The beginning of an entry. Its `index` is ours, since chunks are merged by it."""
    extras = dict(value.extras or {})
    index = extras.pop("index", None)
    entry = {"type": value.form, "index": number, **extras, **given(id=value.id)}
    return entry if index == number else {**entry, "wire_index": index}


def read_kept_reasoning(kwargs: Mapping[str, Any], *, streaming: bool = False) -> Iterator[Reasoning]:
    """The reasoning that a message keeps beside its content; other packages keep theirs alike.

    Args:
        kwargs: the message's `additional_kwargs`.
        streaming: whether it is a chunk, which may tell the field alone, and whose form is known only if it says so.
    """
    details = kwargs.get("reasoning_details")
    details = details if isinstance(details, list) else []
    text = kwargs.get("reasoning_content")
    text = text if isinstance(text, str) else ""
    field = kwargs.get(REASONING_FIELD)
    if (text and (field or not details)) or (field and streaming):
        yield Reasoning(text, "chat_completions", form=field or (None if streaming else "reasoning_content"))
    for entry in details:
        if isinstance(entry, Mapping):
            yield _read_detail(entry)


def _read_detail(entry: Mapping[str, Any]) -> Reasoning:
    extras = {name: value for name, value in entry.items() if name not in _DETAIL_FACTS}
    index = entry.get("wire_index", entry.get("index"))
    if index is not None:
        extras["index"] = index
    return Reasoning(
        entry.get("summary") or entry.get("text") or "",
        "chat_completions",
        id=entry.get("id"),
        signature=entry.get("signature"),
        encrypted=entry.get("data"),
        form=entry.get("type"),
        extras=extras or None,
    )


def kept_reasoning_blocks(kwargs: Mapping[str, Any], *, streaming: bool = False) -> list[dict[str, Any]]:
    """The same as standard blocks. While streaming, an entry of details has an index that no content block has."""
    parts = list(read_kept_reasoning(kwargs, streaming=streaming))
    blocks = [reasoning_block(part) for part in parts]
    if streaming:
        for part, block in zip(parts, blocks, strict=True):
            if part.extras and "index" in part.extras:
                block["index"] = f"lc_details_{part.extras['index']}"
    return blocks
