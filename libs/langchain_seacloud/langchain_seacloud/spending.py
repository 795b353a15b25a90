"""What an agent may spend, as LangChain has it: what a conversation is, and who is asked.

What counts, what is given back, and what the agent's model is told is `seacloud_client.media_tools.spending`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig
from seacloud_client.errors import ConfigurationError

Approve: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[bool] | bool]
"""Is asked with a model's id and the parameters, before a task is created. Only `True` approves; it may be async."""


def conversation_of(config: RunnableConfig) -> str:
    """What a limit for each conversation counts by: the LangGraph thread, or else the run.

    Raises:
        ConfigurationError: if the call belongs to neither.
    """
    configurable = config.get("configurable") or {}
    thread = configurable.get("thread_id")
    if thread is not None:
        return f"thread {thread}"
    run = _run_id_of(configurable) or config.get("run_id") or (config.get("metadata") or {}).get("run_id")
    if run is not None:
        return f"run {run}"
    raise ConfigurationError(
        "max_calls_per_thread counts by the conversation, and this call belongs to none. Run the graph or the tool "
        'with a config of {"configurable": {"thread_id": ...}}, or with a run_id. Nothing was sent.'
    )


def _run_id_of(configurable: Mapping[str, Any]) -> str | None:
    """The id of the LangGraph run, where the caller gave one."""
    try:
        from langgraph.runtime import get_runtime  # noqa: PLC0415  # langgraph is not a dependency
    except ImportError:
        return None
    if not any(name.startswith("__pregel") for name in configurable):
        return None  # not within a graph
    try:
        info = get_runtime().execution_info
    except RuntimeError:
        return None  # before Python 3.11, async code cannot find its run
    return info.run_id if info is not None else None
