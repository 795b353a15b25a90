"""Which of the offered tools a message asks for.

A tool is asked for if the message names it, or if their words overlap: words that carry meaning are compared by their
stems, and words of one subject (draw, picture, image, ...) count as one. A word of the tool's name or a shared subject
weighs 2, any other word of its description 1, and 2 are needed.

Of several tools that fit, one is called for each part of the message: a tool that nothing speaks for but what already
speaks for a better one is not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seacloud_emulator.brain.question import Tool
from seacloud_emulator.brain.words import content_words, stem

ENOUGH = 2

_SUBJECTS = {
    "picture": "draw drawing paint painting sketch picture image photo photograph illustration portrait poster",
    "film": "film video movie clip animate animation",
    "sound": "sound audio song music speech voice melody",
    "weather": "weather forecast temperature rain sunny",
    "sum": "add adder addition plus sum total",
    "product": "multiply multiplication product",
    "search": "search lookup look find google",
    "clock": "time clock date today",
    "translation": "translate translation translator",
}

_SUBJECT_OF = {stem(word): subject for subject, words in _SUBJECTS.items() for word in words.split()}

_SIGNS = {
    re.compile(r"(?<=\d)\s*\+\s*(?=\d)"): "add",
    re.compile(r"(?<=\d)\s*(?:\*|\u00d7|\btimes\b)\s*(?=\d)"): "multiply",
}

_NO_TOOLS = re.compile(
    r"\b(?:without (?:using )?(?:any )?tools?|(?:do not|don'?t) (?:use|call) (?:any |the )?tools?)\b", re.IGNORECASE
)


def asked_for(message: str, tools: Sequence[Tool]) -> list[Tool]:
    """The tools that a message asks for, best first. The tools' own order decides between equals."""
    if _NO_TOOLS.search(message):
        return []
    scored = [(evidence(message, tool), tool) for tool in tools]
    scored.sort(key=lambda pair: -sum(pair[0].values()))
    chosen: list[Tool] = []
    covered: set[str] = set()
    for words, tool in scored:
        strong = {word for word, weight in words.items() if weight >= ENOUGH}
        new = (strong or set(words)) - covered
        if sum(words.values()) >= ENOUGH and new:
            chosen.append(tool)
            covered |= set(words)
    return chosen


def best(message: str, tools: Sequence[Tool]) -> Tool:
    """The tool that fits a message best, and the first of all if none fits."""
    return max(tools, key=lambda tool: sum(evidence(message, tool).values()))


def evidence(message: str, tool: Tool) -> dict[str, int]:
    """What in a message speaks for a tool: subjects, and stems of words, each with its weight."""
    said, name, description = _subjects(message), _subjects(tool.name), _subjects(tool.description)
    weights = {word: 2 if word in name or word in _SUBJECTS else 1 for word in said & (name | description)}
    if re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", message, re.IGNORECASE):
        weights[f"name:{tool.name}"] = 100
    return weights


def _subjects(text: str) -> set[str]:
    for sign, word in _SIGNS.items():
        text = sign.sub(f" {word} ", text)
    return {_SUBJECT_OF.get(word, word) for word in content_words(text)}
