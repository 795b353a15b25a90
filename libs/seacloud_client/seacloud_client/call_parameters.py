"""What a framework's call asks for, from the model's own parameters and the call's, as those of a `Request`."""

from __future__ import annotations

import warnings
from collections.abc import Container, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from typing import Any

from seacloud_client.conversation import Request

OTHER_NAMES: Mapping[str, str] = {
    "model_name": "model",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "stop_sequences": "stop",
}
"""Names that users of other packages give to the same parameters."""

_READ_BY_ADAPTERS = frozenset(("model", "messages", "tools", "tool_choice", "output", "response_format"))
_ADDED_UP = frozenset(("extra_headers", "extra_query", "extra_body"))
_TUPLES = ("modalities", "include")

CALL_PARAMS = frozenset(field.name for field in dataclass_fields(Request)) - _READ_BY_ADAPTERS - _ADDED_UP
"""Parameters of a request that a call may have, and that are handed on as they are."""

FIELD_PARAMS = CALL_PARAMS - {"metadata"}
"""Parameters of a request that a model may have as fields too: its own `metadata` is a framework's."""

KNOWN_PARAMS = CALL_PARAMS | _READ_BY_ADAPTERS | _ADDED_UP
"""All names that mean something in a call."""


BODY_FIELDS = frozenset(
    (
        # Chat Completions
        "function_call",
        "functions",
        "moderation",
        "prompt_cache_options",
        "prompt_cache_retention",
        "stream_options",
        "web_search_options",
        # Responses
        "access_programs",
        "background",
        "background_options",
        "context_management",
        "conversation",
        "image",
        "instructions",
        "max_tool_calls",
        "prompt",
        "text",
        # Messages, its beta fields too
        "billing_policy",
        "compaction",
        "container",
        "diagnostics",
        "fallback_credit_token",
        "fallbacks",
        "inference_geo",
        "mcp_servers",
        "output_config",
        "speed",
        "system",
        "thread",
        "user_profile_id",
        "workspace_id",
    )
)
"""Fields of the three protocols' bodies that have no name here, from OpenAI's and Anthropic's references."""

_MEANT = KNOWN_PARAMS | BODY_FIELDS | OTHER_NAMES.keys()


def by_own_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """A call's parameters by the names that they have here."""
    return {OTHER_NAMES.get(name, name): value for name, value in given.items()}


def not_known(given: Mapping[str, Any], meant: Container[str] = ()) -> dict[str, Any]:
    """Those of the parameters that mean nothing here, and are no field of a body either: misspelt, or a gateway's own.

    Args:
        given: the parameters.
        meant: names that were said to be meant.
    """
    if _MEANT.issuperset(given):
        return {}
    return {name: value for name, value in given.items() if name not in _MEANT and name not in meant}


def tell_of_unknown_in_call(unknown: Mapping[str, Any], *, of: str) -> None:
    """Warns of a call's parameters that are not known, and are sent all the same: the service may know them.

    Frameworks' code is between the caller and this, so that no line of the caller's can be named.
    """
    warnings.warn(
        f"{', '.join(map(repr, unknown))}: not parameters of a call of {of}, so they go into the request's body as "
        "they are. Pass extra_body={...} to say that this is meant.",
        stacklevel=3,
    )


def call_parameters(
    fields: Mapping[str, Any], given: Mapping[str, Any], *, stop: Sequence[str] | str | None = None
) -> dict[str, Any]:
    """The arguments of a `Request`, but for what a framework has in a form of its own: model, messages, tools, output.

    Args:
        fields: the model's own parameters, and its `default_query` and `extra_body`; others are left out.
        given: those of the call, by their own names. They win; one that is not known goes into the body as it is, and
            `extra_body` wins over all.
        stop: texts at which the answer ends; by default those among the parameters.
    """
    params = {name: fields[name] for name in FIELD_PARAMS if fields.get(name) is not None}
    params.update({name: value for name, value in given.items() if name in CALL_PARAMS})
    stops = stop or params.get("stop") or ()
    params["stop"] = (stops,) if isinstance(stops, str) else tuple(stops)
    params.update({name: tuple(params[name] or ()) for name in _TUPLES if name in params})
    return {
        **params,
        "extra_headers": dict(given.get("extra_headers") or {}) or None,
        "extra_query": {**(fields.get("default_query") or {}), **(given.get("extra_query") or {})} or None,
        "extra_body": {
            **(fields.get("extra_body") or {}),
            **{name: value for name, value in given.items() if name not in KNOWN_PARAMS},
            **(given.get("extra_body") or {}),
        },
    }
