"""Making `init_chat_model("seacloud:gpt-4.1")` and `create_agent("seacloud:...")` work.

langchain's table of providers is closed: it has no entry points and no function to add one. So `register` writes into
that table, which is private (`langchain.chat_models.base._BUILTIN_PROVIDERS`). It happens only when you call it, never
on import; deepagents calls it too, since it is this package's entry point in `deepagents.provider_profiles`. Passing an
instance of `ChatSeaCloud` needs none of this, everywhere that a model's name is taken.
"""

from __future__ import annotations

from typing import Any

from seacloud_client.errors import ConfigurationError

NAME = "seacloud"
_ENTRY = ("langchain_seacloud", "ChatSeaCloud")


def register() -> None:
    """Adds `seacloud` to langchain's table of providers, in this process. Doing it again changes nothing.

    Raises:
        ConfigurationError: if langchain is not installed, has another table than this version knows, or has a provider
            of that name from someone else.
    """
    table = _table()
    known = table.get(NAME)
    if known is not None and known[:2] != _ENTRY:
        raise ConfigurationError(
            f"langchain already has a provider {NAME!r}, which is not this package's: {known[:2]}. Pass an instance of "
            "ChatSeaCloud instead of a name."
        )
    table[NAME] = (*_ENTRY, _create)


def unregister() -> None:
    """Takes `seacloud` out of the table again, if `register` put it there.

    Raises:
        ConfigurationError: as `register` does.
    """
    table = _table()
    if table.get(NAME, ())[:2] == _ENTRY:
        del table[NAME]
        _forget_creators()


def _create(cls: Any, **kwargs: Any) -> Any:
    return cls(**kwargs)


def _table() -> dict[str, Any]:
    """The table, if it is as this version knows it."""
    try:
        from langchain.chat_models import base  # noqa: PLC0415  # langchain is not a dependency
    except ImportError:
        raise ConfigurationError(
            "register() is for langchain, which is not installed: pip install langchain."
        ) from None
    table = getattr(base, "_BUILTIN_PROVIDERS", None)
    entries = list(table.values()) if isinstance(table, dict) else []
    if not entries or not all(_is_entry(entry) for entry in entries):
        raise ConfigurationError(
            "This langchain keeps its providers otherwise than langchain 1.4, so 'seacloud:...' cannot be added: pass "
            "an instance of ChatSeaCloud instead of a name."
        )
    return table  # type: ignore[return-value]  # it was found to be a dict


def _is_entry(entry: object) -> bool:
    """Whether an entry of the table is a module's name, a class's name and a function that makes one."""
    return isinstance(entry, tuple) and [*map(type, entry[:2])] == [str, str] and len(entry) == 3 and callable(entry[2])


def _forget_creators() -> None:
    """Makes langchain forget the makers that it has used: with them, a name would work after `unregister`."""
    from langchain.chat_models import base  # noqa: PLC0415  # langchain is not a dependency

    forget = getattr(getattr(base, "_get_chat_model_creator", None), "cache_clear", None)
    if forget is not None:
        forget()
