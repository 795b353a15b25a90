"""What `seacloud_client.deltas` promises of the deltas of any stream, whatever its bytes were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from seacloud_client.conversation import Audio, Native, Part, Reasoning, Refusal, Reply, Text, ToolCall
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

GROWS: Mapping[type, type] = {
    TextDelta: Text,
    AnnotationDelta: Text,
    ReasoningDelta: Reasoning,
    RefusalDelta: Refusal,
    ToolCallDelta: ToolCall,
    MediaDelta: Audio,
    NativeDelta: Native,
}
"""Which kind of part each delta adds to."""

ONCE: Mapping[type, tuple[str, ...]] = {
    ReasoningDelta: ("signature", "encrypted", "extras"),
    MediaDelta: ("extras",),
    ToolCallDelta: ("id", "name"),
}
"""What comes whole, once for a part, and not where the part's start had it already."""

OF_THE_REPLY = ("id", "created", "service_tier", "request_id")
"""Facts of the reply that are told once. The model may be told again, where another takes over."""


def check_deltas(deltas: Sequence[Delta], reply: Reply, *, is_whole: bool) -> None:
    """Asserts the promises. `is_whole`: the stream came to its end without an error."""
    told: Counter[Any] = Counter()
    parts: dict[tuple[int, int], Part] = {}
    ended: set[tuple[int, int]] = set()
    finished: set[int] = set()
    for delta in deltas:
        if isinstance(delta, ResponseMeta):
            told.update(name for name in OF_THE_REPLY if getattr(delta, name) is not None)
            assert delta.protocol == reply.protocol, "the protocol is told differently"
        elif isinstance(delta, UsageDelta):
            told["usage"] += 1
        elif isinstance(delta, (FinishDelta, LogprobsDelta)):
            assert delta.choice not in finished, "a choice goes on behind its end"
            if isinstance(delta, FinishDelta):
                finished.add(delta.choice)
        else:
            _check_part(delta, parts, ended, told)
            assert delta.choice not in finished, "a part is told of behind the end of its choice"
    assert all(times == 1 for times in told.values()), f"told more than once: {told}"
    if is_whole:
        assert parts.keys() == ended, "a part has no end"
        assert finished == {choice.index for choice in reply.choices} != set(), "a choice has no end"


def _check_part(
    delta: Any, parts: dict[tuple[int, int], Part], ended: set[tuple[int, int]], told: Counter[Any]
) -> None:
    place = (delta.choice, delta.part)
    if isinstance(delta, PartStart):
        assert place not in parts, "a part starts twice"
        parts[place] = delta.value
        return
    assert place in parts, "a part is told of before its start"
    assert place not in ended, "a part is told of behind its end"
    if isinstance(delta, PartEnd):
        ended.add(place)
        return
    part = parts[place]
    assert isinstance(part, GROWS[type(delta)]), f"{type(delta).__name__} of a {type(part).__name__}"
    for name in ONCE.get(type(delta), ()):
        if getattr(delta, name) is not None:
            told[place, name] += 1
            assert name == "extras" or not getattr(part, name), f"{name} was known from the start"
