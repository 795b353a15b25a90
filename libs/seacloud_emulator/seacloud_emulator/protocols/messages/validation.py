"""What a Messages request must be, apart from its messages and its tools.

The rules are those of Anthropic's public reference and guides, and the messages resemble its own. They hold without
the extra `strict`, which checks every field's type besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seacloud_emulator.protocols.bodies import Body, Ranges, check_ranges, check_types
from seacloud_emulator.protocols.messages import models
from seacloud_emulator.protocols.messages.blocks import check_cache_control, check_nonempty_text, need
from seacloud_emulator.protocols.messages.tools import check_tools
from seacloud_emulator.protocols.messages.turns import Turn, all_blocks, check_messages
from seacloud_emulator.protocols.schema_rules import closed_problem, schema_problem
from seacloud_emulator.refusals import invalid_messages

EFFORTS = ("low", "medium", "high", "xhigh", "max")

MOST_MARKS = 4
"""How many marks for the cache a request may have."""

LEAST_BUDGET = 1024
LEAST_TOP_P_WITH_THINKING = 0.95

THINKING = ("enabled", "disabled", "adaptive", "between_tools")

_NAMES = frozenset(
    (
        *("max_tokens", "messages", "model", "cache_control", "container", "diagnostics", "inference_geo", "metadata"),
        *("output_config", "service_tier", "speed", "stop_sequences", "stream", "system", "temperature", "thinking"),
        *("tool_choice", "tools", "top_k", "top_p", "user_profile_id", "workspace_id"),
        *("billing_policy", "compaction", "context_management", "fallback_credit_token", "fallbacks", "mcp_servers"),
        *("output_format", "thread"),
    )
)
"""The fields of a request (anthropic 2.12, `message_create_params`, and the betas' in the last two lines).
`temperature`, `top_p` and `top_k` are no longer in the types, but in the reference and in use with earlier models."""

_TYPES: Mapping[str, type] = {
    "stream": bool,
    "metadata": dict,
    "output_config": dict,
    "output_format": dict,
    "stop_sequences": list,
    "thinking": dict,
    "service_tier": str,
}

_RANGES: Ranges = {
    "max_tokens": (1, 10**7, (int,)),
    "temperature": (0, 1, (int, float)),
    "top_p": (0, 1, (int, float)),
    "top_k": (0, 10**6, (int,)),
}


def check_request(body: Any) -> list[Turn]:
    """The turns of a request, if the protocol allows it.

    Raises:
        Refusal: 400 with Anthropic's error object, which names the field.
    """
    if not isinstance(body, dict):
        raise invalid_messages("Input should be a valid dictionary")
    for name in ("model", "max_tokens"):
        if body.get(name) is None:
            raise invalid_messages("Field required", name)
    if not isinstance(body["model"], str) or not body["model"].strip():
        raise invalid_messages("String should have at least 1 character", "model")
    for name in body:
        if name not in _NAMES:
            raise invalid_messages("Extra inputs are not permitted", name)
    check_types(body, _TYPES, invalid_messages)
    check_ranges(body, _RANGES, invalid_messages)
    for check in _CHECKS:
        check(body)
    turns = check_messages(body)
    _check_marks(body, turns)
    _check_citations(body, turns)
    return turns


def _check_system(body: Body) -> None:
    system = body.get("system")
    if system is None or isinstance(system, str):
        return
    if not isinstance(system, list):
        raise invalid_messages("Input should be a valid list", "system")
    for place, block in enumerate(system):
        where = f"system.{place}"
        if not isinstance(block, dict) or block.get("type") != "text":
            raise invalid_messages("Input should be 'text'", f"{where}.type")
        check_cache_control(block, where)
        check_nonempty_text(need(block, "text", str, where), "system")


def _check_stop(body: Body) -> None:
    for place, text in enumerate(body.get("stop_sequences") or ()):
        if not isinstance(text, str):
            raise invalid_messages("Input should be a valid string", f"stop_sequences.{place}")
        if not text.strip():
            raise invalid_messages("each stop sequence must contain non-whitespace", "stop_sequences")


def _check_sampling(body: Body) -> None:
    model = body["model"]
    for name, usual in (("temperature", 1), ("top_p", 1), ("top_k", None)):
        if body.get(name) not in (None, usual) and not models.takes_sampling(model):
            raise invalid_messages(f"`{name}` is deprecated for this model.")
    both = body.get("temperature") is not None and body.get("top_p") is not None
    if both and not models.takes_both_samplings(model):
        raise invalid_messages(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )


def _check_thinking(body: Body) -> None:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type")
    if kind not in THINKING:
        expected = ", ".join(f"'{name}'" for name in THINKING)
        message = f"Input tag {kind!r} found using 'type' does not match any of the expected tags: {expected}"
        raise invalid_messages(message, "thinking")
    if thinking.get("display") not in (None, "summarized", "omitted"):
        raise invalid_messages("Input should be 'summarized' or 'omitted'", f"thinking.{kind}.display")
    if kind == "disabled":
        return
    if kind == "enabled":
        _check_budget(thinking, body)
    if kind == "adaptive" and not models.takes_adaptive(body["model"]):
        raise invalid_messages("adaptive thinking is not supported on this model")
    for problem in _thinking_conflicts(body):
        raise invalid_messages(problem)


def _check_budget(thinking: Body, body: Body) -> None:
    if not models.takes_budget(body["model"]):
        raise invalid_messages(
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    budget = need(thinking, "budget_tokens", int, "thinking.enabled")
    if budget < LEAST_BUDGET:
        message = f"Input should be greater than or equal to {LEAST_BUDGET}"
        raise invalid_messages(message, "thinking.enabled.budget_tokens")
    if budget >= body["max_tokens"]:
        raise invalid_messages("`max_tokens` must be greater than `thinking.budget_tokens`.")


def _thinking_conflicts(body: Body) -> Iterator[str]:
    """What cannot be together with thinking."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") in ("any", "tool"):
        yield "Thinking may not be enabled when tool_choice forces tool use."
    if body.get("temperature") not in (None, 1):
        yield "`temperature` may only be set to 1 when thinking is enabled."
    if body.get("top_p") is not None and body["top_p"] < LEAST_TOP_P_WITH_THINKING:
        yield "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
    if body.get("top_k") is not None:
        yield "`top_k` must be unset when thinking is enabled."


