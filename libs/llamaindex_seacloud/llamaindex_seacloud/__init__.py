"""SeaCloud for LlamaIndex: an LLM over three protocols, and tools that generate media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llamaindex_seacloud._version import __version__
from llamaindex_seacloud.llm import SeaCloud

if TYPE_CHECKING:
    from llamaindex_seacloud.tool_spec import SeaCloudGenerated, SeaCloudProgress, SeaCloudToolSpec, TaskJournal

__all__ = ["SeaCloud", "SeaCloudGenerated", "SeaCloudProgress", "SeaCloudToolSpec", "TaskJournal", "__version__"]

_OF_TOOLS = frozenset(("SeaCloudGenerated", "SeaCloudProgress", "SeaCloudToolSpec", "TaskJournal"))


def __getattr__(name: str) -> Any:
    # The tools need the queue; who only chats does not wait for its import.
    if name in _OF_TOOLS:
        from llamaindex_seacloud import tool_spec  # noqa: PLC0415

        return getattr(tool_spec, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
