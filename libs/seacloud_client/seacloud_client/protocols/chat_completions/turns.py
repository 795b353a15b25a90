"""A conversation in Chat Completions' JSON.

What the protocol lacks is carried elsewhere or left out, as the docstring of `encode` says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from seacloud_client.conversation import (
    Audio,
    Extras,
    File,
    Image,
    Media,
    Message,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts
from seacloud_client.protocols.call_ids import ANTHROPIC_CALL_ID, CallIds
from seacloud_client.protocols.chat_completions.sealed import going_back, sign
from seacloud_client.protocols.encoding import Json, arguments_of, data_url, given, known_extras, texts_of
from seacloud_client.protocols.history import mend

_CALL_IDS: Mapping[str | None, re.Pattern[str]] = {
    "openai": re.compile(r"(?s:.{1,40})"),
    "anthropic": ANTHROPIC_CALL_ID,
    "mistral": re.compile(r"[a-zA-Z0-9]{9}"),
}
"""What a model's vendor takes for the id of a call: OpenAI refuses longer ones, and Mistral all others, by its error's
words ("must be a-z, A-Z, 0-9, with a length of 9")."""

_MADE_UP_IDS: Mapping[str | None, tuple[str, int | None]] = {"mistral": ("", 9)}
"""The prefix and the length of ids that are mapped, where the usual ones are not taken."""

_NOT_IN_A_NAME = re.compile(r"[\s<|\\/>]+")
"""What OpenAI refuses in a message's `name`, by its error's words. Frameworks put agents' names there, with spaces."""

_CALL_EXTRAS = ("extra_content", "provider_specific_fields", "cache_control")
"""Extras of a tool call that go back: Gemini's Chat API wants its `extra_content` (a thought's signature) again, which
LiteLLM has in `provider_specific_fields`."""

_STRICT = frozenset(("openai", "mistral"))
"""Vendors that refuse fields of a call that are another's."""

_REASONING_FIELDS = frozenset(("reasoning_content", "reasoning"))
"""Fields of the assistant's turn that reasoning may go back in: a form is a stranger's word, and names no other."""

_INSTEAD_OF_CONTENT = frozenset(("tool_calls", "refusal", "audio"))
"""An assistant's turn that has one of these may do without content (OpenAI's reference)."""


def conversation(messages: Sequence[Message], facts: ModelFacts) -> list[Json]:
    """The field `messages`.

    Raises:
        InvalidInputError: if a part cannot be sent on this protocol.
    """
    writer = _Writer(facts)
    for message in _with_valid_ids(mend(messages), facts):
        _ROLES[message.role](writer, message)
    return writer.turns


def _with_valid_ids(messages: Iterable[Message], facts: ModelFacts) -> Iterator[Message]:
    """The messages with ids of calls that the model's vendor takes: other protocols' may be of another form."""
    prefix, length = _MADE_UP_IDS.get(facts.vendor, ("call_", None))
    ids = CallIds(_CALL_IDS.get(facts.vendor), prefix, length)
    for message in messages:
        parts: list[Part] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                parts.append(replace(part, id=ids.of_call(part.id)))
            elif isinstance(part, ToolResult):
                parts.append(replace(part, call_id=ids.of_result(part.call_id)))
            else:
                parts.append(part)
        yield replace(message, parts=tuple(parts))


