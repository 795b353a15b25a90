"""Forced tool calls, where a model's provider would refuse them.

Frameworks force calls for structured output, whatever the model is set to: LangChain's `create_agent`, LlamaIndex's
programs. Refused, the whole run would fail; asked freely, a model that is given one tool and told what it is for mostly
calls it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

from seacloud_client.conversation import Request, ToolChoice
from seacloud_client.models import facts_of


def softened(request: Request) -> Request:
    """The request with a forced tool call made a free one, with a warning, where the provider would refuse it."""
    choice = request.tool_choice
    if choice is None or choice.mode not in ("required", "tool"):
        return request
    reason = next(_reasons_against_force(request), None)
    if reason is None:
        return request
    warnings.warn(
        f"tool_choice demands a tool call, which {request.model} refuses {reason}: it is asked with tool_choice='auto' "
        "instead, and may answer without a call.",
        stacklevel=3,
    )
    return replace(request, tool_choice=ToolChoice("auto"))


def _reasons_against_force(request: Request) -> Iterator[str]:
    facts = facts_of(request.model)
    if facts.tool_choice is False:
        yield "always"
    # Anthropic's guide "Extended thinking" and DeepSeek's "Thinking mode": no forced tool choice while it thinks.
    if (request.thinking or {}).get("type") in ("enabled", "adaptive"):
        yield "while it thinks; thinking is on"
    # An effort makes a model that is known to think in this way do it.
    if request.thinking is None and facts.thinking is not None:
        effort = request.reasoning_effort or (request.reasoning or {}).get("effort")
        if effort not in (None, "none"):
            yield "while it thinks; reasoning_effort is set"
