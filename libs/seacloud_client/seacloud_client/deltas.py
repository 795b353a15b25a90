"""The steps of a streamed reply, one for each event of the wire that means something.

Folding all the deltas of a stream (`seacloud_client.folding.Fold`) gives the same `Reply` as the plain answer. `choice`
and `part` say what a delta belongs to: parts may interleave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from seacloud_client.conversation import Annotation, Extras, Finish, Logprobs, Part, Protocol, Usage


@dataclass(frozen=True, slots=True)
class ResponseMeta:
    """What is known of the reply as a whole.

    No field but `extras` is set in more than one of a stream's; but for `model`, where another model takes over in the
    middle (Messages' fallback): the last one is the reply's.
    """

    protocol: Protocol
    id: str | None = None
    model: str | None = None
    created: int | None = None
    service_tier: str | None = None
    request_id: str | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class PartStart:
    """A part begins. `value` is what is known of it; what follows is added to it.

    `choice` and `part` say, in every delta, what it belongs to. Parts of a choice are ordered by `part`, which need
    not be dense; parts may interleave. A part without deltas of its own (a picture, say) is whole in its start.
    """

    choice: int
    part: int
    value: Part


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More visible text."""

    choice: int
    part: int
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """More reasoning; the signature, the hidden form or `extras` come once, whole."""

    choice: int
    part: int
    text: str = ""
    signature: str | None = None
    encrypted: str | None = None
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class RefusalDelta:
    """More of a refusal."""

    choice: int
    part: int
    text: str


@dataclass(frozen=True, slots=True)
class AnnotationDelta:
    """A citation of the text part."""

    choice: int
    part: int
    annotation: Annotation


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of the arguments. `id` and `name` are set, whole, only where they did not come with the start."""

    choice: int
    part: int
    arguments: str = ""
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class MediaDelta:
    """More of a sound: base64 of further bytes, further transcript, and `extras` once."""

    choice: int
    part: int
    data: str = ""
    transcript: str = ""
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class NativeDelta:
    """News of a native item: its state as a whole from now on (`item`), or an event for whoever shows progress."""

    choice: int
    part: int
    item: Extras | None = None
    event: Extras | None = None


@dataclass(frozen=True, slots=True)
class PartEnd:
    """A part is whole; `extras`, where there are any, are added to those that it has."""

    choice: int
    part: int
    extras: Extras | None = None


@dataclass(frozen=True, slots=True)
class LogprobsDelta:
    """Log probabilities of further tokens."""

    choice: int
    logprobs: Logprobs


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """The usage: once in a stream, cumulative, final."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class FinishDelta:
    """A choice has ended: once for each."""

    choice: int
    finish: Finish
    finish_reason: str | None = None
    extras: Extras | None = None


Delta: TypeAlias = (
    ResponseMeta
    | PartStart
    | TextDelta
    | ReasoningDelta
    | RefusalDelta
    | AnnotationDelta
    | ToolCallDelta
    | MediaDelta
    | NativeDelta
    | PartEnd
    | LogprobsDelta
    | UsageDelta
    | FinishDelta
)
