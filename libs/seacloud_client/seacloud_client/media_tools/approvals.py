"""Who is asked before a task is created: what it is given, and where it runs, since a person may take their time."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, Signature
from typing import Any

from typing_extensions import Self

from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.outcomes import CallRefused
from seacloud_client.media_tools.steps import Step
from seacloud_client.threads import in_own_thread

CALL_ID = "call_id"
"""The name of the parameter that takes the id of the model's tool call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """A function of the user's that is asked before each task. Only `True` approves.

    It is given the model's id and the parameters, of which it has a copy. It may be async. In async calls, one that is
    not runs in a thread, so that the event loop goes on with what else is waited for.

    Attributes:
        function: the function.
        takes_call_id: whether it is given the id of the model's tool call, by the name `call_id`.
        context_name: by what name it is given the framework's context, if at all. Then it runs in the event loop,
            which the context belongs to.
    """

    function: Callable[..., Awaitable[bool] | bool]
    takes_call_id: bool = False
    context_name: str | None = None

    @classmethod
    def of(cls, function: Callable[..., Awaitable[bool] | bool], context_name: str | None = None) -> Self:
        """The function, with what its signature says that it takes.

        Raises:
            ConfigurationError: if it cannot be called so.
        """
        try:
            told, real = inspect.signature(function), inspect.signature(function, follow_wrapped=False)
        except (TypeError, ValueError):  # some that are written in C tell nothing
            return cls(function=function, context_name=context_name)
        approver = cls(function=function, takes_call_id=_takes_call_id(told), context_name=context_name)
        try:
            real.bind("", {}, **approver._besides(None, None))
        except TypeError as error:
            more = "".join(f", {name}" for name in approver._besides(None, None))
            raise ConfigurationError(
                f"approve is called as approve(model, parameters{more}), and it takes {told}: {error}. Let it take "
                f"the model's id and the parameters first, and {CALL_ID} by this name if it needs it."
            ) from None
        return approver

    def asking(
        self, model: str, parameters: Mapping[str, Any], *, async_calls: str, call_id: str | None, context: Any = None
    ) -> Step:
        """The step that asks. If it is cancelled meanwhile, nobody waits for the answer any more.

        Args:
            model: the model that generates.
            parameters: what is to be posted.
            async_calls: in which calls an async function can be asked, in the framework's words.
            call_id: the id of the model's tool call, where there is one.
            context: the framework's context.

        The step raises:
            CallRefused: if it is refused.
            ConfigurationError: if it would have to wait, in a sync call.
        """
        besides = self._besides(call_id, context)
        ask = partial(self.function, model, copy.deepcopy(dict(parameters)), **besides)

        def now() -> None:
            answer = ask()
            if inspect.isawaitable(answer):
                if inspect.iscoroutine(answer):
                    answer.close()
                raise ConfigurationError(
                    f"approve is async, so it can be asked in async calls alone ({async_calls}). Nothing was sent."
                )
            _require(answer, model)

        async def later() -> None:
            answer = ask() if self._belongs_in_the_loop else await in_own_thread(ask)
            _require(await answer if inspect.isawaitable(answer) else answer, model)

        return Step(now, later)

    def _besides(self, call_id: str | None, context: Any) -> dict[str, Any]:
        """What it is given besides the model and the parameters."""
        named = {} if self.context_name is None else {self.context_name: context}
        return {**named, CALL_ID: call_id} if self.takes_call_id else named

    @property
    def _belongs_in_the_loop(self) -> bool:
        return inspect.iscoroutinefunction(self.function) or self.context_name is not None


def _takes_call_id(signature: Signature) -> bool:
    """Whether there is a parameter for it, besides the two that the model and the parameters go to."""
    return any(
        parameter.name == CALL_ID
        and (parameter.kind is Parameter.KEYWORD_ONLY or (parameter.kind is Parameter.POSITIONAL_OR_KEYWORD and at > 1))
        for at, parameter in enumerate(signature.parameters.values())
    )


def _require(answer: object, model: str) -> None:
    if answer is not True:
        raise CallRefused(
            f"The call of {model} was not approved. Nothing was sent or charged. Do not call it again unless the user "
            "asks for it anew."
        )
