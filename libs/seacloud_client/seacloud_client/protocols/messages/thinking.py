"""How much a model thinks: Messages' `thinking` and `output_config.effort`, from the field's standard names.

`thinking` is sent as the caller gives it. Where only an effort is given (`reasoning_effort`, or the effort in
Responses' `reasoning`), the facts of the model say what it becomes:

- a model that decides by itself how much to think gets `{"type": "adaptive"}` and the word;
- one that thinks by a budget gets the tokens that stand for the word, three quarters of `max_tokens` at most, so that
  some are left for the answer; and the word too, if it knows words;
- one of which nothing is known gets the word alone.

`none` turns thinking off, and `minimal`, which is OpenAI's, is `low`. A summary asked for in `reasoning` asks for
readable thoughts (`display`), which the newest models else leave out.

To the service a loop of tool calls and their results is one turn, and thinking is on or off for the whole of it
(Anthropic's guide "Thinking"). So a loop that began without thoughts (on another protocol, say) goes on without, and a
loop that goes on without is sent without the thoughts that it began with: the service refuses anything else. The next
turn of the user's thinks again.

While a model thinks, the service takes no forced tool call, no other temperature than 1, no `top_k`, and no `top_p`
below 0.95 (Anthropic's guide "Extended thinking"): each is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from seacloud_client.conversation import Request
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts
from seacloud_client.protocols.encoding import Json
from seacloud_client.protocols.messages.content import THOUGHTS

BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 16_384, "xhigh": 32_768, "max": 32_768}
SMALLEST_BUDGET = 1_024
"""Anthropic's reference: `budget_tokens` is at least 1,024 and less than `max_tokens`."""

ADAPTIVE_ROOM = 16_384
"""Tokens that a default `max_tokens` leaves for thoughts whose budget the model sets itself."""

_ON = ("enabled", "adaptive")


def effort_word(request: Request, facts: ModelFacts) -> str | None:
    """The word for `output_config.effort`, if there is one to send.

    Raises:
        InvalidInputError: if `reasoning` holds what only Responses knows.
    """
    effort = _effort(request)
    if effort in (None, "none") or (facts.thinking == "budget" and not facts.reasoning_efforts):
        return None
    return "low" if effort == "minimal" else effort


def thinking_field(request: Request, facts: ModelFacts) -> Json | None:
    """The field `thinking`, if there is anything to say.

    Raises:
        InvalidInputError: if `max_tokens` leaves no room for the thinking that is asked for.
    """
    if request.thinking is not None:
        return dict(request.thinking)
    effort = _effort(request)
    if effort == "none":
        return {"type": "disabled"}
    if effort is None or facts.thinking is None:
        return None
    display = {"display": "summarized"} if request.reasoning and request.reasoning.get("summary") else {}
    if facts.thinking == "adaptive":
        return {"type": "adaptive", **display}
    return {"type": "enabled", "budget_tokens": _budget(effort, request.max_tokens), **display}


def room(thinking: Any) -> int:
    """The tokens that a default `max_tokens` should leave for thoughts."""
    if not is_on(thinking):
        return 0
    budget = thinking.get("budget_tokens")
    return budget if isinstance(budget, int) else ADAPTIVE_ROOM


def is_on(thinking: Any) -> bool:
    """Whether a field `thinking` makes the model think."""
    return isinstance(thinking, Mapping) and thinking.get("type") in _ON


def is_taken(thinking: Any, turns: Sequence[Json]) -> bool:
    """Whether the service takes a field `thinking` with these turns.

    With a budget, the open loop begins with thoughts, as Anthropic's API says; what it thinks later on is its own
    affair.
    """
    if not isinstance(thinking, Mapping) or thinking.get("type") != "enabled":
        return True
    loop = _open_loop(turns, any)
    return not loop or loop[0]["content"][0].get("type") in THOUGHTS


def leave_out_refused_thoughts(thinking: Any, turns: Sequence[Json], facts: ModelFacts) -> None:
    """Takes the thoughts out of the open loop, in place, if the service refuses them there.

    Anthropic's API does while thinking is off. Left alone are other vendors' models, which may want thoughts back
    unasked, and Claude models that think by themselves how much, of which some do so unasked too.
    """
    unasked = thinking is None and facts.thinking != "adaptive"
    is_off = unasked or (isinstance(thinking, Mapping) and thinking.get("type") == "disabled")
    if is_off and facts.vendor == "anthropic":
        for turn in _open_loop(turns, all):
            turn["content"] = [block for block in turn["content"] if block.get("type") not in THOUGHTS]


def _open_loop(turns: Sequence[Json], is_answer: Callable[[Iterable[bool]], bool]) -> list[Json]:
    """The assistant's turns since the user last spoke, if the last turn of all brings results or is the assistant's.

    What the user says beside the last results begins a new loop, as Anthropic's guide has it; but the check of its
    beginning looks at the last calls and results, whatever follows. So `is_answer` says whether all of the last turn's
    blocks must be results, or any.
    """
    said = [turn for turn in turns if turn["role"] != "system"]
    if said and said[-1]["role"] == "user" and not is_answer(_are_results(said.pop())):
        return []
    loop: list[Json] = []
    for turn in reversed(said):
        if turn["role"] == "assistant":
            loop.append(turn)
        elif not all(_are_results(turn)):
            break
    return loop[::-1]


def _are_results(turn: Json) -> Iterator[bool]:
    return (block.get("type") == "tool_result" for block in turn["content"])


def refuse_what_thinking_forbids(body: Json) -> None:
    """Checks a body.

    Raises:
        InvalidInputError: if it asks for thinking and for something that does not go with it.
    """
    if is_on(body.get("thinking")):
        for name, (is_forbidden, advice) in _FORBIDDEN.items():
            if name in body and is_forbidden(body[name]):
                raise InvalidInputError(
                    f"{advice} while the model thinks; got {name}={body[name]!r}. Change it, or leave thinking and "
                    "reasoning_effort out. Nothing was sent."
                )


_FORBIDDEN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "tool_choice": (
        lambda choice: choice.get("type") in ("any", "tool"),
        "Messages takes only tool_choice 'auto' or 'none', and forces no tool for the sake of JSON,",
    ),
    "temperature": (lambda value: value != 1, "Messages takes a temperature of 1 alone"),
    "top_k": (lambda _: True, "Messages takes no top_k"),
    "top_p": (lambda value: value < 0.95, "Messages takes a top_p from 0.95 to 1 alone"),
}


def _effort(request: Request) -> str | None:
    if request.reasoning_effort is not None or request.reasoning is None:
        return request.reasoning_effort
    strange = set(request.reasoning) - {"effort", "summary"}
    if strange:
        raise InvalidInputError(
            f"Messages knows only the effort of reasoning, not {sorted(strange)}: pass thinking={{...}}, or use "
            "protocol='responses'. Nothing was sent."
        )
    effort = request.reasoning.get("effort")
    return None if effort is None else str(effort)


def _budget(effort: str, max_tokens: int | None) -> int:
    budget = BUDGETS.get(effort, BUDGETS["medium"])
    if max_tokens is None:
        return budget
    if max_tokens <= SMALLEST_BUDGET:
        raise InvalidInputError(
            f"This model thinks with a budget of {SMALLEST_BUDGET} tokens or more, which max_tokens={max_tokens} does "
            "not leave: raise max_tokens, or leave reasoning_effort out. Nothing was sent."
        )
    return max(SMALLEST_BUDGET, min(budget, max_tokens * 3 // 4))