def output_format(body: Body) -> Body | None:
    """The format that the answer must have: `output_config.format`, or `output_format`, which came before it."""
    return (body.get("output_config") or {}).get("format") or body.get("output_format")


def _check_output(body: Body) -> None:
    effort = (body.get("output_config") or {}).get("effort")
    if effort is not None:
        _check_effort(effort, body["model"])
    wanted = output_format(body)
    if wanted is None:
        return
    where = "output_config.format"
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        raise invalid_messages("Input should be 'json_schema'", f"{where}.type")
    schema = need(wanted, "schema", dict, where)
    problem = schema_problem(schema) or closed_problem(schema)
    if problem is not None:
        raise invalid_messages(problem, f"{where}.schema")


def _check_effort(effort: Any, model: str) -> None:
    if effort not in EFFORTS:
        raise invalid_messages(f"Input should be {', '.join(map(repr, EFFORTS))}", "output_config.effort")
    known = models.efforts_of(model, EFFORTS)
    if not known:
        raise invalid_messages("This model does not support the effort parameter.")
    if effort not in known:
        supported = ", ".join(sorted(known))
        raise invalid_messages(f"This model does not support effort level '{effort}'. Supported levels: {supported}.")


_CHECKS: tuple[Callable[[Body], None], ...] = (
    _check_system,
    _check_stop,
    check_tools,
    _check_thinking,
    _check_sampling,
    _check_output,
)


def marks(body: Body, turns: list[Turn]) -> list[str]:
    """How long what is marked for the cache is kept (`5m` or `1h`), for each mark in the order of the prompt."""
    system = body.get("system")
    places: list[Any] = [*(body.get("tools") or ()), *(system if isinstance(system, list) else ())]
    for turn in turns:
        for _, block in turn.blocks:
            content = block.get("content")
            places += [block, *(content if isinstance(content, list) else ())]
    places.append(body)
    found = [place["cache_control"] for place in places if isinstance(place, dict) and place.get("cache_control")]
    return [mark.get("ttl") or "5m" for mark in found]


def _check_marks(body: Body, turns: list[Turn]) -> None:
    check_cache_control({"cache_control": body.get("cache_control")}, "request")
    found = marks(body, turns)
    if len(found) > MOST_MARKS:
        raise invalid_messages(
            f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {len(found)}."
        )
    if "5m" in found and "1h" in found[found.index("5m") :]:
        raise invalid_messages("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")


def _check_citations(body: Body, turns: list[Turn]) -> None:
    wants = [_cites(block) for block in all_blocks(turns) if block["type"] in ("document", "search_result")]
    if any(wants) and not all(wants):
        raise invalid_messages("citations must be enabled on all or none of the documents within a request", "messages")
    if any(wants) and output_format(body) is not None:
        raise invalid_messages("Citations cannot be used together with structured output.", "output_config.format")


def _cites(block: Body) -> bool:
    citations = block.get("citations")
    return isinstance(citations, dict) and citations.get("enabled") is True
