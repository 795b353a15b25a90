"""What stands for a framework and the service in the tests of a durable tool's call."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.durable import DurableCall, Work
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.spending import CallCounter, allow
from seacloud_client.media_tools.steps import Flow, aplay, play, quick


def run(flow: Flow[Any], flavour: str = "sync") -> Any:
    return play(flow) if flavour == "sync" else asyncio.run(aplay(flow))


def call_of(journal: TaskJournal, call_id: str = "c", **said: Any) -> DurableCall:
    said = said or {"prompt": "a cat"}
    return DurableCall.of(journal, "t", call_id, model="m", said=said, parameters=said)


def claim(journal: TaskJournal) -> None:
    said = {"prompt": "a cat"}
    journal.claim("t", "c", model="m", said=said, parameters=said, owner="somebody else")


def full(*_: Any, **__: Any) -> bool:
    raise ConfigurationError("The disk is full.")


class Service:
    """What a call's work asks, and what it is told: each answer is a value, or an error to raise."""

    def __init__(self, post: Any = "mmsu_1", result: Any = "a cat", limit: int | None = None) -> None:
        self.posts: list[str] = []
        self.counter = CallCounter(limit)
        self.post, self.result = post, result

    def work(self) -> Work:
        return Work(
            allow=lambda: allow([self.counter.ever()]),
            once=quick(lambda: self._posted("once")),
            answer=self._answer,
            post=quick(lambda: SimpleNamespace(request_id=self._posted("post"))),
            task=lambda model, request_id: SimpleNamespace(model=model, request_id=request_id),  # type: ignore[arg-type,return-value]  # a task's likeness
            finish=self._finish,
            told=lambda error: f"told: {error.message}",
        )

    def _posted(self, how: str) -> Any:
        self.posts.append(how)
        return self._given(self.post)

    def _answer(self, made: Any) -> Flow[Any]:
        yield from ()
        return {"of": made, "made": self._given(self.result)}

    def _finish(self, task: Any) -> Flow[Any]:
        return self._answer(task.request_id)

    @staticmethod
    def _given(value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value
