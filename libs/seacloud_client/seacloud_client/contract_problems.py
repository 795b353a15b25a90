"""What is wrong with arguments, in lines short enough for a chat model to correct itself by."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from reprlib import Repr
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

MAX_PROBLEMS = 10
"""How many problems are told at a time."""

MAX_VALUE = 60
"""Characters of a wrong value that are shown."""

MAX_EXPECTED = 300
"""Characters of what was expected that are shown."""

_shortener = Repr()
_shortener.maxstring = _shortener.maxother = MAX_VALUE
_shortener.maxlevel = 2


def problems_of(error: ValidationError, known: Sequence[str]) -> tuple[str, ...]:
    """One line for each problem: the parameter, what it must be, and what it was.

    Args:
        error: what pydantic found.
        known: the names of the parameters that there are.
    """
    details = error.errors(include_url=False)
    lines = list(dict.fromkeys(" ".join(_line(detail, known).split()) for detail in details))
    more = [f"... and {len(lines) - MAX_PROBLEMS} more"] if len(lines) > MAX_PROBLEMS else []
    return (*lines[:MAX_PROBLEMS], *more)


def _line(detail: ErrorDetails, known: Sequence[str]) -> str:
    place = _place(detail["loc"])
    kind, facts = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return f"{place}: is required"
    if kind == "extra_forbidden":
        return f"{place}: is no parameter{_advice(detail['loc'], known)}"
    wording = _WORDINGS.get(kind)
    words = wording(facts) if wording else _own_words(detail["msg"])
    return f"{place}: {words}; got {shortened(detail['input'])}"


def shortened(value: Any) -> str:
    """A value in a few characters, and in one line."""
    try:
        said = " ".join(_shortener.repr(value).split())
    except ValueError:  # Python writes no whole number of more than some 4300 digits
        said = "a number with too many digits"
    return said if len(said) <= 2 * MAX_VALUE else f"{said[: 2 * MAX_VALUE]}..."


def _place(steps: Sequence[int | str]) -> str:
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif not step.startswith("<"):  # which of several types a value was taken for
            path += f".{step[:100]}" if path else step[:100]
    return path or "the parameters"


def _advice(steps: Sequence[int | str], known: Sequence[str]) -> str:
    if len(steps) != 1 or not known:
        return ""
    close = difflib.get_close_matches(str(steps[0])[:100], known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    some = ", ".join(known[:MAX_PROBLEMS])
    return f"; there are {some}{', ...' if len(known) > MAX_PROBLEMS else ''}"


def _own_words(message: str) -> str:
    """Pydantic's own words, or those of a user's validator."""
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ").replace("Input should", "must")
    words = " ".join(message.split())[:MAX_EXPECTED].rstrip(".")
    return f"{words[:1].lower()}{words[1:]}" if words else "is wrong"


def _count(limit: Any, what: str) -> str:
    return f"{limit} {what}" if limit != 1 else f"1 {what.removesuffix('s')}"


_WORDINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "must be a string",
    "int_type": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "finite_number": lambda _: "must be a finite number",
    "bool_type": lambda _: "must be true or false",
    "list_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be an object",
    "model_type": lambda _: "must be an object",
    "model_attributes_type": lambda _: "must be an object",
    "none_required": lambda _: "must be null",
    "string_too_short": lambda facts: f"must have at least {_count(facts['min_length'], 'characters')}",
    "string_too_long": lambda facts: f"must have at most {_count(facts['max_length'], 'characters')}",
    "too_short": lambda facts: f"must have at least {_count(facts['min_length'], 'items')}",
    "too_long": lambda facts: f"must have at most {_count(facts['max_length'], 'items')}",
    "greater_than_equal": lambda facts: f"must be at least {facts['ge']}",
    "less_than_equal": lambda facts: f"must be at most {facts['le']}",
    "greater_than": lambda facts: f"must be greater than {facts['gt']}",
    "less_than": lambda facts: f"must be less than {facts['lt']}",
    "multiple_of": lambda facts: f"must be a multiple of {facts['multiple_of']}",
    "string_pattern_mismatch": lambda facts: f"must match the pattern {str(facts['pattern'])[:MAX_EXPECTED]}",
    "literal_error": lambda facts: f"must be one of {_alternatives(facts['expected'])}",
    "enum": lambda facts: f"must be one of {_alternatives(facts['expected'])}",
}


def _alternatives(expected: Any) -> str:
    """Pydantic's `'a', 'b' or 'c'` as a list, cut where it is long."""
    head, joint, last = str(expected).rpartition(" or ")
    said = f"{head}, {last}" if joint else last
    return said if len(said) <= MAX_EXPECTED else f"{said[:MAX_EXPECTED].rpartition(', ')[0]}, ..."
