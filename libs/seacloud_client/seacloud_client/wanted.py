"""What a provider wants back with the assistant's message, besides its parts: the extras of a reply tell it."""

from __future__ import annotations

from collections.abc import Mapping

from seacloud_client.parts import Extras

_WANTED_BACK = ("extra_content", "thinking_blocks")


def wanted_back(extras: Extras | None) -> Extras | None:
    """Of a choice's extras, the fields of the wire's message that its provider wants back with the message.

    They are sealed thoughts, and stand in the message's `extras`: `seacloud_client.protocols.chat_completions.sealed`
    says whose.
    """
    message = extras.get("message") if extras else None
    if not isinstance(message, Mapping):
        return None
    return {name: message[name] for name in _WANTED_BACK if message.get(name)} or None


def container_id(extras: Extras | None) -> str | None:
    """The id of the container that a reply's extras tell of (Messages), which stands in the message's `container`."""
    container = extras.get("container") if extras else None
    found = container.get("id") if isinstance(container, Mapping) else None
    return found if isinstance(found, str) and found else None
