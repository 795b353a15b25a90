"""SeaCloud for LangChain: chat models over three protocols, and tools that generate media."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_seacloud._version import __version__
from langchain_seacloud.chat_models import ChatSeaCloud

if TYPE_CHECKING:
    from seacloud_client.media_tools.journal import TaskJournal

    from langchain_seacloud.registry import register, unregister
    from langchain_seacloud.toolkit import SeaCloudToolkit
    from langchain_seacloud.tools import SeaCloudGenerationTool

__all__ = [
    "ChatSeaCloud",
    "SeaCloudGenerationTool",
    "SeaCloudToolkit",
    "TaskJournal",
    "__version__",
    "register",
    "unregister",
]

_LAZY: Mapping[str, str] = {
    "SeaCloudGenerationTool": "langchain_seacloud.tools",
    "SeaCloudToolkit": "langchain_seacloud.toolkit",
    "TaskJournal": "seacloud_client.media_tools.journal",
    "register": "langchain_seacloud.registry",
    "unregister": "langchain_seacloud.registry",
}
"""Names whose modules are imported when they are first used: the tools need the queue, and who only chats does not."""


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
