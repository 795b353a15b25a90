"""What an agent may spend, as LangChain has it: what a conversation is, and who is asked.

What counts, what is given back, and what the agent's model is told is `seacloud_client.media_tools.spending`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias

from langchain_core.runnables import RunnableConfig
from pydantic import AfterValidator
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.approvals import Approver


def _that_can_be_called(approve: Callable[..., Any]) -> Callable[..., Any]:
    Approver.of(approve)
    return approve


Approve: TypeAlias = Annotated[Callable[..., Awaitable[bool] | bool], AfterValidator(_that_can_be_called)]
"""Is asked with a model's id and the parameters, before a task is created. Only `True` approves; it may be async.

If one of its parameters is called `call_id`, it is given the id of the model's tool call; `None` where there is none.
"""


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
