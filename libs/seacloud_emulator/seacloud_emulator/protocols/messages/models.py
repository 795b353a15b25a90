"""What Anthropic's models take, by their generation. Of models with other names nothing is known, and all is taken.

Source: Anthropic's migration guides and the answers that its API gives (a recording of the field `effort`, too).
"""

from __future__ import annotations

import re

Generation = tuple[int, int]

_NAME = re.compile(r"claude-(?:(?P<old>[123])(?![\d])|[a-z]+-(?P<major>\d+)(?:-(?P<minor>\d{1,2})(?!\d))?)")

_LAST_WITH_PREFILL: Generation = (4, 5)
_LAST_WITH_SAMPLING: Generation = (4, 6)
_FIRST_WITH_ADAPTIVE: Generation = (4, 6)

_EFFORTS: dict[str, tuple[str, ...]] = {
    "claude-opus-4-5": ("low", "medium", "high"),
    "claude-opus-4-6": ("low", "medium", "high", "max"),
    "claude-sonnet-4-6": ("low", "medium", "high", "max"),
}


def generation(model: str) -> Generation | None:
    """The generation of a model of Anthropic's, such as (4, 6); None for any other."""
    match = _NAME.search(model.lower())
    if match is None:
        return None
    return int(match["old"] or match["major"]), int(match["minor"] or 0)


def takes_prefill(model: str) -> bool:
    """Whether it goes on from the beginning of an answer. Anthropic ended that after Claude 4.5."""
    return _up_to(model, _LAST_WITH_PREFILL)


def takes_sampling(model: str) -> bool:
    """Whether it takes `temperature`, `top_p` and `top_k`. Claude 4.7 and later do not."""
    return _up_to(model, _LAST_WITH_SAMPLING)


def takes_budget(model: str) -> bool:
    """Whether its thinking can be given a budget. Claude 4.7 and later decide for themselves."""
    return _up_to(model, _LAST_WITH_SAMPLING)


def takes_adaptive(model: str) -> bool:
    """Whether it can decide for itself how much to think. Claude 4.6 was the first."""
    found = generation(model)
    return found is None or found >= _FIRST_WITH_ADAPTIVE


def takes_both_samplings(model: str) -> bool:
    """Whether it takes `temperature` and `top_p` together. From Claude 4.1 on none does."""
    return _up_to(model, (4, 0))


def efforts_of(model: str, all_efforts: tuple[str, ...]) -> tuple[str, ...]:
    """The efforts that it knows; none of models before Claude 4.5 Opus, all of later ones and of other makers'."""
    for name, efforts in _EFFORTS.items():
        if name in model.lower():
            return efforts
    return () if generation(model) is not None and _up_to(model, (4, 5)) else all_efforts


def _up_to(model: str, last: Generation) -> bool:
    found = generation(model)
    return found is None or found <= last
