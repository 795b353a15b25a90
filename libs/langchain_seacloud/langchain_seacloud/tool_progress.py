"""How a task is getting on, told as custom events: of LangChain's callbacks, and in LangGraph's stream."""

from __future__ import annotations

from typing import Any, TypeAlias

from langchain_core.callbacks import (
    AsyncCallbackManagerForToolRun,
    CallbackManagerForToolRun,
    adispatch_custom_event,
    dispatch_custom_event,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config
from seacloud_client.media_tools.questions import progress_facts
from seacloud_client.queue import TaskStatus

RunManager: TypeAlias = CallbackManagerForToolRun | AsyncCallbackManagerForToolRun | None
"""Of a tool's own run; `None` outside of any run."""

PROGRESS_EVENT = "seacloud_progress"
"""The name of the custom event that tells how a task is getting on (`astream_events`, callbacks)."""


class Teller:
    """Tells each status of a task to who listens to a tool's run.

    Args:
        model: the model that generates.
        config: of whoever called the tool.
        run_manager: of the tool's own run, which is the event's parent.
    """

    def __init__(self, model: str, config: RunnableConfig, run_manager: RunManager) -> None:
        self._model = model
        self._config = None if run_manager is None else patch_config(config, callbacks=run_manager.get_child())

    def tell(self, status: TaskStatus) -> None:
        """Tells a status."""
        progress = progress_facts(self._model, status)
        write_to_graph(progress)
        if self._config is not None:
            dispatch_custom_event(PROGRESS_EVENT, progress, config=self._config)

    async def atell(self, status: TaskStatus) -> None:
        """`tell`, async."""
        progress = progress_facts(self._model, status)
        write_to_graph(progress)
        if self._config is not None:
            await adispatch_custom_event(PROGRESS_EVENT, progress, config=self._config)


def write_to_graph(progress: dict[str, Any]) -> None:
    """Tells LangGraph's `stream_mode="custom"`, if this runs in a graph."""
    try:
        from langgraph.config import get_stream_writer  # noqa: PLC0415  # langgraph is not a dependency
    except ImportError:
        return
    try:
        writer = get_stream_writer()
    except (RuntimeError, KeyError):
        return  # not within a graph, or within a runnable of another kind
    writer({PROGRESS_EVENT: progress})
