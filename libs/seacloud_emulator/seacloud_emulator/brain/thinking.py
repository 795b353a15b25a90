"""The brain: what is answered to a question. The same question always has the same answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from seacloud_emulator.brain import orders, tokens
from seacloud_emulator.brain.arguments import arguments, free_text, structured
from seacloud_emulator.brain.attachments import in_words
from seacloud_emulator.brain.choosing import asked_for, best, evidence
from seacloud_emulator.brain.question import Answer, Call, Question, Search, Tool, Turn
from seacloud_emulator.brain.quoting import Passage, search_for
from seacloud_emulator.brain.source import PLACE, Source, focus_of
from seacloud_emulator.brain.told import schema_in_prompt, schema_that_is_told, without_words_on_json
from seacloud_emulator.brain.words import names

QUOTED_AT_MOST = 600
"""Characters of a message or a tool's result that an answer quotes."""

REFUSAL = "I cannot help with that: the message told the emulator to refuse."


def answers(question: Question) -> list[Answer]:
    """All answers to a question: as many as it wants, and no two alike."""
    return [_limited(_answer(question, number), question) for number in range(question.choices)]


def _answer(question: Question, number: int) -> Answer:
    reasoning = _reasoning(question) if question.reasoning else ""
    if orders.ordered(question, orders.REFUSE):
        return Answer(REFUSAL, (), reasoning, "refused")
    search = search_for(question)
    calls = _calls(question)
    if calls:
        return Answer(None, tuple(calls), reasoning, "tool_calls", search=search)
    if search is not None and orders.ordered(question, orders.PAUSE):
        return Answer(None, (), reasoning, "paused", search=search)
    passage = _text(question, search)
    if number and _schema_of_text(question) is None:
        passage.add(f" (Answer {number + 1} of {question.choices}.)")
    answer = Answer(passage.text, (), reasoning, search=search, quotes=tuple(passage.quotes))
    return orders.spoiled(answer, question)


def _calls(question: Question) -> list[Call]:
    """The calls of an answer; none if it is to be text."""
    message = question.asked.text
    if question.tool_choice == "none" or not question.tools:
        return []
    if question.tool_choice == "required":
        return [_forced_call(tool, question) for tool in _required(question, message)]
    if question.since_asked or question.asked.role != "user":
        return []
    chosen = asked_for(message, question.tools)
    if not question.parallel:
        return [_call(tool, message) for tool in chosen[:1]]
    return [call for tool in chosen for call in _calls_of(tool, message)]


def _required(question: Question, message: str) -> list[Tool]:
    """The tools of a forced call.

    An agent whose calls are forced at every step would go round for ever if the same tool were called again: a tool
    that was called since the user spoke is called again only if there is no other.
    """
    if question.forced_tool is not None:
        return [tool for tool in question.tools if tool.name == question.forced_tool]
    called = {name for turn in question.since_asked for name in turn.calls}
    left = [tool for tool in question.tools if tool.name not in called] or list(question.tools)
    chosen = asked_for(message, left) if not called else []
    if not chosen:
        return [best(message, left)]
    return chosen if question.parallel else chosen[:1]


def _calls_of(tool: Tool, message: str) -> list[Call]:
    """A call of a tool; one for each place where the message names several, as in `in Paris and Tokyo`."""
    required = tool.parameters.get("required") or ()
    places = _joined_names(message) if any(re.search(PLACE, str(name), re.IGNORECASE) for name in required) else []
    if len(places) > 1:
        return [_call(tool, message, place) for place in places]
    return [_call(tool, message)]


def _joined_names(message: str) -> list[str]:
    """The names of a list such as `Paris, Rome and Tokyo`; none where the message names only one."""
    found = names(message)
    first = next((place for place, name in enumerate(found) if name.after in {"in", "at", "for", "of"}), 0)
    listed = found[first : first + 1]
    for name in found[first + 1 :]:
        if name.after not in {",", "and", "or", "in"}:
            break
        listed.append(name)
    return [name.text for name in listed]


def _forced_call(tool: Tool, question: Question) -> Call:
    """A call that must be made. A tool that takes any fields is a way to ask for JSON: it gets those that are named."""
    schema = tool.parameters
    if not tool.free_text and schema.get("additionalProperties") is True and not schema.get("properties"):
        return Call(tool.name, _to_json(_filled(schema_that_is_told(question), question)))
    return _call(tool, question.asked.text)