class _Writer:
    """Writes the turns, one message after the other."""

    def __init__(self, facts: ModelFacts) -> None:
        self.turns: list[Json] = []
        self._facts = facts
        self._made: list[Part] = []  # pictures of the assistant's, for the next turn that takes them

    def instruct(self, message: Message) -> None:
        """Instructions."""
        if message.role == "developer" and self._facts.developer_role is False:
            message = replace(message, role="system")
        self._add(message, _content(texts_of(message)))

    def ask(self, message: Message) -> None:
        """A user's turn."""
        self._add(message, _content([*self._made, *message.parts]))
        self._made = []

    def _add(self, message: Message, content: Any) -> None:
        if content is not None:
            self.turns.append(_turn(message, content))

    def answer(self, message: Message) -> None:
        """An assistant's turn."""
        calls = [_tool_call(part, self._facts) for part in message.parts if isinstance(part, ToolCall)]
        refusal = "".join(part.text for part in message.parts if isinstance(part, Refusal))
        spoken = next((part for part in message.parts if isinstance(part, Audio) and part.id), None)
        replays = self._facts.replay_reasoning
        is_replayed = replays == "always" or (bool(calls) and replays == "tool_calls")
        extras = going_back(message.extras, is_replayed=is_replayed)
        turn = _turn(replace(message, extras=extras), _assistant_content(message.parts))
        if refusal:
            turn["refusal"] = refusal
        if spoken is not None:
            turn["audio"] = {"id": spoken.id}
        if calls:
            turn["tool_calls"] = calls
        turn.update(_reasoning(message.parts, is_replayed=is_replayed))
        if calls and self._facts.call_signatures and "reasoning_details" not in turn:  # OpenRouter signs there
            sign(calls)
        self._made += [part for part in message.parts if isinstance(part, (Image, Video)) and _can_be_shown(part)]
        if not any(value for name, value in turn.items() if name not in ("role", "name")):
            return  # nothing of it can be sent: it was another protocol's reasoning or native items
        if turn["content"] is None and not turn.keys() & _INSTEAD_OF_CONTENT:
            turn["content"] = ""  # the protocol demands one, and all that was said is reasoning
        self.turns.append(turn)

    def report(self, message: Message) -> None:
        """Results of tools, and behind them all what their turns cannot hold: pictures, theirs and the assistant's."""
        carried: list[Json] = [_PARTS[type(part)](part) for part in self._made]
        self._made = []
        for result in (part for part in message.parts if isinstance(part, ToolResult)):  # there are no others (`mend`)
            self.turns.append(_result(result))
            media = [part for part in result.parts if isinstance(part, Media)]
            if media:
                carried.append({"type": "text", "text": f"Attached by the tool call {result.call_id}:"})
                carried.extend(_PARTS[type(part)](part) for part in media)
        if carried:
            self.turns.append({"role": "user", "content": carried})


_ROLES: Mapping[str, Callable[[_Writer, Message], None]] = {
    "system": _Writer.instruct,
    "developer": _Writer.instruct,
    "user": _Writer.ask,
    "assistant": _Writer.answer,
    "tool": _Writer.report,
}


def _can_be_shown(part: Media) -> bool:
    return part.url is not None or (part.data is not None and part.media_type is not None)


def _result(result: ToolResult) -> Json:
    media = sum(isinstance(part, Media) for part in result.parts)
    said = [part for part in result.parts if isinstance(part, (Text, Native)) and not _is_foreign(part)]
    content = _result_content(said)
    content = content or (f"{media} attached below." if media else "")
    return {"role": "tool", "tool_call_id": result.call_id, "content": content, **cache_control(result.extras)}


def _result_content(parts: Sequence[Text | Native]) -> str | list[Json] | None:
    """Plain texts, as tools of MCP give several, as one string: not every vendor reads a list there."""
    if all(isinstance(part, Text) and not cache_control(part.extras) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, Text))
    return _content(parts)


def _turn(message: Message, content: Any) -> Json:
    turn: Json = {"role": message.role, "content": content}
    if message.name:
        turn["name"] = _NOT_IN_A_NAME.sub("_", message.name)
    turn.update(message.extras or {})
    return turn


def _content(parts: Iterable[Part]) -> str | list[Json] | None:
    """The content of a turn: a string where there is one plain text, else a list of parts; `None` for nothing."""
    sendable = [part for part in parts if type(part) in _PARTS and not _is_foreign(part)]
    if len(sendable) == 1 and isinstance(sendable[0], Text) and not cache_control(sendable[0].extras):
        return sendable[0].text
    return [_PARTS[type(part)](part) for part in sendable] or None


def _is_foreign(part: Part) -> bool:
    return isinstance(part, Native) and part.protocol != "chat_completions"


def _assistant_content(parts: Iterable[Part]) -> str | list[Json] | None:
    """Text alone, as one string: not every vendor reads a list there. A list that came as one goes back as one."""
    said = [part for part in _heard(parts) if isinstance(part, Text) or _is_of_content_list(part)]
    if any(_is_of_content_list(part) or (isinstance(part, Text) and cache_control(part.extras)) for part in said):
        told = [part for part in said if not isinstance(part, Text) or part.text]
        return [_ASSISTANT_PARTS[type(part)](part) for part in told] or None
    return "".join(part.text for part in said if isinstance(part, Text)) if said else None


def _heard(parts: Iterable[Part]) -> Iterator[Part]:
    """The parts, with what was said aloud and has no id any more as text: the sound itself cannot be sent back."""
    for part in parts:
        if not isinstance(part, Audio):
            yield part
        elif part.transcript and not part.id:
            yield Text(part.transcript)


def _is_of_content_list(part: Part) -> bool:
    """Whether a part came in a list of content: Mistral's thinking and references do."""
    if isinstance(part, Native):
        return part.protocol == "chat_completions"
    return isinstance(part, Reasoning) and part.protocol == "chat_completions" and part.form == "thinking"


