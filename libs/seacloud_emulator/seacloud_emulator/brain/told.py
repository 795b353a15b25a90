"""What the messages say of the JSON that they want: a schema that stands in them, or the names of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from seacloud_emulator.brain.question import Question
from seacloud_emulator.brain.words import quoted

Json = dict[str, Any]

_DEMAND = re.compile(r"\bjson schema\b", re.IGNORECASE)
_ABOUT_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_ABOUT_A_SCHEMA = re.compile(r"\b(?:json|schema|the object|well-formatted)\b|```", re.IGNORECASE)


def schema_that_is_told(question: Question) -> Json:
    """The schema of the JSON that the messages want, where no field of the request has one."""
    texts = [turn.text for turn in reversed(question.turns)]
    told = next((schema for text in texts for schema in _last(text)), None)
    return told or _schema_of_keys(texts)


def schema_in_prompt(question: Question) -> Json | None:
    """The schema that a prompt demands in words alone, as frameworks' parsers of plain text do; `None` if none does.

    It stands in the user's message or in the instructions, which call it a JSON schema: descriptions of tools do not.
    """
    texts = [question.asked.text, *(turn.text for turn in question.turns if turn.role == "system")]
    return next((schema for text in texts if _DEMAND.search(text) for schema in _last(text)), None)


def without_words_on_json(text: str) -> str:
    """A text without what it says of JSON: schemas, and the sentences that speak of them. All of it, if all does."""
    rest, about = text, _ABOUT_JSON
    if _last(text):
        about = _ABOUT_A_SCHEMA
        for _, stretch in _objects(text):
            rest = rest.replace(stretch, "\n")
    sentences = re.split(r"(?<=[.!?])\s+|\n+", rest)
    return " ".join(sentence for sentence in sentences if not about.search(sentence)).strip() or text


def _last(text: str) -> list[Json]:
    """The last schema of a text: prompts give an example before."""
    return [value for value, _ in _objects(text) if isinstance(value.get("properties"), dict)][-1:]


def _objects(text: str) -> Iterator[tuple[Json, str]]:
    """The JSON objects in a text, each with where it stands. Braces may be doubled, as templates have them."""
    place = text.find("{")
    while place >= 0:
        found = _object_at(text, place)
        if found is not None:
            yield found[0], text[place : found[1]]
        place = text.find("{", found[1] if found is not None else place + 1)


def _object_at(text: str, place: int) -> tuple[Json, int] | None:
    decoder = json.JSONDecoder()
    try:
        if not text.startswith("{{", place):
            value, end = decoder.raw_decode(text, place)
        else:
            rest = text[place:].replace("{{", "{").replace("}}", "}")
            value, length = decoder.raw_decode(rest)
            end = place + length + rest.count("{", 0, length) + rest.count("}", 0, length)
    except (ValueError, RecursionError):
        return None
    return (value, end) if isinstance(value, dict) else None


def _schema_of_keys(texts: list[str]) -> Json:
    """An object with the keys that a text names: `with 'setup' and 'punchline' keys`, `keys: setup, punchline`."""
    for text in texts:
        if not re.search(r"\b(?:keys?|fields?|propert(?:y|ies))\b", text, re.IGNORECASE):
            continue
        keys = [key for key in quoted(text) if re.fullmatch(r"\w+", key)]
        listed = re.search(r"\b(?:keys?|fields?|properties)\b:?\s+(\w+(?:(?:,\s*(?:and\s+)?|\s+and\s+)\w+)*)", text)
        keys = keys or (re.split(r",\s*(?:and\s+)?|\s+and\s+", listed[1]) if listed else [])
        if keys:
            return {"type": "object", "properties": {key: {"type": "string"} for key in keys}, "required": keys}
    return {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
