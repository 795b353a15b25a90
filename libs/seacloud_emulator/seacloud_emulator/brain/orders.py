"""Words in the user's message that order what seldom happens, so that it can be tested.

They stand in square brackets, like those that the queue knows, and are none of these. Two have the vendor's own words
besides: Anthropic's guides to streaming refusals and to redacted thinking give texts that make its models refuse, and
hide what they think.
"""

from __future__ import annotations

from dataclasses import replace

from seacloud_emulator.brain.question import Answer, Question

REFUSE = ("[refuse]", "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL")
"""The model says no."""

REDACT = ("[redact]", "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING")
"""What it thinks is shown only encrypted, where the protocol has that."""

FILTER = ("[filter]",)
"""A content filter cuts the answer in its middle."""

FAIL = ("[breakdown]",)
"""The model breaks down in the middle, where the protocol can say so."""

PAUSE = ("[pause]",)
"""A search of the web pauses the turn, where the protocol has that."""


def ordered(question: Question, words: tuple[str, ...]) -> bool:
    """Whether the user's last message has one of these words."""
    return any(word in question.asked.text for word in words)


def spoiled(answer: Answer, question: Question) -> Answer:
    """The answer as a filter or a breakdown leaves it, if one is ordered."""
    half = len(answer.text or "") // 2
    if ordered(question, FILTER):
        return replace(answer.cut(half), finish="filtered")
    return replace(answer.cut(half), finish="failed") if ordered(question, FAIL) else answer
