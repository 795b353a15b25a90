"""What the SDKs cannot read, read by hand: a table by recording, each entry with the reason.

A long text is not in the table but its length, digest, first and last words, with the place where the wire has it:
`Long` and `Items` take it from the raw body by that place alone, and refuse it if it is not what was seen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .reading import ChoiceReading, Reading
from .recordings import Recording


@dataclass(frozen=True)
class Long:
    """A text too long for a table, as all strings found at these places of the wire, joined in its order.

    A place is a path such as `choices[0].delta.content[].text`; `[]` stands for every item, several places are
    separated by spaces.
    """

    where: str
    length: int
    sha256: str
    first: str
    last: str

    def resolve(self, recording: Recording) -> str:
        """Return the text, if it is the one that was seen."""
        text = "".join(found for found in at(recording, self.where) if isinstance(found, str))
        digest = hashlib.sha256(text.encode()).hexdigest()
        seen = (len(text), digest[: len(self.sha256)], text[: len(self.first)], text[-len(self.last) :])
        if seen != (self.length, self.sha256, self.first, self.last):
            raise AssertionError(f"{recording.id}: {self.where} holds {seen}, not what was read by hand")
        return text


@dataclass(frozen=True)
class Items:
    """JSON objects too long for a table: where they are, how many, and the digest of their compact JSON."""

    where: str
    count: int
    sha256: str

    def resolve(self, recording: Recording) -> tuple[dict[str, Any], ...]:
        """Return the objects, if they are the ones that were seen."""
        found = tuple(at(recording, self.where))
        text = json.dumps(found, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()[: len(self.sha256)]
        if (len(found), digest) != (self.count, self.sha256):
            raise AssertionError(f"{recording.id}: {self.where} holds {len(found)} items, digest {digest}")
        return found


@dataclass(frozen=True)
class Hand:
    """Fields read by hand: of choices, by their place, and of the reply; `why` names what the SDK does."""

    why: str
    choices: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    reply: Mapping[str, Any] = field(default_factory=dict)


def complete(recording: Recording, reading: Reading) -> Reading:
    """Put what was read by hand in the place of what the SDK made of it."""
    hand = HAND.get(recording.id)
    if hand is None:
        return reading
    choices = list(reading.choices)
    for place, fields in hand.choices.items():
        choice = choices[place] if place < len(choices) else ChoiceReading()
        choices[place : place + 1] = [replace(choice, **_resolved(recording, fields))]
    return replace(reading, choices=tuple(choices), **_resolved(recording, hand.reply))


def payloads(recording: Recording) -> list[Any]:
    """Return the JSON values of the raw body: the one of a plain answer, or one for each `data:` line."""
    if not recording.stream:
        return [json.loads(recording.response)]
    lines = (line[5:].strip() for line in re.split(r"\r\n|\n|\r", recording.response) if line.startswith("data:"))
    return [json.loads(line) for line in lines if line.startswith("{")]


def at(recording: Recording, where: str, *, choice: int | None = None) -> Iterator[Any]:
    """Yield what the wire has at these places, in its order: of all events, or those of one choice."""
    paths = [re.findall(r"[^.\[\]]+|\[\d*\]", path) for path in where.split()]
    for payload in payloads(recording):
        if choice is None or [found["index"] for found in payload.get("choices") or ()] == [choice]:
            for path in paths:
                yield from _descend(payload, path)


def _descend(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _descend(item, path[1:])
    elif path[0].startswith("["):
        place = int(path[0][1:-1])
        yield from _descend(value[place], path[1:]) if isinstance(value, list) and place < len(value) else ()
    elif isinstance(value, dict) and path[0] in value:
        yield from _descend(value[path[0]], path[1:])


def _resolved(recording: Recording, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.resolve(recording) if isinstance(value, (Long, Items)) else value for name, value in fields.items()
    }


_CHAT = {
    "chat-with-extended-thinking-mistral-mistral-small-latest-str-ec6fb6": Hand(
        why="content is a list of thinking and text parts, then a string: the accumulator drops the lists",
        choices={
            0: {
                "text": Long(
                    "choices[0].delta.content choices[0].delta.content[].text",
                    length=700,
                    sha256="583b99ec0fbdee17",
                    first="To see your future using the magic mirror, ask:",
                    last="but it cannot state this directly, so it shows you instead.",
                ),
                "reasoning": Long(
                    "choices[0].delta.content[].thinking[].text",
                    length=8080,
                    sha256="00a1484009dfe391",
                    first="The user is presenting a hypothetical scenario involving",
                    last="ully, it shows your future self instead.",
                ),
            }
        },
    ),
    "test-reasoning-wire-contract-mistral-small-thinking-high-f5df18": Hand(
        why="content is a list of thinking and text parts: the SDK's model says it is a string",
        choices={
            0: {
                "text": "4",
                "reasoning": "The user is asking for the result of 2+2. The instruction is to reply with just the "
                'number, so I should respond with "4".',
            }
        },
    ),
    "test-openrouter-web-search-annotations-stream-621b8e": Hand(
        why="annotations without an index: the accumulator raises on the second",
        choices={0: {"citations": Items("choices[0].delta.annotations[]", count=5, sha256="b2c7b95966632f03")}},
    ),
    "test-openrouter-stream-error-9c47fe": Hand(
        why="the last chunk holds an error, choices and the usage: the SDK raises the error and drops the rest",
        reply={
            "usage": {
                "prompt_tokens": 43,
                "completion_tokens": 10,
                "total_tokens": 53,
                "cost": 0,
                "is_byok": False,
                "prompt_tokens_details.cached_tokens": 0,
                "prompt_tokens_details.audio_tokens": 0,
                "cost_details.upstream_inference_prompt_cost": 0,
                "cost_details.upstream_inference_completions_cost": 0,
                "completion_tokens_details.reasoning_tokens": 11,
                "completion_tokens_details.image_tokens": 0,
            }
        },
    ),
}

HAND: dict[str, Hand] = {**_CHAT}
