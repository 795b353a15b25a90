"""From pydantic's errors to lines that name the place and say what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails, ValidationError

from seacloud_emulator.strict.branches import KEYS, NO_BRANCH, TAG, TRIED, json_kind

AT_MOST = 8
"""How many problems are told of; of more, only the number."""

_SHOWN_AT_MOST = 60
_Error = Mapping[str, Any]


def in_words(error: ValidationError) -> list[str]:
    """The problems, one line each: `messages.2.content.0.image_url.size: unknown key`."""
    found = _without_followers(_of_best_branches(error.errors(include_url=False)))
    lines = list(dict.fromkeys(f"{_place(one)}: {_said(one)}" for one in found))
    more = len(lines) - AT_MOST
    return [*lines[:AT_MOST], f"... and {more} more"] if more > 0 else lines


def _of_best_branches(errors: Sequence[ErrorDetails]) -> list[_Error]:
    """The errors, but for those of branches that were tried and fit worse than another."""
    left: list[_Error] = [dict(error) for error in errors]
    while True:
        union = next((_before_tried(error["loc"]) for error in left if _before_tried(error["loc"]) is not None), None)
        if union is None:
            return left
        place = len(union)
        inside = [error for error in left if error["loc"][:place] == union and _before_tried(error["loc"]) == union]
        branches: dict[Any, list[_Error]] = {}
        for error in inside:
            loc = error["loc"]
            branches.setdefault(loc[place], []).append({**error, "loc": (*union, *loc[place + 1 :])})
        best = min(branches.values(), key=_misfit)
        first = left.index(inside[0])
        left = [*left[:first], *best, *(error for error in left[first:] if error not in inside)]


def _without_followers(errors: Sequence[_Error]) -> list[_Error]:
    """The errors without what else is wrong with an object whose `type` is: it is another thing altogether."""
    strange = {error["loc"][:-1] for error in errors if _says_what_it_is(error)}
    return [error for error in errors if _says_what_it_is(error) or error["loc"][:-1] not in strange]


def _says_what_it_is(error: _Error) -> bool:
    return error["type"] == "literal_error" and error["loc"][-1:] in {(key,) for key in KEYS}


def _misfit(errors: Sequence[_Error]) -> tuple[int, int]:
    """How badly a branch fits: by the number of errors, and then by those that say that it is the wrong branch."""
    return len(errors), sum(error["type"] in {NO_BRANCH, "literal_error"} for error in errors)


def _before_tried(loc: tuple[int | str, ...]) -> tuple[int | str, ...] | None:
    """The place of the first union in a place that tried its branches."""
    for number, key in enumerate(loc):
        if isinstance(key, str) and key.startswith(TRIED):
            return loc[:number]
    return None


def _place(error: _Error) -> str:
    keys = [str(key) for key in error["loc"] if not (isinstance(key, str) and key.startswith(TAG))]
    if error["type"] == NO_BRANCH and "key" in error["ctx"] and isinstance(error["input"], dict):
        keys.append(error["ctx"]["key"])
    return ".".join(keys) or "the body"


def _said(error: _Error) -> str:
    say = _WORDS.get(error["type"])
    return say(error) if say else str(error["msg"])


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}..."


def _no_branch(error: _Error) -> str:
    context, value = error["ctx"], error["input"]
    if "kinds" in context:
        return f"must be {context['kinds']}, not {json_kind(value)}"
    if not isinstance(value, dict):
        return f"must be object, not {json_kind(value)}"
    named = value.get(context["key"])
    if named is None:
        return f"is required: one of {context['allowed']}"
    return f"must be one of {context['allowed']}, not {_shown(named)}"


def _must_be(kind: str) -> Callable[[_Error], str]:
    return lambda error: f"must be {kind}, not {json_kind(error['input'])}"


_WORDS: Mapping[str, Callable[[_Error], str]] = {
    "extra_forbidden": lambda _: "unknown key",
    "missing": lambda _: "is required",
    "literal_error": lambda error: f"must be {error['ctx']['expected']}, not {_shown(error['input'])}",
    NO_BRANCH: _no_branch,
    "dict_type": _must_be("object"),
    "list_type": _must_be("list"),
    "string_type": _must_be("string"),
    "bool_type": _must_be("boolean"),
    "float_type": _must_be("number"),
    "int_type": _must_be("integer"),
    "none_required": _must_be("null"),
    "finite_number": lambda _: "must be a finite number",
}
