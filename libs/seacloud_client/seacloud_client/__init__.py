"""SeaCloud's models without a framework: chat over three protocols, and the asynchronous media queue.

    from seacloud_client import Chat, Queue

    Chat("gpt-4.1").reply("Hello").text
    Queue().run("nano_banana_2", {"prompt": "a cat"}).outputs[0].save("pictures")

The names here are loaded when they are first used: importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from seacloud_client._version import __version__

if TYPE_CHECKING:
    from seacloud_client.catalogue import Catalogue
    from seacloud_client.chat import ChatClient
    from seacloud_client.contracts import Contract
    from seacloud_client.conversation import (
        Audio,
        File,
        Finish,
        Image,
        JsonOutput,
        Message,
        OutputSchema,
        Reply,
        Request,
        Text,
        Tool,
        ToolCall,
        ToolChoice,
        ToolResult,
        Usage,
        Video,
        system,
        user,
    )
    from seacloud_client.errors import APIError, SeaCloudError, TransportError
    from seacloud_client.queue import Queue
    from seacloud_client.simple_chat import AsyncReplyStream, Chat, ReplyStream

__all__ = [
    "APIError",
    "AsyncReplyStream",
    "Audio",
    "Catalogue",
    "Chat",
    "ChatClient",
    "Contract",
    "File",
    "Finish",
    "Image",
    "JsonOutput",
    "Message",
    "OutputSchema",
    "Queue",
    "Reply",
    "ReplyStream",
    "Request",
    "SeaCloudError",
    "Text",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "TransportError",
    "Usage",
    "Video",
    "__version__",
    "system",
    "user",
]

_MODULES = {
    "catalogue": ("Catalogue",),
    "chat": ("ChatClient",),
    "contracts": ("Contract",),
    "conversation": (
        *("Audio", "File", "Finish", "Image", "JsonOutput", "Message", "OutputSchema", "Reply", "Request", "Text"),
        *("Tool", "ToolCall", "ToolChoice", "ToolResult", "Usage", "Video", "system", "user"),
    ),
    "errors": ("APIError", "SeaCloudError", "TransportError"),
    "queue": ("Queue",),
    "simple_chat": ("AsyncReplyStream", "Chat", "ReplyStream"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
