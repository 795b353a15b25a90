"""Names that every protocol takes: letters, digits, `_` and `-`, 64 at most."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_NAME = 64
"""The longest name of a tool, or of a form of output, that every protocol takes."""

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")


def wire_name(text: str) -> str:
    """A text as such a name: each other character becomes `_`, and what is too much is cut."""
    return _FORBIDDEN.sub("_", text)[:MAX_NAME]


def tool_names(models: Iterable[str], prefix: str, taken: Iterable[str] = ()) -> list[str]:
    """A name for each model's tool, no two alike.

    Args:
        models: the models.
        prefix: what the names begin with.
        taken: names that others have.
    """
    names, others = [], set(taken)
    for model in models:
        name = fitting = wire_name(f"{prefix}_{model}")
        number = 1
        while fitting in others:
            number += 1
            fitting = f"{name[: MAX_NAME - len(str(number)) - 1]}_{number}"
        names.append(fitting)
        others.add(fitting)
    return names
