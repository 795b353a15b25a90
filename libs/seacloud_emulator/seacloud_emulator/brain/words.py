"""Reading a message as far as deterministic answers need: its requests, names, numbers and quotations.

Simple rules for English, which leave all other languages intact: a message that no rule fits is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_POLITE = re.compile(
    r"(?:please|kindly|hello|hi|hey|can you|could you|would you|will you|you should|now|then|also|and|next|first"
    r"|i(?: would|['\u2019]d)? (?:like|love|want|need)(?: you)?(?: to)?|let'?s"
    r"|us(?:e|ing) (?:the|your|a) tools?(?: to)?)"
    r"\b[\s,!.:]*",
    re.IGNORECASE,
)

VERBS = (
    "draw|paint|sketch|illustrate|make|create|generate|produce|render|design|show|give|get|fetch|search|look up|find"
    "|tell|say|translate|write|add|multiply|compute|calculate|what|who|where|when|how|which|check|send|let"
)
"""Words that a request begins with."""

_REQUEST_VERB = re.compile(
    r"(?:draw|paint|sketch|illustrate|make|create|generate|produce|render|design|show|give|get|fetch"
    r"|search(?: the web)?(?: for)?|look up|find)(?:\s+(?:me|us)\b)?\s+"
    r"|(?:tell|write)(?:\s+(?:me|us))?\s+(?=(?:an?|the)\s)",
    re.IGNORECASE,
)

_CLAUSE_END = re.compile(
    r"(?<=[.!?;])\s+|(?<=[。\uff01\uff1f\uff1b])\s*(?=\S)"
    rf"|,?\s+(?:and|then|and then|and also)\s+(?=(?:(?:also|then|please)\s+)?(?:{VERBS})\b)",
    re.IGNORECASE,
)

_QUOTED = re.compile(
    r"(?<!\w)'([^'\n]+)'(?!\w)|\"([^\"\n]+)\"|“([^”\n]+)”|\u2018([^\u2019\n]+)\u2019|«([^»\n]+)»|「([^」\n]+)」|`([^`\n]+)`"
)

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)(?!\.\d)")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NOT_NAMES = _set(
    """
    a an and are at can could do does for from give hello hey hi how i i'd i'm if in is it let me my no not of
    on or please she he so that the then there this to use using was we what when where which who why will with
    would you your yes
    """
) | frozenset(VERBS.split("|"))

_EMPTY_WORDS = _set(
    """
    about an and any are as at be been but by call can could did do does for from get had has have he hello her
    him his how in input into is it its just like may me more my name need no not of on one or our out output
    please return returns she should so some such tell than that the their them then there these they this those
    to tool up us use used user using value very want was we were what when where which who will with word words
    would you your
    """
)
"""Words that say nothing of what a message is about."""


@dataclass(frozen=True)
class Number:
    """A number in a message, and where it is."""

    value: float
    place: int


def without_politeness(text: str) -> str:
    """The message less the words that only lead up to it."""
    text = text.strip()
    while match := _POLITE.match(text):
        if match.end() == len(text):
            break
        text = text[match.end() :]
    return text


def clauses(text: str) -> list[str]:
    """The message's requests: its sentences, and what `and` joins if a request follows it."""
    return [clause.strip(" ,;") for clause in _CLAUSE_END.split(text) if clause.strip(" ,;.")]


def request_words(text: str) -> str:
    """What is asked for, less politeness, the verb of the request and the final stop: `a cat astronaut`."""
    text = without_politeness(text)
    match = _REQUEST_VERB.match(text)
    if match and match.end() < len(text):
        text = text[match.end() :]
    return text.rstrip(" .!?。\uff01\uff1f") or text


def quoted(text: str) -> list[str]:
    """What stands in quotation marks."""
    return [next(group for group in match.groups() if group) for match in _QUOTED.finditer(text)]


def numbers(text: str) -> list[Number]:
    """The numbers, in order. Those that are part of a word, as in `nano_banana_2`, are none."""
    return [Number(float(match[0]), match.start()) for match in _NUMBER.finditer(text)]


@dataclass(frozen=True)
class Name:
    """A proper name in a message.

    Attributes:
        text: the name.
        after: the word before it, in lower case; empty at the beginning.
    """

    text: str
    after: str


def names(text: str) -> list[Name]:
    """Proper names, in order: runs of capitalised words that do not open a sentence, or else those that do.

    `San Francisco, CA` is one name.
    """
    found = [name for sentence in re.split(r"(?<=[.!?;\n])\s+", text) for name in _names_in(sentence)]
    return [name for name in found if name.after] or found


def _names_in(sentence: str) -> Iterator[Name]:
    pieces = re.findall(r"[^\W_][\w'\u2019-]*|[^\w\s]|_\w+", sentence)
    run: list[str] = []
    after = ""
    for place, piece in enumerate([*pieces, "."]):
        if _capitalised(piece):
            after = after if run else "".join(pieces[place - 1 : place]).lower()
            run.append(piece)
        elif piece == "," and run and _is_region(pieces, place):
            run[-1] += ","
        elif run:
            yield Name(" ".join(run), after)
            run = []


def content_words(text: str) -> list[str]:
    """The words that carry meaning, each reduced to its stem, in order."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.replace("_", " ").replace("-", " "))
    return [stem(word) for word in re.findall(r"[^\W\d_]{2,}", split.lower()) if word not in _EMPTY_WORDS]


def stem(word: str) -> str:
    """A word without its commonest endings, crudely: `drawing`, `draws` and `draw` are one."""
    for ending, replacement in (("ies", "y"), ("ing", ""), ("ers", ""), ("er", ""), ("ed", ""), ("es", ""), ("s", "")):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + replacement
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _capitalised(word: str) -> bool:
    return word[0].isupper() and word.lower() not in _NOT_NAMES


def _is_region(pieces: list[str], place: int) -> bool:
    following = pieces[place + 1] if place + 1 < len(pieces) else ""
    return len(following) in {2, 3} and following.isupper() and following.isalpha()
