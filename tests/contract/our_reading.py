"""What our own code makes of a recording, in the words of a `Reading`, so that `differing(ours, theirs)` is the test.

    assert differing(read_ours(recording), sdk_reading.read(recording)) == {}

What a protocol has that the others have not is in the tables at the end: a protocol adds its own small functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any

from seacloud_client import streams
from seacloud_client.conversation import Audio, Choice, Image, Native, Part, Reasoning, Refusal, Reply, Text, ToolCall
from seacloud_client.deltas import Delta
from seacloud_client.error_mapping import error_from_answer, read_facts
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold
from seacloud_client.protocols import WireProtocol, get_protocol

from .reading import ChoiceReading, ErrorReading, Reading, ToolCallReading, same_arguments, usage_of, without_empty
from .recordings import Recording
from .sdk_responses import EXTRAS as RESPONSES_EXTRAS


@dataclass(frozen=True)
class Outcome:
    """What came out of a recording: all deltas of a stream, the reply (as far as it came), the error that ended it."""

    deltas: tuple[Delta, ...] = ()
    reply: Reply | None = None
    error: SeaCloudError | None = None


def wire_protocol(recording: Recording) -> WireProtocol:
    """Return our code for the recording's protocol."""
    return get_protocol(recording.protocol)  # type: ignore[arg-type]  # a recording's protocol is any string


def answer_of(recording: Recording) -> HttpAnswer:
    """Return the recorded answer as our transport would hand it on."""
    headers = {name.lower(): value for name, value in recording.headers.items()}
    protocol = wire_protocol(recording)
    url = f"https://cloud.seaart.ai/llm{protocol.path}"
    return HttpAnswer(recording.status, headers, recording.response.encode(), url, headers.get("x-request-id"))


def outcome_of(recording: Recording, pieces: Iterable[bytes] | None = None) -> Outcome:
    """Feed a recording to our code, as it is or as these bytes: a stream piece by piece."""
    answer = answer_of(recording)
    if pieces is not None and not recording.stream:
        answer = replace(answer, body=b"".join(pieces))
    if answer.status >= 300:
        error = error_from_answer(answer.status, answer.headers, answer.body, answer.url, answer.request_id)
        return Outcome(error=error)
    if recording.stream:
        return _stream_outcome(answer, wire_protocol(recording), [answer.body] if pieces is None else pieces)
    try:
        return Outcome(reply=streams.read_reply(answer, wire_protocol(recording)))
    except SeaCloudError as error:
        return Outcome(error=error)


def _stream_outcome(answer: HttpAnswer, protocol: WireProtocol, pieces: Iterable[bytes]) -> Outcome:
    reader = streams.StreamReader(protocol, answer.request_id)
    deltas: list[Delta] = [reader.start]
    error = None
    try:
        deltas.extend(_read(reader, pieces))
    except SeaCloudError as raised:
        error = raised
    return Outcome(tuple(deltas), Fold().add_all(deltas).reply(), error)


def _read(reader: streams.StreamReader, pieces: Iterable[bytes]) -> Iterator[Delta]:
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


def read_ours(recording: Recording) -> Reading:
    """Read a recording with our code."""
    return reading_of(outcome_of(recording), recording)


def reading_of(outcome: Outcome, recording: Recording) -> Reading:
    """Say in a Reading's words what came out of a recording."""
    error = None if outcome.error is None else error_reading(outcome.error, recording)
    reply = outcome.reply
    if reply is None:
        return Reading(error=error)
    return Reading(
        choices=tuple(choice_reading(choice, recording) for choice in reply.choices),
        id=reply.id,
        model=reply.model,
        usage=usage_of(dict(reply.usage.raw)) if reply.usage and reply.usage.raw is not None else None,
        error=error,
        service_tier=reply.service_tier,
        extras=_of(EXTRAS, recording, reply, recording),
    )


