"""Drives flows without a socket and without a clock: waits are written down, and time passes by them alone."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer, HttpCall, Sleep
from seacloud_client.interrupts import Interrupted


def answer(body: Any = None, status: int = 200, url: str = "https://x.test/model/v1", **headers: str) -> HttpAnswer:
    """An answer of the service: JSON, unless the body is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, {"content-type": "application/json", **named}, content, url, "req-1")


class World:
    """A clock, and a service that answers as told: each answer in turn, the last one for ever.

    An answer may be an `HttpAnswer`, an error to raise, or a function that makes one of these of the call.
    """

    def __init__(self, *answers: Any, call_seconds: float = 0.0) -> None:
        self.time = 1000.0
        self.calls: list[HttpCall] = []
        self.sleeps: list[float] = []
        self._answers = list(answers)
        self._call_seconds = call_seconds

    def now(self) -> float:
        return self.time

    def made(self) -> list[tuple[str, str]]:
        """What was asked, as method and last part of the path."""
        return [(call.method, call.url.rsplit("/", 1)[-1]) for call in self.calls]

    def run(self, flow: Generator[Any, Any, Any]) -> Any:
        """Runs a flow to its end."""
        try:
            step = next(flow)
            while True:
                try:
                    value = self._take(step)
                except (SeaCloudError, Interrupted) as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(value)
        except StopIteration as end:
            return end.value

    def _take(self, step: Any) -> Any:
        if isinstance(step, Sleep):
            self.sleeps.append(step.seconds)
            self.time += step.seconds
            return None
        self.calls.append(step)
        self.time += min(self._call_seconds, step.timeout or self._call_seconds)
        said = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        said = said(step) if callable(said) else said
        if isinstance(said, BaseException):
            raise said
        if step.on_answer is not None:
            step.on_answer(said)
        return said
