"""A stranger's words, for an agent's model to read.

Much of what a tool tells is the service's own words, and so a stranger's: they come without control characters and
without signs that nobody sees (by which text could be smuggled to the model, or into a terminal), in a bounded length,
and in a line of their own. They name no address but the service's, and no key.
"""

from __future__ import annotations

import copy
import re

from seacloud_client.errors import SeaCloudError
from seacloud_client.settings import Settings, origin_of

MAX_ERROR = 800
"""Characters of an error's message that are told."""

MAX_TEXT = 20_000
"""Characters of a text that a task made which are told."""

MAX_FACT = 200
"""Characters of each fact about an error or a result."""

MAX_ADDRESS = 4000
"""Characters of an address that are told: signed ones are long, and useless if they are cut."""

MAX_READ = 4 * MAX_ERROR
"""Characters of a text that are looked at for addresses."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
    "|[\u200c\u200d\ufe00-\ufe0f]{3,}"
)
"""Control characters but tab and line feed; signs that turn the direction of writing or are not seen at all; halves of
surrogate pairs; and the tags and selectors by which a text can be hidden in a text (Unicode 16, chapters 23.2, 23.4,
23.6 and 23.9). Joiners and variation selectors have their place in words and emoji, where there are one or two."""

_ADDRESS = re.compile(
    r"https?://[^\s'\"<>()\[\]]*(?:\[[0-9a-f:.]+\][^\s'\"<>()\[\]]*)?"
    r"|\[[0-9a-f]*:[0-9a-f:.]+\](?::\d+)?"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.]*\d)"
    r"|(?<![\w.@-])[\w-]+(?:\.[\w-]+)*\.(?:internal|local|localdomain|lan|intranet|corp|svc)\b(?::\d+)?",
    re.IGNORECASE,
)
"""Addresses in a text: URLs, IP addresses, and names that are known in a private network alone."""


def clean(text: str, limit: int) -> str:
    """A stranger's text, with nothing in it that is not seen, in at most so many characters."""
    text = _UNSEEN.sub(" ", text[: 2 * limit])
    return text if len(text) <= limit else f"{text[:limit]}..."


def clean_line(text: str, limit: int = MAX_FACT) -> str:
    """The same, in one line."""
    return " ".join(clean(text, limit).split())


def harmless_line(text: str, settings: Settings, limit: int = MAX_FACT) -> str:
    """The same, without addresses but the service's, and without the key.

    Args:
        text: the service's words.
        settings: of the queue: what its key is, and which address may be named.
        limit: how many characters are told.
    """

    def replaced(found: re.Match[str]) -> str:
        return found[0] if origin_of(found[0]) == settings.origin else "(an address)"

    return clean_line(_ADDRESS.sub(replaced, settings.without_key(text)[:MAX_READ]), limit)


def make_harmless(error: SeaCloudError, settings: Settings) -> SeaCloudError:
    """Changes an error so that its text (`str`, `repr`) is harmless, and gives it. The answer's body stays as it is."""
    error.message = harmless_line(error.message, settings, MAX_ERROR)
    for name in ("code", "request_id", "task_id"):
        fact = getattr(error, name)
        setattr(error, name, harmless_line(str(fact), settings) if fact else None)
    return error


def error_text(error: SeaCloudError, settings: Settings) -> str:
    """What the agent's model is told of a failure: what happened, and what support would ask for."""
    return f"{make_harmless(copy.copy(error), settings)}{advice_on(error)}"


def advice_on(error: SeaCloudError) -> str:
    """What is said behind a failure whose task may go on, or exist: a model that tries again pays twice."""
    return " Do not call this again by yourself: say so to the user." if error.may_go_on else ""
