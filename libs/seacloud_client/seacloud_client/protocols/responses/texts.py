"""What a Responses reply says and thinks: the items that are made of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from seacloud_client.conversation import Annotation, Logprobs, Native, Part, Reasoning, Refusal, Text
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    LogprobsDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
)
from seacloud_client.protocols.responses.growing import (
    PARTS_OF_ITEM,
    Facts,
    Growing,
    Json,
    OutputItem,
    Take,
    news,
    said,
    unfinished,
)
from seacloud_client.protocols.usage import count
from seacloud_client.protocols.values import fingerprint, objects, others, string

_CONTENT_OF_REASONING = PARTS_OF_ITEM // 2
"""Where a reasoning item's texts begin, behind its summaries."""

_REASONING_KEYS = frozenset(("type", "id", "summary", "content", "encrypted_content"))


class MessageItem(OutputItem):
    """What the model says: texts with their citations, and refusals."""

    __slots__ = ("_extras", "_late_extras", "_moved", "_next_index", "_parts", "has_refusal")

    def __init__(self, base: int, item: Json, facts: Facts, _deltas: list[Delta]) -> None:
        super().__init__(base, item)
        self.has_refusal = False
        self._parts: dict[int, Growing] = {}  # by the index that the wire gives them
        self._moved: dict[tuple[int, type[Part]], int] = {}  # by index and kind: where a part is whose index was taken
        self._next_index = 0
        self._extras = said(phase=string(item.get("phase")), reasoning_id=facts.reasoning_id)
        self._late_extras: dict[str, Any] | None = None

    def take_part(self, data: Json, deltas: list[Delta]) -> None:
        """A part of the content begins or, the second time, is whole."""
        content = data.get("part")
        if isinstance(content, dict):
            self._complete_part(self._index_of(data), content, deltas)

    def take_text(self, data: Json, deltas: list[Delta]) -> None:
        """More visible text."""
        text = data.get("delta")
        if text and isinstance(text, str):
            index = data.get("content_index")
            part = self._parts.get(index) if type(index) is int else None
            if part is None or part.kind is not Text:
                part = self._part(self._index_of(data), deltas, Text)
            part.told.append(text)
            deltas.append(TextDelta(0, part.number, text))
            if data.get("logprobs"):
                part.logprobs.extend(objects(data["logprobs"]))

    def take_text_done(self, data: Json, deltas: list[Delta]) -> None:
        """A text is whole."""
        self._complete_part(self._index_of(data), {**data, "type": "output_text"}, deltas)

    def take_annotation(self, data: Json, deltas: list[Delta]) -> None:
        """A citation."""
        raw = data.get("annotation")
        if isinstance(raw, dict):
            self._tell_annotation(self._part(self._index_of(data), deltas, Text), raw, deltas)

    def take_refusal(self, data: Json, deltas: list[Delta]) -> None:
        """More of a refusal."""
        text = string(data.get("delta"))
        if text:
            part = self._part(self._index_of(data), deltas, Refusal)
            part.told.append(text)
            deltas.append(RefusalDelta(0, part.number, text))

    def take_refusal_done(self, data: Json, deltas: list[Delta]) -> None:
        """A refusal is whole."""
        self._complete_part(self._index_of(data), {**data, "type": "refusal"}, deltas)

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Tells the parts that were left out. A message without any waits for the terminal event."""
        content = item.get("content")
        parts = [{"type": "output_text", "text": content}] if string(content) else objects(content)
        for index, part in enumerate(parts):
            self._complete_part(index, part, deltas)
        now = {**(said(phase=string(item.get("phase"))) or {}), **(unfinished(item) or {})}
        self._late_extras = news(self._extras, now)
        if self._parts:
            self.end(deltas)

    def end(self, deltas: list[Delta]) -> None:
        """Says that the parts are whole. A message that says nothing at all is an empty text."""
        self.is_ended = True
        if not self._parts:
            self._part(0, deltas, Text)
        for part in self._parts.values():
            if part.logprobs:
                deltas.append(LogprobsDelta(0, Logprobs(tuple(part.logprobs))))
            deltas.append(PartEnd(0, part.number, self._late_extras))

    def _index_of(self, data: Json) -> int:
        """The index of the part that an event speaks of: without one, it is the last."""
        index = data.get("content_index")
        return index if type(index) is int else next(reversed(self._parts), 0)

    def _part(self, index: int, deltas: list[Delta], kind: type[Part], native: Native | None = None) -> Growing:
        """The part of that index and kind, which begins if it is not there yet.

        Where a part of another kind has the index, it gets one of its own, the next, and keeps it.
        """
        part = self._parts.get(index)
        if part is not None and part.kind is not kind:
            index = self._moved.setdefault((index, kind), self._next_index)
            part = self._parts.get(index)
        if part is None:
            part = self._parts[index] = Growing(self.base + len(self._parts), kind)
            self._next_index = max(self._next_index, index + 1)
            self.has_refusal |= kind is Refusal
            said_in = Refusal if kind is Refusal else Text
            deltas.append(PartStart(0, part.number, native or said_in("", id=self.id, extras=self._extras)))
        return part

    def _complete_part(self, index: int, content: Json, deltas: list[Delta]) -> None:
        kind = content.get("type")
        tell = _CONTENT.get(kind if isinstance(kind, str) else None, MessageItem.complete_other)
        tell(self, index, content, deltas)

    def complete_text(self, index: int, content: Json, deltas: list[Delta]) -> None:
        """Tells the rest of a text, and its citations."""
        part = self._part(index, deltas, Text)
        rest = part.rest_of(content.get("text"))
        if rest:
            deltas.append(TextDelta(0, part.number, rest))
        given: Counter[str] = Counter()
        for raw in objects(content.get("annotations")):
            key = fingerprint(raw)
            given[key] += 1
            if given[key] > part.notes[key]:
                self._tell_annotation(part, raw, deltas)
        part.logprobs = list(objects(content.get("logprobs"))) or part.logprobs

    def complete_refusal(self, index: int, content: Json, deltas: list[Delta]) -> None:
        """Tells the rest of a refusal."""
        part = self._part(index, deltas, Refusal)
        rest = part.rest_of(content.get("refusal"))
        if rest:
            deltas.append(RefusalDelta(0, part.number, rest))

    def complete_other(self, index: int, content: Json, deltas: list[Delta]) -> None:
        """Tells content of a kind that this version does not know: it goes back in a message of its own."""
        alone = {"type": "message", "role": "assistant", "content": [content]}
        part = self._part(index, deltas, Native, Native("responses", alone))
        key = fingerprint(content)
        if part.notes and key not in part.notes:
            deltas.append(NativeDelta(0, part.number, alone))
        part.notes = Counter((key,))

    def _tell_annotation(self, part: Growing, raw: Json, deltas: list[Delta]) -> None:
        part.notes[fingerprint(raw)] += 1
        deltas.append(AnnotationDelta(0, part.number, _annotation(raw)))

    takes: ClassVar[Mapping[str, Take]] = {
        "response.output_text.delta": take_text,
        "response.output_text.done": take_text_done,
        "response.output_text.annotation.added": take_annotation,
        "response.refusal.delta": take_refusal,
        "response.refusal.done": take_refusal_done,
        "response.content_part.added": take_part,
        "response.content_part.done": take_part,
    }


_CONTENT: Mapping[str | None, Callable[[MessageItem, int, Json, list[Delta]], None]] = {
    "output_text": MessageItem.complete_text,
    "text": MessageItem.complete_text,  # as gateways that translate another protocol call it
    "refusal": MessageItem.complete_refusal,
}


class ReasoningItem(OutputItem):
    """What the model thought: summaries, or the text itself, or nothing readable. Its hidden form comes at the end."""

    __slots__ = ("_parts",)

    def __init__(self, base: int, item: Json, _facts: Facts, _deltas: list[Delta]) -> None:
        super().__init__(base, item)
        self._parts: dict[str, dict[int, Growing]] = {}  # by form and index

    def _all(self) -> Iterator[Growing]:
        return (part for parts in self._parts.values() for part in parts.values())

    def _take(self, form: str, index: str, data: Json, deltas: list[Delta]) -> None:
        part = self._part(form, data.get(index), deltas)
        text = string(data.get("delta"))
        if text:
            part.told.append(text)
        else:
            inner = data.get("part")
            text = part.rest_of(inner.get("text") if isinstance(inner, dict) else data.get("text"))
        if text:
            deltas.append(ReasoningDelta(0, part.number, text))

    def take_summary(self, data: Json, deltas: list[Delta]) -> None:
        """A summary begins, goes on or is whole."""
        self._take("summary_text", "summary_index", data, deltas)

    def take_content(self, data: Json, deltas: list[Delta]) -> None:
        """The text itself begins, goes on or is whole."""
        self._take("reasoning_text", "content_index", data, deltas)

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Tells the texts that were left out, and the hidden form."""
        for name, form in (("summary", "summary_text"), ("content", "reasoning_text")):
            for index, content in enumerate(objects(item.get(name))):
                self._take(form, "index", {"index": index, "part": content}, deltas)
        encrypted, extras = string(item.get("encrypted_content")), others(item, _REASONING_KEYS)
        if not self._parts:
            self._tell_hidden(encrypted, extras, deltas)
        elif encrypted or extras:
            first = min(part.number for part in self._all())
            deltas.append(ReasoningDelta(0, first, "", encrypted=encrypted, extras=extras))
        self.end(deltas)

    def end(self, deltas: list[Delta]) -> None:
        """Says that the parts are whole. An item that says nothing is a part without text."""
        self.is_ended = True
        if not self._parts:
            self._tell_hidden(None, None, deltas)
        deltas.extend(PartEnd(0, part.number) for part in self._all())

    def _tell_hidden(self, encrypted: str | None, extras: dict[str, Any] | None, deltas: list[Delta]) -> None:
        self._parts[""] = {0: Growing(self.base, Reasoning)}
        hidden = Reasoning("", "responses", id=self.id, encrypted=encrypted, extras=extras)
        deltas.append(PartStart(0, self.base, hidden))

    def _part(self, form: str, index: Any, deltas: list[Delta]) -> Growing:
        """The part of that form and index (without one, the last of its form), which begins if it is not there yet."""
        of_form = self._parts.setdefault(form, {})
        if type(index) is not int:
            index = next(reversed(of_form), 0)
        part = of_form.get(index)
        if part is None:
            start = self.base if form == "summary_text" else self.base + _CONTENT_OF_REASONING
            part = of_form[index] = Growing(start + len(of_form), Reasoning)
            deltas.append(PartStart(0, part.number, Reasoning("", "responses", id=self.id, form=form)))
        return part

    takes: ClassVar[Mapping[str, Take]] = {
        "response.reasoning_summary_part.added": take_summary,
        "response.reasoning_summary_part.done": take_summary,
        "response.reasoning_summary_text.delta": take_summary,
        "response.reasoning_summary_text.done": take_summary,
        "response.reasoning_text.delta": take_content,
        "response.reasoning_text.done": take_content,
        "response.content_part.added": take_content,
        "response.content_part.done": take_content,
    }


def _annotation(raw: Json) -> Annotation:
    """A citation. Only those of addresses and of container files have offsets into the text."""
    return Annotation(
        type=string(raw.get("type")) or "annotation",
        raw=raw,
        protocol="responses",
        url=string(raw.get("url")),
        title=string(raw.get("title")) or string(raw.get("filename")),
        start=count(raw, "start_index"),
        end=count(raw, "end_index"),
    )
