"""The wire protocols, by name, and the choice among them.

A protocol is imported when it is first used. To add one: write its module, and add its line to `_MODULES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeAlias, cast, get_args

from seacloud_client.conversation import Protocol
from seacloud_client.errors import ConfigurationError
from seacloud_client.models import facts_of
from seacloud_client.protocols.base import StreamDecoder, WireProtocol

__all__ = ["MessagesPath", "ProtocolChoice", "StreamDecoder", "WireProtocol", "choose", "get_protocol", "spoken"]

ProtocolChoice: TypeAlias = Literal["auto", "chat_completions", "responses", "messages"]
"""How a caller names a protocol; `auto` leaves it to the facts of the model."""

MessagesPath: TypeAlias = Literal["/v1/messages", "/anthropic/v1/messages"]
"""The service serves Messages at two paths (seed document); they mean the same."""

_MODULES: Mapping[Protocol, str] = {
    "chat_completions": "seacloud_client.protocols.chat_completions",
    "messages": "seacloud_client.protocols.messages",
    "responses": "seacloud_client.protocols.responses",
}


def spoken() -> tuple[Protocol, ...]:
    """The names of the protocols, all of which this version speaks."""
    return tuple(_MODULES)


def choose(model: str, protocol: ProtocolChoice = "auto") -> Protocol:
    """The protocol to speak with a model.

    Raises:
        ConfigurationError: if there is no protocol of that name.
    """
    if protocol == "auto":
        return facts_of(model).protocol
    return _known(protocol)


@lru_cache(maxsize=8)
def get_protocol(name: Protocol) -> WireProtocol:
    """The protocol of that name.

    Raises:
        ConfigurationError: if there is none.
    """
    return cast("WireProtocol", importlib.import_module(_MODULES[_known(name)]).PROTOCOL)


def _known(name: Protocol) -> Protocol:
    if name not in _MODULES:
        names = ", ".join(repr(choice) for choice in get_args(ProtocolChoice))
        raise ConfigurationError(f"protocol must be one of {names}; got {name!r}. Nothing was sent.")
    return name
