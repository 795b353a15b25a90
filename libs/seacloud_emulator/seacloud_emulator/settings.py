"""What can be set of an emulator, for the whole time that it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EmulatorSettings:
    """The settings of an emulator.

    Attributes:
        strict: whether LLM requests must also satisfy the official SDKs' request types (extra `strict`).
        queue_seconds: how long a task waits in the queue.
        run_seconds: how long a task runs after that.
        chunk_seconds: the pause before each event of a stream.
    """

    strict: bool = False
    queue_seconds: float = 0.2
    run_seconds: float = 0.6
    chunk_seconds: float = 0.0

    def __post_init__(self) -> None:
        """Refuses negative times."""
        for name in ("queue_seconds", "run_seconds", "chunk_seconds"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative")
