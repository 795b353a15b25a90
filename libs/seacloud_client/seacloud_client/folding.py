"""From deltas to a reply and back.

`Fold` adds up the deltas of a stream; `unfold` tells a whole reply as deltas, for an answer that came whole where a
stream was asked for. Folding what `unfold` yields gives the reply again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from seacloud_client.conversation import (
    Annotation,
    Audio,
    Choice,
    Extras,
    Finish,
    Logprobs,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    Usage,
)
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from seacloud_client.errors import ProtocolError


def merge_extras(old: Extras | None, new: Extras | None) -> Extras | None:
    """Both mappings as one; the new one's values win, and lists grow."""
    if not new:
        return old
    if not old:
        return new
    merged = dict(old)
    for key, value in new.items():
        known = merged.get(key)
        merged[key] = [*known, *value] if isinstance(known, list) and isinstance(value, list) else value
    return merged


@dataclass(slots=True)
class _OpenPart:
    """A part as it grows. Fragments are kept in lists, so that n of them cost n."""

    value: Part
    texts: list[str] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    rest: str = ""  # of a sound's base64, what is no whole group of four yet
    annotations: list[Annotation] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    extras: Extras | None = None


@dataclass(slots=True)
class _OpenChoice:
    parts: dict[int, _OpenPart] = field(default_factory=dict)
    finish: Finish = Finish.UNKNOWN
    finish_reason: str | None = None
    content_logprobs: list[Extras] = field(default_factory=list)
    refusal_logprobs: list[Extras] = field(default_factory=list)
    extras: Extras | None = None


class Fold:
    """Adds up deltas. `add` each, then take `reply()`; it may be taken in the middle too.

    `text` and the like are not kept up to date as the stream goes on: whoever shows the text as it grows adds up the
    `TextDelta`s that pass by.
    """

    def __init__(self) -> None:
        self._meta: dict[str, Any] = {}
        self._protocol: Protocol = "chat_completions"
        self._extras: Extras | None = None
        self._choices: dict[int, _OpenChoice] = {}
        self._usage: Usage | None = None

    def add(self, delta: Delta) -> None:
        """Adds one delta."""
        _ADD[type(delta)](self, delta)

    def add_all(self, deltas: Iterable[Delta]) -> Fold:
        """Adds them all, and returns the fold itself."""
        for delta in deltas:
            _ADD[type(delta)](self, delta)
        return self

    def reply(self) -> Reply:
        """What the deltas so far add up to."""
        choices = tuple(_close_choice(index, self._choices[index]) for index in sorted(self._choices))
        return Reply(
            protocol=self._protocol, choices=choices, usage=self._usage, extras=self._extras or None, **self._meta
        )

    def _choice(self, index: int) -> _OpenChoice:
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = _OpenChoice()
        return choice

    def _part(self, delta: Any) -> _OpenPart:
        return self._choices[delta.choice].parts[delta.part]

    def _meta_delta(self, delta: ResponseMeta) -> None:
        self._protocol = delta.protocol
        for name in ("id", "model", "created", "service_tier", "request_id"):
            value = getattr(delta, name)
            if value is not None:
                self._meta[name] = value
        self._extras = merge_extras(self._extras, delta.extras)

    def _start(self, delta: PartStart) -> None:
        self._choice(delta.choice).parts[delta.part] = _OpenPart(delta.value)

    def _text(self, delta: TextDelta | RefusalDelta) -> None:
        self._choices[delta.choice].parts[delta.part].texts.append(delta.text)

    def _reasoning(self, delta: ReasoningDelta) -> None:
        part = self._part(delta)
        part.texts.append(delta.text)
        _note(part, signature=delta.signature, encrypted=delta.encrypted)
        part.extras = merge_extras(part.extras, delta.extras)

    def _annotation(self, delta: AnnotationDelta) -> None:
        self._part(delta).annotations.append(delta.annotation)

    def _tool_call(self, delta: ToolCallDelta) -> None:
        part = self._part(delta)
        part.texts.append(delta.arguments)
        _note(part, id=delta.id, name=delta.name)

    def _media(self, delta: MediaDelta) -> None:
        part = self._part(delta)
        part.texts.append(delta.transcript)
        if delta.data:
            _add_sound(part, delta.data)
        part.extras = merge_extras(part.extras, delta.extras)

    def _native(self, delta: NativeDelta) -> None:
        if delta.item is not None:
            self._part(delta).changes["item"] = delta.item

    def _end(self, delta: PartEnd) -> None:
        part = self._part(delta)
        if part.rest:
            part.data.append(_decode_fragment(part.rest + "=" * (-len(part.rest) % 4)))
            part.rest = ""
        part.extras = merge_extras(part.extras, delta.extras)

    def _logprobs(self, delta: LogprobsDelta) -> None:
        choice = self._choice(delta.choice)
        choice.content_logprobs.extend(delta.logprobs.content)
        choice.refusal_logprobs.extend(delta.logprobs.refusal)

    def _set_usage(self, delta: UsageDelta) -> None:
        self._usage = delta.usage

    def _finish(self, delta: FinishDelta) -> None:
        choice = self._choice(delta.choice)
        choice.finish = delta.finish
        choice.finish_reason = delta.finish_reason
        choice.extras = merge_extras(choice.extras, delta.extras)