def error_reading(error: SeaCloudError, recording: Recording) -> ErrorReading:
    """Say in a Reading's words what an error says; the status only where it was the answer's own."""
    facts = read_facts(error.body)
    status = error.status if recording.status >= 300 else None
    return ErrorReading(code=error.code, message=facts.message, type=facts.type, status=status)


def choice_reading(choice: Choice, recording: Recording) -> ChoiceReading:
    """Say in a Reading's words what a choice says."""
    return ChoiceReading(
        text=choice.text,
        reasoning="".join(part.text for part in choice.parts if isinstance(part, Reasoning)),
        tool_calls=tuple(_call_reading(part, recording) for part in choice.tool_calls if part.kind == "function"),
        refusal=choice.refusal or "",
        finish=_of(FINISH, recording, choice),
        citations=tuple(dict(note.raw) for part in choice.parts if isinstance(part, Text) for note in part.annotations),
        native=tuple(str(item["type"]) for item in _of(NATIVE, recording, choice)),
        native_items=tuple(_of(NATIVE, recording, choice)),
        items=tuple(_of(ITEMS, recording, choice)),
        signatures=tuple(sealed for part in choice.parts for sealed in _sealed(part)),
        logprobs=len(choice.logprobs.content) if choice.logprobs else 0,
        order=tuple(_of(ORDER, recording, choice)),
        extras=_of(CHOICE_EXTRAS, recording, choice, recording),
    )


def _call_reading(call: ToolCall, recording: Recording) -> ToolCallReading:
    """Read a call; an id that the wire does not have is one that we made up, where a reading has none."""
    return ToolCallReading(call.id if call.id in recording.response else "", call.name, call.arguments)


def _sealed(part: Part) -> list[str]:
    return [seal for seal in (part.signature, part.encrypted) if seal] if isinstance(part, Reasoning) else []


def differing(ours: Reading, theirs: Reading, leave_out: Iterable[str] = ()) -> dict[str, tuple[Any, Any]]:
    """Return every field that differs, by its path, as (ours, theirs); fields may be left out by their name.

    Tool arguments are equal as text or as JSON. `earlier` is what a stream said before its terminal event: it is
    theirs alone. An error's message is equal if ours holds theirs (ours may add the provider's own words).
    """
    skipped = {"earlier", "choices", *leave_out}
    found = _differing_fields(ours, theirs, skipped, "")
    if len(ours.choices) != len(theirs.choices):
        found["choices"] = (len(ours.choices), len(theirs.choices))
    for place, (our_choice, their_choice) in enumerate(zip(ours.choices, theirs.choices, strict=False)):
        found.update(_differing_fields(our_choice, their_choice, skipped, f"choices[{place}]."))
    return found


def _differing_fields(ours: Any, theirs: Any, skipped: set[str], prefix: str) -> dict[str, tuple[Any, Any]]:
    pairs = {
        field.name: (getattr(ours, field.name), getattr(theirs, field.name))
        for field in fields(ours)
        if field.name not in skipped
    }
    return {
        prefix + name: pair for name, pair in pairs.items() if not _SAME.get(name, lambda us, them: us == them)(*pair)
    }


def _same_calls(ours: tuple[ToolCallReading, ...], theirs: tuple[ToolCallReading, ...]) -> bool:
    return len(ours) == len(theirs) and all(
        us[:2] == them[:2] and same_arguments(us.arguments, them.arguments)
        for us, them in zip(ours, theirs, strict=True)
    )


def _same_error(ours: ErrorReading | None, theirs: ErrorReading | None) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return theirs.message in ours.message and ours._replace(message="") == theirs._replace(message="")


_SAME: Mapping[str, Callable[[Any, Any], bool]] = {"tool_calls": _same_calls, "error": _same_error}

# What differs between the protocols: small functions by the protocol's name. `*` stands for all others.


def _of(table: Mapping[str, Callable[..., Any]], recording: Recording, *arguments: Any) -> Any:
    return table.get(recording.protocol, table["*"])(*arguments)


def _finish_reason(choice: Choice) -> str | None:
    return choice.finish_reason


