"""What all protocols do with a request's body: reading it, checking plain fields, and making ids from it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request

from seacloud_emulator.json_text import read_json_text
from seacloud_emulator.refusals import Refusal

Body = dict[str, Any]

Refuse = Callable[[str, str], Refusal]
"""What makes a protocol's refusal, from its message and the field that it is about."""

OPENAI_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What tools and schemas may be called on OpenAI's protocols."""

Ranges = Mapping[str, "tuple[float, float, tuple[type, ...]]"]
"""For fields that are numbers: the least and the greatest, and the types that they may have."""


async def read_json(request: Request, refuse: Refuse) -> Any:
    """The body of a request.

    Raises:
        Refusal: if it is not JSON.
    """
    try:
        return read_json_text(await request.body())
    except ValueError as error:
        raise refuse(f"We could not parse the JSON body of your request: {error}", "") from error


def check_types(body: Body, types: Mapping[str, type], refuse: Refuse) -> None:
    """Refuses fields that are there and of another type than the table says."""
    for name, kind in types.items():
        if not isinstance(body.get(name), (kind, type(None))):
            raise refuse(f"Invalid type for '{name}': expected {kind.__name__}, got {body[name]!r}.", name)


def check_ranges(body: Body, ranges: Ranges, refuse: Refuse) -> None:
    """Refuses numbers that are there and out of bounds."""
    for name, (least, most, types) in ranges.items():
        value = body.get(name)
        if value is None:
            continue
        if type(value) not in types:  # a JSON value: true is no number
            raise refuse(f"Invalid type for '{name}': {value!r} is not a number of the right kind.", name)
        if not least <= value <= most:
            raise refuse(f"Invalid '{name}': {value} is not within {least} to {most}.", name)


class Ids:
    """The ids of one answer, which differ from those of the same request's next.

    Args:
        number: the number of the answer.
        body: the request.
    """

    def __init__(self, number: int, body: Body) -> None:
        self._seed = hashlib.sha256(f"{number}{json.dumps(body, sort_keys=True)}".encode()).hexdigest()

    def whole(self, prefix: str, length: int) -> str:
        """The id of the answer itself."""
        return prefix + self._seed[:length]

    def part(self, prefix: str, place: str, length: int = 24) -> str:
        """The id of what stands at a place of the answer."""
        return prefix + hashlib.sha256(f"{self._seed}{place}".encode()).hexdigest()[:length]
