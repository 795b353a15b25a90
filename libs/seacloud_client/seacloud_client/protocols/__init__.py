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

__all__ = ["ProtocolChoice", "StreamDecoder", "WireProtocol", "choose", "get_protocol"]

ProtocolChoice: TypeAlias = Literal["auto", "chat_completions", "responses", "messages"]
"""How a caller names a protocol; `auto` leaves it to the facts of the model."""

_MODULES: Mapping[str, str] = {
    "chat_completions": "seacloud_client.protocols.chat_completions",
}


def choose(model: str, protocol: ProtocolChoice = "auto") -> Protocol:
    """The protocol to speak with a model.

    Raises:
        ConfigurationError: if there is no protocol of that name.
    """
    if protocol == "auto":
        return facts_of(model).protocol
    if protocol not in get_args(ProtocolChoice):
        names = ", ".join(repr(name) for name in get_args(ProtocolChoice))
        raise ConfigurationError(f"protocol must be one of {names}; got {protocol!r}.")
    return protocol


@lru_cache(maxsize=8)
def get_protocol(name: Protocol) -> WireProtocol:
    """The protocol of that name.

    Raises:
        ConfigurationError: if this version does not speak it.
    """
    module = _MODULES.get(name)
    if module is None:
        spoken = ", ".join(repr(known) for known in _MODULES)
        raise ConfigurationError(
            f"The protocol {name!r} is not there yet: this version speaks {spoken}. Pass one of them as protocol."
        )
    return cast("WireProtocol", importlib.import_module(module).PROTOCOL)