def _native_parts(choice: Choice) -> list[dict[str, Any]]:
    return [dict(part.item) for part in choice.parts if isinstance(part, Native)]


def _nothing(_choice: Choice) -> list[Any]:
    return []


def _kinds(choice: Choice) -> list[str]:
    """Return the kinds of the items: parts side by side of one kind and id are one item."""
    named = [(_kind(part), getattr(part, "id", None) or place) for place, part in enumerate(choice.parts)]
    return [kind for (kind, _), _ in groupby(named)]


def _kind(part: Part) -> str:
    return part.type if isinstance(part, Native) else _KINDS[type(part)]


_KINDS: Mapping[type, str] = {
    Text: "text",
    Refusal: "text",
    Reasoning: "reasoning",
    ToolCall: "tool_call",
    Image: "image",
    Audio: "audio",
}


def _chat_extras(reply: Reply, recording: Recording) -> dict[str, Any]:
    """Return what a plain reply said besides: the SDK's accumulator has no reading of a stream's."""
    return without_empty(dict(reply.extras or {}), frozenset()) if not recording.stream else {}


def _chat_choice_extras(choice: Choice, recording: Recording) -> dict[str, Any]:
    """Return what the choice and its message said besides, as one mapping."""
    extras = dict(choice.extras or {}) if not recording.stream else {}
    return without_empty({**extras.pop("message", {}), **extras}, frozenset())


def _messages_extras(reply: Reply, recording: Recording) -> dict[str, Any]:
    """Return what the reply said besides; a reading counts what the choice says of its end among it."""
    return {**_all_extras(reply, recording), **_all_extras(reply.choice, recording)}


def _responses_native(choice: Choice) -> list[dict[str, Any]]:
    """Return the items that are none of the three kinds that a reading knows: pictures came as items too."""
    natives = [part for part in choice.parts if isinstance(part, (Native, Image))]
    return [
        dict(part.item) if isinstance(part, Native) else {**(part.extras or {}), "id": part.id, "result": part.data}
        for part in natives
    ]


def _responses_kinds(choice: Choice) -> list[str]:
    return ["image_generation_call" if kind == "image" else kind for kind in _kinds(choice)]


def _responses_extras(reply: Reply, _recording: Recording) -> dict[str, Any]:
    """Return what the SDK's reading counts among the extras; a reply has more (who paid, filters of content, ...)."""
    return {name: value for name, value in (reply.extras or {}).items() if name in RESPONSES_EXTRAS}


def _no_extras(_choice: Choice, _recording: Recording) -> dict[str, Any]:
    return {}


def _all_extras(value: Reply | Choice, _recording: Recording) -> dict[str, Any]:
    return without_empty(dict(value.extras or {}), frozenset())


FINISH: dict[str, Callable[[Choice], str | None]] = {"*": _finish_reason}
"""The wire's word for the end."""

NATIVE: dict[str, Callable[[Choice], list[dict[str, Any]]]] = {"*": _native_parts, "responses": _responses_native}
"""The items that are neither text, reasoning nor a call of the caller's tools."""

ITEMS: dict[str, Callable[[Choice], list[dict[str, Any]]]] = {"*": _nothing}
"""The wire's JSON of all items, as the next request would send it back: made by our encoder."""

ORDER: dict[str, Callable[[Choice], list[str]]] = {
    "*": _kinds,
    "chat_completions": _nothing,
    "responses": _responses_kinds,
}
"""The kinds of the items in order."""

EXTRAS: dict[str, Callable[[Reply, Recording], dict[str, Any]]] = {
    "*": _all_extras,
    "chat_completions": _chat_extras,
    "messages": _messages_extras,
    "responses": _responses_extras,
}
"""What else the reply said."""

CHOICE_EXTRAS: dict[str, Callable[[Choice, Recording], dict[str, Any]]] = {
    "*": _all_extras,
    "chat_completions": _chat_choice_extras,
    "messages": _no_extras,
}
"""What else the choice said."""
