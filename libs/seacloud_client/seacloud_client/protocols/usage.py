"""Reading counts of tokens, however a gateway writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def count(usage: Mapping[str, Any], *path: str) -> int | None:
    """The whole number at a path, or `None` where there is none."""
    value: Any = usage
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  # NaN


def first_count(usage: Mapping[str, Any], *paths: tuple[str, ...]) -> int | None:
    """The number at the first of these paths that has one."""
    return next((number for path in paths if (number := count(usage, *path)) is not None), None)
