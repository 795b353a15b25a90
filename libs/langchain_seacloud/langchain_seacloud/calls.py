"""The arguments of tool calls as LangChain has them: parsed, and kept as text where they do not parse.

langchain-core completes arguments that break off (a reply that met its limit) when it adds up chunks: `{"text": "half`
becomes a valid call with half the text, and an agent would make it. Its v3 events fail on arguments that are JSON but
no object. `closing` prevents both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from langchain_core.messages import InvalidToolCall
from langchain_core.messages import ToolCall as LangChainToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.utils.json import parse_partial_json
from seacloud_client.conversation import ToolCall
from seacloud_client.parts import parse_arguments

CALL_FACTS = "tool_call_facts"
"""Where, in `additional_kwargs`, a reply keeps what LangChain's tool calls have no place for, by the call's id: `kind`,
`item_id` and `extras` of the call; `before`, the number of the content block that it stands before, where it is not
behind them all; of a call whose arguments do not parse its `number` among all calls, since LangChain keeps it apart,
and the `length` of the arguments, since something may have been added to them."""

CUSTOM_START, CUSTOM_END = '{"input": "', '"}'
"""Around a custom tool's free text, in langchain-core's form of it: an object with the field `input`."""

_CLOSINGS = ("", "]", "}", '"]', '"}', '""]', '""}')


class OpenCall:
    """A call whose arguments are still coming."""

    __slots__ = ("_fragments", "_number", "id", "kind")

    def __init__(self, call: ToolCall, number: int) -> None:
        self.id = call.id
        self.kind = call.kind
        self._number = number
        self._fragments = [call.arguments]

    def add(self, fragment: str) -> str:
        """Notes a fragment, and gives it as LangChain has it."""
        self._fragments.append(fragment)
        return escaped(fragment) if self.kind == "custom" else fragment

    def begin(self) -> str:
        """The beginning of the arguments as LangChain has it."""
        first = self._fragments[0]
        return CUSTOM_START + escaped(first) if self.kind == "custom" else first

    def end(self) -> tuple[str, dict[str, int]]:
        """What has to come behind the arguments, and facts of a call whose arguments do not parse."""
        if self.kind == "custom":
            return CUSTOM_END, {}
        arguments = "".join(self._fragments)
        try:
            parse_arguments(arguments)
        except ValueError:
            return closing(arguments), {"number": self._number, "length": len(arguments)}
        return "", {}


def escaped(text: str) -> str:
    """A piece of text as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def closing(arguments: str) -> str:
    """What makes arguments that do not parse invalid for langchain-core too: a wrong bracket, if need be."""
    return next((end for end in _CLOSINGS if _is_invalid(arguments + end)), "")


def _is_invalid(arguments: str) -> bool:
    """Whether neither langchain-core's reading of chunks nor that of v3 events, which takes any JSON, takes them."""
    try:
        return parse_partial_json(arguments) is None and not _is_json(arguments)
    except (ValueError, RecursionError):
        return True


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def parse_calls(calls: Iterable[ToolCall]) -> tuple[list[LangChainToolCall], list[InvalidToolCall]]:
    """Tool calls with their arguments parsed, and those whose arguments do not parse, with their text."""
    valid: list[LangChainToolCall] = []
    invalid: list[InvalidToolCall] = []
    for call in calls:
        if call.kind == "custom":
            valid.append(tool_call(name=call.name, args={"input": call.arguments}, id=call.id))
            continue
        try:
            valid.append(tool_call(name=call.name, args=parse_arguments(call.arguments), id=call.id))
        except ValueError as error:
            invalid.append(invalid_tool_call(name=call.name, args=call.arguments, id=call.id, error=str(error)))
    return valid, invalid
