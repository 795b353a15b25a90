"""By what LangGraph knows a tool's call again when a run is resumed: the thread, and the id of the tool call.

LangGraph runs a node again from its start then. That needs each step of the graph to be on disk before the next begins
(`durability="sync"`): otherwise the checkpoint with the tool call may be lost while the journal has it, and a new call
would be paid for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.durable import DurableCall
from seacloud_client.media_tools.journal import TaskJournal

_CHECKPOINTER, _DURABILITY = "__pregel_checkpointer", "__pregel_durability"
"""Where LangGraph tells the nodes of a run that there is a checkpointer, and how it is written. These names are its own
affair: should they change, the check that needs them is left out, and a test fails."""


def durable_call(
    journal: TaskJournal,
    config: RunnableConfig,
    call_id: str | None,
    *,
    model: str,
    said: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> DurableCall:
    """The call that a config and a tool call's id tell of.

    Raises:
        ConfigurationError: if it could not be found again after a restart.
        InvalidInputError: if the parameters cannot be written as JSON.
    """
    configurable = config.get("configurable") or {}
    thread_id = configurable.get("thread_id")
    if thread_id is None or not call_id:
        raise ConfigurationError(
            "A tool with a journal must be able to know its call again: run it with a config of "
            '{"configurable": {"thread_id": ...}}, and by a tool call with an id, as agents do. Nothing was sent.'
        )
    if configurable.get(_CHECKPOINTER) is not None and configurable.get(_DURABILITY, "async") != "sync":
        raise ConfigurationError(
            'A tool with a journal needs each step of the graph on disk before the next: pass durability="sync" to '
            "the graph's invoke or stream. Nothing was sent."
        )
    return DurableCall.of(journal, str(thread_id), call_id, model=model, said=said, parameters=parameters)
