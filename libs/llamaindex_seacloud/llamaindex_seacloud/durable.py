"""By what a workflow knows a tool's call again when its run is restored: its own name, and the id of the tool call.

A `Context` that was saved while a tool ran calls the tool again when it is restored: with the same event, and so with
the same id of the model's tool call. That needs the run to be on disk, with the call in it, before the task is posted:
from an older state the agent's model would be asked again, and its new call would be paid for. So a tool with a journal
has the run saved itself (`save_run`), each time before it posts.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from llama_index.core.workflow import Context
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.durable import DurableCall
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.steps import Flow, Step

from llamaindex_seacloud.state import changed

SaveRun: TypeAlias = Callable[[Context], Awaitable[object] | object]
"""Writes the run to disk (`handler.ctx.to_dict()`), whole or not at all. It may be async.

It is given the context that tools have: by its `store` a program of many runs can tell which it is.
"""

THREAD_KEY = "seacloud_thread"
"""Where a workflow's state has the name by which the journal knows it. Without one, it gets a name."""


@dataclass(frozen=True, kw_only=True)
class Durability:
    """What makes tools durable.

    Attributes:
        journal: where their calls are written down.
        save_run: saves the run before a task is posted.
    """

    journal: TaskJournal
    save_run: SaveRun

    def call(
        self, workflow_context: Context, model: str, *, said: Mapping[str, Any], parameters: Mapping[str, Any]
    ) -> Flow[DurableCall]:
        """The call that runs.

        Raises:
            ConfigurationError: if it could not be found again when the run is restored.
            InvalidInputError: if the parameters cannot be written as JSON.
        """
        call_id = current_call_id()
        if call_id is None:
            raise ConfigurationError(
                "A tool with a journal must be able to know its call again: let an agent call it (FunctionAgent, "
                "ReActAgent, AgentWorkflow), or a step whose event has the call's id as its tool_id. It needs "
                "llama-index-workflows 2.26 or newer. Nothing was sent."
            )
        thread_id: str = yield in_workflow(partial(_thread_of, workflow_context))
        return DurableCall.of(self.journal, thread_id, call_id, model=model, said=said, parameters=parameters)

    def saving(self, workflow_context: Context) -> Step:
        """The step that saves the run."""

        async def save() -> None:
            saved = self.save_run(workflow_context)
            if inspect.isawaitable(saved):
                await saved

        return in_workflow(save)


def in_workflow(later: Callable[[], Awaitable[Any]]) -> Step:
    """A step that is done within a workflow, and so in async code alone."""

    def now() -> None:
        raise ConfigurationError("This is decided within a workflow, in async calls alone. Nothing was sent.")

    return Step(now, later)


async def _thread_of(workflow_context: Context) -> str:
    """The workflow's name in the journal. A new one is in its state before that is saved, so it is restored with it."""
    name = await changed(
        workflow_context,
        THREAD_KEY,
        lambda known: known or uuid.uuid4().hex,
        empty="",
        field="str",
        purpose="A journal knows a run by a name",
    )
    return str(name)


def current_call_id() -> str | None:
    """The id of the model's tool call, from the event that the running step was called with, where there is one.

    LlamaIndex does not hand it to tools. Where it is found is LlamaIndex's own affair: should that change, durable
    tools refuse to run, and a test fails.
    """
    try:
        from workflows.runtime.types.results import StepWorkerStateContextVar  # noqa: PLC0415  # see above

        call_id = getattr(StepWorkerStateContextVar.get().event, "tool_id", None)
    except (ImportError, LookupError, AttributeError):
        return None
    return call_id if isinstance(call_id, str) and call_id else None
