"""A guard over what an agent may spend: how many tasks its tools may create, and who is asked before each.

What counts, what is given back, and what the agent's model is told is `seacloud_client.media_tools.spending`. Here is
what is LlamaIndex's own: a count in a workflow's state, and the context for who is asked.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, get_origin

from llama_index.core.workflow import Context
from seacloud_client.media_tools.approvals import Approver
from seacloud_client.media_tools.durable import DurableCall
from seacloud_client.media_tools.outcomes import CallRefused
from seacloud_client.media_tools.spending import (
    IN_CONVERSATION,
    CallCounter,
    JournalLimit,
    Limit,
    Slot,
    allow,
)
from seacloud_client.media_tools.steps import Flow

from llamaindex_seacloud.durable import Durability, current_call_id, in_workflow
from llamaindex_seacloud.state import changed

__all__ = ["STATE_KEY", "Approve", "CallRefused", "SpendingGuard"]

Approve: TypeAlias = Callable[..., Awaitable[bool] | bool]
"""Is asked with a model's id and the parameters before a task is created. Only `True` approves.

It may be async; if it is not, it runs in a thread in async calls. If one of its parameters is annotated as a `Context`,
it is given the workflow's: by LlamaIndex's rule for tools, so that it can ask a person with `ctx.wait_for_event`. (Then
it runs in the event loop, which the context belongs to.) If one is called `call_id`, it is given the id of the model's
tool call, or `None` outside of agents.
"""

STATE_KEY = "seacloud_calls"
"""Where a workflow's state counts the tasks of each model. So it is saved and restored with the `Context`."""


class SpendingGuard:
    """Decides on each task of some models, before it is posted. It may be used in any threads and event loops.

    Args:
        models: the models; the limits are for all of them together.
        max_calls: how many tasks may be created, ever; `None` for any number. They are counted in memory: one whose
            outcome is unknown counts, also where a journal was told to forget it.
        max_calls_per_context: how many in one `Context` of a workflow, over all of its runs.
        approve: who is asked before each.
        durability: what makes the tools durable, if they are. What the journal holds of a context's tasks of these
            models counts then, and nothing else, so that a restart forgets nothing and what the journal forgets is
            given back; and its run is saved before each task.

    Attributes:
        durability: the same.

    Raises:
        ConfigurationError: if a limit is no number, or less than 0, or `approve` cannot be called.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        max_calls: int | None = None,
        max_calls_per_context: int | None = None,
        approve: Approve | None = None,
        durability: Durability | None = None,
    ) -> None:
        self._models = frozenset(models)
        self._ever = CallCounter(max_calls, "max_calls")
        self._in_journal = CallCounter(max_calls_per_context, "max_calls_per_context", self._models)
        self.durability = durability
        self._approver = None if approve is None else Approver.of(approve, _context_parameter(approve))

    @property
    def needs_context(self) -> bool:
        """Whether it can decide within a workflow only."""
        asks_with_it = self._approver is not None and self._approver.context_name is not None
        return self._in_journal.limit is not None or asks_with_it or self.durability is not None

    @property
    def journal_limit(self) -> JournalLimit | None:
        """How many tasks a context may have in the journal, if there is one; `None` for any number."""
        return self._in_journal.in_journal()

    def allow(
        self,
        model: str,
        parameters: Mapping[str, Any],
        workflow_context: Context | None = None,
        call: DurableCall | None = None,
    ) -> Flow[Slot]:
        """Takes the right to create a task, asks for approval, and has the run saved if the call is durable.

        LlamaIndex runs a step that waits for an event again from its start, by an exception: then it is asked anew,
        and so nothing is counted meanwhile.

        Raises:
            CallRefused: if it is refused.
            ConfigurationError: if that can be decided in async code only.
        """
        limits = [self._ever.ever()]
        checks = []
        if self._approver is not None:
            asking = partial(self._approver.asking, model, parameters, async_calls="acall, agents")
            checks.append(asking(call_id=current_call_id(), context=workflow_context))
        if workflow_context is not None:
            limits += self._limits_of(workflow_context, model, call)
            if self.durability is not None:
                checks.append(self.durability.saving(workflow_context))
        return (yield from allow(limits, *checks))

    def _limits_of(self, workflow_context: Context, model: str, call: DurableCall | None) -> list[Limit]:
        """The limit for a workflow's context, if there is one: counted in the journal, or else in its state."""
        number, in_journal = self._in_journal.limit, self.journal_limit
        if number is None or in_journal is None:
            return []
        if call is not None:
            return [in_journal.beforehand(call.journal, call.thread_id)]
        count = partial(_count_in, workflow_context, model)
        return [
            Limit(
                number=number,
                whose=IN_CONVERSATION,
                take=in_workflow(partial(count, 1, self._models, number)),
                give_back=in_workflow(partial(count, -1)),
            )
        ]


def _context_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the parameter that takes the workflow's context, as its annotation tells."""
    return next((name for name, annotation in _annotations(function).items() if _is_context(annotation)), None)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """What the parameters are annotated with: as text, where a name in it is known to type checkers alone."""
    for evaluated in (True, False):
        try:
            signature = inspect.signature(function, eval_str=evaluated)
        except (NameError, AttributeError):
            continue
        except (TypeError, ValueError):  # some that are written in C tell nothing
            break
        return {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return {}


def _is_context(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.strip("'\" ").partition("[")[0].rpartition(".")[2] == Context.__name__
    return annotation is Context or get_origin(annotation) is Context


async def _count_in(
    workflow_context: Context,
    model: str,
    change: int,
    models: frozenset[str] = frozenset(),
    limit: int | None = None,
) -> bool:
    """Counts a model's tasks in the workflow's state, unless some models have reached a limit. Says whether it did."""

    def counted(counts: dict[str, int]) -> dict[str, int] | None:
        if limit is not None and sum(counts.get(each, 0) for each in models) >= limit:
            return None
        return {**counts, model: max(0, counts.get(model, 0) + change)}

    none: dict[str, int] = {}
    purpose = "max_calls_per_context counts"
    return (
        await changed(workflow_context, STATE_KEY, counted, empty=none, field="dict[str, int]", purpose=purpose)
    ) is not None