_ADD: Mapping[type, Callable[[Fold, Any], None]] = {
    ResponseMeta: Fold._meta_delta,  # noqa: SLF001  # the table is the class's own
    PartStart: Fold._start,  # noqa: SLF001  # the class's own table
    TextDelta: Fold._text,  # noqa: SLF001  # the class's own table
    ReasoningDelta: Fold._reasoning,  # noqa: SLF001  # the class's own table
    RefusalDelta: Fold._text,  # noqa: SLF001  # the class's own table
    AnnotationDelta: Fold._annotation,  # noqa: SLF001  # the class's own table
    ToolCallDelta: Fold._tool_call,  # noqa: SLF001  # the class's own table
    MediaDelta: Fold._media,  # noqa: SLF001  # the class's own table
    NativeDelta: Fold._native,  # noqa: SLF001  # the class's own table
    PartEnd: Fold._end,  # noqa: SLF001  # the class's own table
    LogprobsDelta: Fold._logprobs,  # noqa: SLF001  # the class's own table
    UsageDelta: Fold._set_usage,  # noqa: SLF001  # the class's own table
    FinishDelta: Fold._finish,  # noqa: SLF001  # the class's own table
}


def _note(part: _OpenPart, **changes: str | None) -> None:
    for name, value in changes.items():
        if value is not None:
            part.changes[name] = value


_PIECE_OF_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def _add_sound(part: _OpenPart, data: str) -> None:
    """More of a sound. Fragments may each be whole base64, or pieces of one, cut anywhere."""
    data = part.rest + data
    whole = len(data) - len(data) % 4
    part.rest = data[whole:]
    if part.rest and not _PIECE_OF_BASE64.fullmatch(part.rest):
        raise ProtocolError("A fragment of a sound is not base64.")
    part.data.append(_decode_fragment(data[:whole]))


def _decode_fragment(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise ProtocolError(f"A fragment of a sound is not base64: {error}.") from None


def _close_choice(index: int, choice: _OpenChoice) -> Choice:
    logprobs = None
    if choice.content_logprobs or choice.refusal_logprobs:
        logprobs = Logprobs(tuple(choice.content_logprobs), tuple(choice.refusal_logprobs))
    return Choice(
        index=index,
        parts=tuple(_close_part(choice.parts[key]) for key in sorted(choice.parts)),
        finish=choice.finish,
        finish_reason=choice.finish_reason,
        logprobs=logprobs,
        extras=choice.extras,
    )


def _close_part(part: _OpenPart) -> Part:
    """The part with what was added to it. Without additions it is the very value of its start."""
    value = part.value
    changes = dict(part.changes)
    if part.texts:
        changes.update(_with_text(value, "".join(part.texts)))
    if part.data and isinstance(value, Audio):
        start = value.read() if value.data else b""
        changes["data"] = base64.b64encode(start + b"".join(part.data)).decode("ascii")
    if part.annotations and isinstance(value, Text):
        changes["annotations"] = (*value.annotations, *part.annotations)
    if part.extras and not isinstance(value, Native):
        changes["extras"] = merge_extras(value.extras, part.extras)
    return replace(value, **changes) if changes else value


def _with_text(value: Part, text: str) -> dict[str, Any]:
    if isinstance(value, (Text, Reasoning, Refusal)):
        return {"text": value.text + text}
    if isinstance(value, ToolCall):
        return {"arguments": value.arguments + text}
    if isinstance(value, Audio) and text:
        return {"transcript": (value.transcript or "") + text}
    return {}


def unfold(reply: Reply) -> Iterator[Delta]:
    """The reply as deltas. A part is whole in its start, but for text and reasoning, which streaming callers show."""
    yield ResponseMeta(
        reply.protocol,
        id=reply.id,
        model=reply.model,
        created=reply.created,
        service_tier=reply.service_tier,
        request_id=reply.request_id,
        extras=reply.extras,
    )
    for choice in reply.choices:
        yield from _unfold_choice(choice)
    if reply.usage is not None:
        yield UsageDelta(reply.usage)


def _unfold_choice(choice: Choice) -> Iterator[Delta]:
    for number, part in enumerate(choice.parts):
        if isinstance(part, Text) and part.text:
            yield PartStart(choice.index, number, replace(part, text="", annotations=()))
            yield TextDelta(choice.index, number, part.text)
            for annotation in part.annotations:
                yield AnnotationDelta(choice.index, number, annotation)
        elif isinstance(part, Reasoning) and part.text:
            yield PartStart(choice.index, number, replace(part, text="", signature=None, encrypted=None))
            yield ReasoningDelta(choice.index, number, part.text, part.signature, part.encrypted)
        else:
            yield PartStart(choice.index, number, part)
        yield PartEnd(choice.index, number)
    if choice.logprobs is not None:
        yield LogprobsDelta(choice.index, choice.logprobs)
    yield FinishDelta(choice.index, choice.finish, choice.finish_reason, choice.extras)
