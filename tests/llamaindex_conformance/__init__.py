"""What an LLM of LlamaIndex's must do, as a class of tests: LlamaIndex has no such suite of its own.

A subclass says how to make the LLM, and by its flags what the LLM's provider has; a test of what it has not is skipped.
Nothing here knows one adapter: the tests use LlamaIndex's interfaces, and what the emulator of SeaCloud's API answers.
They mirror what llama_index.core's agents, programs and counters rely on.
"""

from __future__ import annotations

from .base import SECRET, Person, Recorder, recorder
from .behaviour import BehaviourTests
from .calling import CallingTests
from .chat import ChatTests
from .content import ContentTests
from .prediction import PredictionTests

__all__ = ["SECRET", "LLMConformance", "Person", "Recorder", "recorder"]


class LLMConformance(ChatTests, CallingTests, ContentTests, PredictionTests, BehaviourTests):
    """The tests. Flags say what the LLM has, as the class is used here."""