def _call(tool: Tool, message: str, place: str | None = None) -> Call:
    focus = focus_of(message, lambda clause: sum(evidence(clause, tool).values()))
    source = Source(message, focus, place)
    if tool.free_text:
        return Call(tool.name, free_text(tool.parameters, source), free_text=True)
    return Call(tool.name, _to_json(arguments(tool.parameters, source)))


def _text(question: Question, search: Search | None) -> Passage:
    passage = Passage()
    schema = _schema_of_text(question)
    if schema is not None:
        passage.add(_to_json(_filled(schema, question)))
        return passage
    results = [turn for turn in question.since_asked if turn.role == "tool"]
    if results:
        said = "; ".join(_result(turn) for turn in results)
        passage.add(f"Here is what the tool{'s' if len(results) > 1 else ''} answered: {said}")
    else:
        passage.add(_remark(question))
    passage.quote_documents(question)
    passage.quote_pages(search or search_for(question, again=True))
    return passage


def _result(turn: Turn) -> str:
    return " and ".join(part for part in (_shortened(turn.text), in_words(turn.attachments)) if part) or "nothing"


def _remark(question: Question) -> str:
    """A sentence or two about the message."""
    asked = question.asked
    attached = in_words(asked.attachments)
    text = _shortened(asked.text)
    if text and attached:
        said = f"You said “{text}” and sent {attached}."
    elif attached:
        said = f"You sent {attached}."
    else:
        said = f"You said “{text}”."
    spoken = [turn for turn in question.turns if turn.role in {"user", "assistant"}]
    place = f" This is message {len(spoken)} of our conversation." if len(spoken) > 1 else ""
    return f"{said}{place} This is the SeaCloud emulator, so no model has thought about it."


def _schema_of_text(question: Question) -> dict[str, Any] | None:
    """The schema of the JSON that the answer's text is to be; `None` if it is to be prose."""
    if question.schema is not None:
        return question.schema or schema_that_is_told(question)
    return schema_that_is_told(question) if question.json_object else schema_in_prompt(question)


def _filled(schema: dict[str, Any], question: Question) -> Any:
    return structured(schema, Source(_request_and_results(question), keys=schema.get("properties") or ()))


def _request_and_results(question: Question) -> str:
    """What a structured answer is made from: the user's message but for what it says of JSON, and tools' results."""
    results = [turn.text for turn in question.since_asked if turn.role == "tool"]
    return "\n".join([without_words_on_json(question.asked.text), *results])


def _reasoning(question: Question) -> str:
    last = question.turns[-1]
    if last.role == "tool":
        return f"The tool answered “{_shortened(last.text, 80)}”. I will tell the user."
    return f"The user says “{_shortened(question.asked.text, 80)}”. I will answer that."


def _limited(answer: Answer, question: Question) -> Answer:
    """The answer as stop texts and the limit of tokens leave it."""
    return _within_limit(_until_stop(answer, question.stop), question.max_tokens)


def _until_stop(answer: Answer, stops: tuple[str, ...]) -> Answer:
    if answer.text is None:
        return answer
    text = answer.text
    found = [(text.find(stop), stop) for stop in stops if stop and stop in text]
    if not found:
        return answer
    place, stop = min(found)
    return replace(answer.cut(place), finish="stop", stopped_by=stop)


def _within_limit(answer: Answer, limit: int | None) -> Answer:
    """The answer's first tokens: reasoning counts too, and a call's arguments break off where the limit is."""
    if limit is None or completion_tokens(answer) <= limit:
        return answer
    reasoning = tokens.cut(answer.reasoning, limit)
    left = limit - tokens.count(reasoning)
    if answer.text is not None:
        shorter = answer.cut(len(tokens.cut(answer.text, left)))
        return replace(shorter, reasoning=reasoning, finish="length", stopped_by=None)
    calls = []
    for call in answer.calls:
        left -= tokens.count(call.name)
        if left < 0:
            break
        calls.append(replace(call, arguments=tokens.cut(call.arguments, left)))
        left -= tokens.count(call.arguments)
    return replace(answer, text=None if calls else "", calls=tuple(calls), reasoning=reasoning, finish="length")


def completion_tokens(answer: Answer) -> int:
    """What an answer counts for, reasoning included."""
    calls = sum(tokens.count(call.name) + tokens.count(call.arguments) for call in answer.calls)
    return tokens.count(answer.text or "") + tokens.count(answer.reasoning) + calls


def _shortened(text: str, most: int = QUOTED_AT_MOST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[:most]}…"


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
