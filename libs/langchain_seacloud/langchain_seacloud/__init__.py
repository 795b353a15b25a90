"""SeaCloud for LangChain: chat models over three protocols, and tools that generate media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_seacloud._version import __version__
from langchain_seacloud.chat_models import ChatSeaCloud

if TYPE_CHECKING:
    from langchain_seacloud.tools import SeaCloudGenerationTool, SeaCloudToolkit

__all__ = ["ChatSeaCloud", "SeaCloudGenerationTool", "SeaCloudToolkit", "__version__"]


def __getattr__(name: str) -> Any:
    # The tools need the queue; who only chats does not wait for its import.
    if name in ("SeaCloudGenerationTool", "SeaCloudToolkit"):
        from langchain_seacloud import tools  # noqa: PLC0415

        return getattr(tools, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
