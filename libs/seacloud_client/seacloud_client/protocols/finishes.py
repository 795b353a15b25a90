"""Why a reply ended, read from the wire's word for it, for those who have kept nothing but that."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache

from seacloud_client.conversation import Finish

_TABLES = (
    ("chat_completions.finishes", "FINISHES"),
    ("messages.decode", "FINISHES"),
    ("responses.decode", "FINISHES"),
    ("responses.decode", "INCOMPLETE"),
)


def finish_of(reason: str | None) -> Finish:
    """What a `Choice.finish_reason` stands for, on whichever protocol: none means by a word what another does not.

    Responses has the reason of an `incomplete` reply beside that word (`incomplete_details`): give the reason. What is
    not known, or nothing, is `Finish.UNKNOWN`.
    """
    return named(reason, _words())


def named(reason: str | None, words: Mapping[str, Finish]) -> Finish:
    """The same by a table of words, in any case: Gemini's are in capitals.

    Its OpenAI compatibility puts its own word behind one of OpenAI's kind: `content_filter: PROHIBITED_CONTENT`.
    """
    word = (reason or "").lower()
    return words.get(word) or words.get(word.partition(":")[0].strip(), Finish.UNKNOWN)


@lru_cache(maxsize=1)
def _words() -> Mapping[str, Finish]:
    """The words of all protocols, each of which is imported when it is first used."""
    return {
        word: finish
        for module, table in _TABLES
        for word, finish in getattr(importlib.import_module(f"seacloud_client.protocols.{module}"), table).items()
    }