def cache_control(extras: Extras | None) -> Json:
    """The extras that the protocol, or a gateway that speaks it, knows: `cache_control` (OpenRouter, Qwen)."""
    return {name: value for name, value in (extras or {}).items() if name == "cache_control"}


def _text(part: Text) -> Json:
    return {"type": "text", "text": part.text, **cache_control(part.extras)}


def _image(part: Image) -> Json:
    image: Json = {"url": _address(part, "an image_url")}
    if part.extras and "detail" in part.extras:
        image["detail"] = part.extras["detail"]
    return {"type": "image_url", "image_url": image, **cache_control(part.extras)}


def _audio(part: Audio) -> Json:
    if part.data is None:
        raise InvalidInputError(
            "Chat Completions takes a sound as bytes, not by url or file_id: download it first. Nothing was sent."
        )
    return {
        "type": "input_audio",
        "input_audio": {"data": part.data, "format": _audio_format(part)},
        **cache_control(part.extras),
    }


def _audio_format(part: Audio) -> str:
    subtype = (part.media_type or "").partition(";")[0].strip().lower().partition("/")[2].removeprefix("x-")
    if not subtype:
        raise InvalidInputError("A sound needs its media_type, such as 'audio/wav'. Nothing was sent.")
    return {"mpeg": "mp3", "wave": "wav", "vnd.wave": "wav"}.get(subtype, subtype)


def _video(part: Video) -> Json:
    # OpenAI has no video; gateways (OpenRouter, Qwen, Z.ai) take this form.
    return {"type": "video_url", "video_url": {"url": _address(part, "a video_url")}, **cache_control(part.extras)}


def _file(part: File) -> Json:
    file: Json
    if part.file_id is not None:
        file = {"file_id": part.file_id}
    elif part.data is not None:
        # file_data goes with a filename: OpenAI refuses it without.
        file = {"filename": part.name or "file", "file_data": data_url(part)}
    else:
        raise InvalidInputError(
            "Chat Completions takes a file as bytes or by file_id, not by url: download it first. Nothing was sent."
        )
    return {"type": "file", "file": file, **cache_control(part.extras)}


def _address(part: Media, place: str) -> str:
    if part.file_id is not None:
        raise InvalidInputError(
            f"Chat Completions takes {part.kind}s by url or as bytes, not by file_id: {place} needs one of them. "
            "Nothing was sent."
        )
    return part.url if part.url is not None else data_url(part)


def _native(part: Native) -> Json:
    return dict(part.item)


_PARTS: Mapping[type, Callable[[Any], Json]] = {
    Text: _text,
    Native: _native,
    Image: _image,
    Audio: _audio,
    Video: _video,
    File: _file,
}


def _thinking(part: Reasoning) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": part.text}], **(part.extras or {})}


_ASSISTANT_PARTS: Mapping[type, Callable[[Any], Json]] = {Text: _text, Reasoning: _thinking, Native: _native}


def _reasoning(parts: Iterable[Part], *, is_replayed: bool) -> Json:
    """The assistant's reasoning, each piece in the field that it came in.

    What came as `reasoning_details` always goes back: it is a gateway's own form (OpenRouter's), which knows itself
    what of it the model takes, and keeps OpenAI's models thinking by it. They themselves take no readable reasoning.
    """
    fields: Json = {}
    details: list[Json] = []
    for part in parts:
        if not isinstance(part, Reasoning) or part.protocol != "chat_completions" or part.form == "thinking":
            continue
        if part.form is not None and part.form.startswith("reasoning."):
            details.append(_detail(part))
        elif is_replayed:
            name = part.form if part.form in _REASONING_FIELDS else "reasoning_content"
            fields[name] = fields.get(name, "") + part.text
    if details:
        fields["reasoning_details"] = details
    return fields


def _detail(part: Reasoning) -> Json:
    """An entry of OpenRouter's `reasoning_details`."""
    entry: Json = {"type": part.form}
    text_name = "summary" if part.form == "reasoning.summary" else "text"
    entry.update(
        given({text_name: part.text or None, "signature": part.signature, "data": part.encrypted, "id": part.id})
    )
    entry.update(part.extras or {})
    return entry


def _tool_call(call: ToolCall, facts: ModelFacts) -> Json:
    if call.kind == "custom":
        said: Json = {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    else:
        said = {"type": "function", "function": {"name": call.name, "arguments": arguments_of(call)}}
    if facts.vendor in _STRICT:
        return {"id": call.id, **said, **cache_control(call.extras)}
    return {"id": call.id, **said, **known_extras(call.extras, _CALL_EXTRAS)}
