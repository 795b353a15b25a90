"""One choice of a Chat Completions stream: from its fragments to deltas."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from seacloud_client.conversation import (
    Annotation,
    Audio,
    Image,
    Logprobs,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from seacloud_client.errors import ProtocolError
from seacloud_client.protocols.chat_completions.calls import Call, Calls
from seacloud_client.protocols.chat_completions.details import DETAIL_KEYS, Detail, Details
from seacloud_client.protocols.chat_completions.finishes import FINISHES
from seacloud_client.protocols.chat_completions.sealed import ThinkingBlocks
from seacloud_client.protocols.finishes import named
from seacloud_client.protocols.usage import count
from seacloud_client.protocols.values import Fragments, as_json_text, fingerprint, made_up_id, objects, string

Json = Mapping[str, Any]

# Where the parts of a choice stand: the order of a plain reply, whichever comes first in a stream.
_REASONING = 0
_CONTENT = 1_000_000_000
_REFUSAL = 2_000_000_000
_AUDIO = 3_000_000_000
_IMAGES = 4_000_000_000
_CALLS = 5_000_000_000

_CHOICE_KEYS = frozenset(("index", "delta", "message", "finish_reason", "logprobs", "text"))
"""Keys of a choice that are read, or repeat what was: `text` is the delta's content again (Together)."""

_CALL_KEYS = frozenset(("index", "id", "type", "function", "custom"))

_TOKEN_LISTS = frozenset(("token_ids",))
"""Keys of a choice (vLLM's) under which each chunk has a list of its own tokens, as `logprobs` of the older form do."""


class ChoiceReader:
    """Reads the chunks of one choice, and remembers which of its parts are open."""

    def __init__(self, index: int, reply_id: str) -> None:
        self.index = index
        self.finish_reason: str | None = None
        self._reply_id = reply_id
        self._has_said = False
        self._is_whole = False  # it is a plain reply's: what stands side by side there are different things
        self._extras: dict[str, Any] = {}
        self._message_extras = Fragments()
        self._thinking_blocks = ThinkingBlocks()
        self._text: int | None = None  # the open text part; so that a stream of text costs little
        self._content: list[type[Part]] = []  # what the parts of the content are, in order
        self._reasoning: dict[str, int] = {}  # by the field that it is in
        self._details = Details()
        self._refusal = False
        self._audio = False
        self._images = 0
        self._citations: set[str] = set()
        self._calls = Calls()
        self._late: dict[int, Fragments] = {}  # extras of parts, which come at any time, and are told at the end

    def read(self, choice: Json, deltas: list[Delta]) -> None:
        """Adds what a chunk says of this choice to `deltas`.

        Raises:
            ProtocolError: if it is not what the protocol allows.
        """
        delta = choice.get("delta")
        if delta is None and isinstance(choice.get("message"), dict) and not self._has_said:
            delta = _as_delta(choice["message"])  # a plain reply, which a gateway may send as an event of a stream
            self._is_whole = True
        if delta:
            self._has_said = True
            self._read_delta(delta, deltas)
        if choice.get("logprobs"):
            self._read_logprobs(choice["logprobs"], deltas)
        if choice.get("finish_reason"):
            self.finish_reason = str(choice["finish_reason"])
        for name in choice:
            if name not in _CHOICE_KEYS and choice[name] is not None:
                if name in _TOKEN_LISTS:
                    _lengthen(self._extras, name, choice[name])
                else:
                    self._extras[name] = choice[name]

    def _read_delta(self, delta: Any, deltas: list[Delta]) -> None:
        if not isinstance(delta, dict):
            raise ProtocolError("The delta of a choice is not a JSON object.", body=delta)
        for name, value in delta.items():
            if value:
                reader = _READERS.get(name)
                if reader is not None:
                    reader(self, value, delta, deltas)
                elif name != "role":
                    self._message_extras.add_field(name, value)

    def finish(self, deltas: list[Delta]) -> None:
        """Ends the parts and the choice."""
        deltas.extend(
            ReasoningDelta(self.index, detail.part, "", detail.signature, detail.encrypted)
            for detail in self._details
            if detail.signature or detail.encrypted
        )
        parts = [*self._reasoning.values(), *(detail.part for detail in self._details)]
        parts += range(_CONTENT, _CONTENT + len(self._content))
        parts += [_REFUSAL] * self._refusal + [_AUDIO] * self._audio
        parts += range(_IMAGES, _IMAGES + self._images)
        for part in parts:
            late = self._late.get(part)
            deltas.append(PartEnd(self.index, part, None if late is None else late.whole() or None))
        for call in self._calls:
            self._finish_call(call, deltas)
        self._message_extras.add_field("thinking_blocks", self._thinking_blocks.whole() or None)
        said = self._message_extras.whole()
        extras = {**self._extras, **({"message": said} if said else {})}
        finish = named(self.finish_reason, FINISHES)
        deltas.append(FinishDelta(self.index, finish, self.finish_reason, extras or None))

    def take_content_delta(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Text, a list of content (Mistral), or the object that was asked for, as such (Cloudflare)."""
        if isinstance(value, dict):
            value = as_json_text(value)
        if isinstance(value, str):
            if self._text is None:
                self._text = self._open(Text(""), deltas)
            deltas.append(TextDelta(self.index, self._text, value))
            return
        if not isinstance(value, list):
            raise ProtocolError("The content of a message is neither a text nor a list.", body=value)
        for item in value:
            if isinstance(item, str):
                self.take_content_delta(item, _delta, deltas)
            elif isinstance(item, dict):
                kind = item.get("type") or ("text" if isinstance(item.get("text"), str) else None)
                _CONTENT_ITEMS.get(str(kind), ChoiceReader.take_native_item)(self, item, deltas)

    def _open(self, value: Part, deltas: list[Delta]) -> int:
        """Starts the next part of the content."""
        part = _CONTENT + len(self._content)
        self._content.append(type(value))
        deltas.append(PartStart(self.index, part, value))
        return part

    def take_text_item(self, item: Json, deltas: list[Delta]) -> None:
        """A text in a list of content."""
        text = item.get("text")
        if isinstance(text, str) and text:
            self.take_content_delta(text, item, deltas)
        if item.get("annotations"):
            self.take_annotations(item["annotations"], item, deltas)

    def take_thinking_item(self, item: Json, deltas: list[Delta]) -> None:
        """A thought in a list of content (Mistral)."""
        if not self._content or self._content[-1] is not Reasoning:
            self._open(Reasoning("", "chat_completions", form="thinking"), deltas)
            self._text = None
        part = _CONTENT + len(self._content) - 1
        thoughts = item.get("thinking")
        texts = [thoughts] if isinstance(thoughts, str) else [t.get("text") for t in objects(thoughts)]
        self._keep_late(part, item, ("type", "thinking"))
        text = "".join(text for text in texts if isinstance(text, str))
        if text:
            deltas.append(ReasoningDelta(self.index, part, text))

    def _keep_late(self, part: int, item: Json, known: Collection[str]) -> None:
        extras = {name: value for name, value in item.items() if name not in known}
        if extras:
            self._late.setdefault(part, Fragments()).add(extras)

    def take_native_item(self, item: Json, deltas: list[Delta]) -> None:
        """Anything else in a list of content: a reference (Mistral), say."""
        self._open(Native("chat_completions", item), deltas)
        self._text = None

    def take_image_item(self, item: Json, deltas: list[Delta]) -> None:
        """A picture in a list of content."""
        url = _image_url(item)
        if url is None:
            self.take_native_item(item, deltas)
        else:
            self._open(_image(url), deltas)
            self._text = None

    def _plain_reasoning(self, form: str, value: Any, deltas: list[Delta]) -> None:
        if not isinstance(value, str):
            self._message_extras.add_field(form, value)
            return
        part = self._reasoning.get(form)
        if part is None:
            part = self._reasoning[form] = _REASONING + len(self._reasoning) + len(self._details)
            deltas.append(PartStart(self.index, part, Reasoning("", "chat_completions", form=form)))
        deltas.append(ReasoningDelta(self.index, part, value))

    def take_reasoning_content(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Reasoning as DeepSeek, Z.ai, Qwen and xAI send it."""
        self._plain_reasoning("reasoning_content", value, deltas)

    def take_reasoning_text(self, value: Any, delta: Json, deltas: list[Delta]) -> None:
        """`reasoning`, unless the same text comes under another name too, as it does from OpenRouter and vLLM."""
        details = objects(delta.get("reasoning_details"))
        if value != delta.get("reasoning_content") and not any(d.get("text") or d.get("summary") for d in details):
            self._plain_reasoning("reasoning", value, deltas)

    def take_reasoning_details(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Reasoning as OpenRouter sends it, piece by piece."""
        for entry in objects(value):
            kind = str(entry.get("type") or "reasoning.text")
            form = kind if kind.startswith("reasoning.") else "reasoning.text"
            known = None if self._is_whole else self._details.find(entry, kind)
            detail = known or self._begin_detail(entry, kind, form, deltas)
            text = string(entry.get("summary" if form == "reasoning.summary" else "text"))
            if text:
                deltas.append(ReasoningDelta(self.index, detail.part, text))
            if not entry.keys() <= detail.known:
                self._keep_late(detail.part, entry, detail.known)
            detail.seal(entry)

    def _begin_detail(self, entry: Json, kind: str, form: str, deltas: list[Delta]) -> Detail:
        """Another detail. A type that is none of OpenRouter's is kept among the extras: the form says where to."""
        part = _REASONING + len(self._reasoning) + len(self._details)
        detail = self._details.begin(part, entry, kind)
        extras = {name: value for name, value in entry.items() if name not in DETAIL_KEYS}
        if form != kind:
            extras["type"] = entry["type"]
        started = Reasoning("", "chat_completions", id=detail.id, form=form, extras=extras or None)
        deltas.append(PartStart(self.index, part, started))
        return detail

    def take_thinking_blocks(self, value: Any, _delta: Json, _deltas: list[Delta]) -> None:
        """Claude's thinking as LiteLLM sends it, beside the readable form. It is told at the end."""
        if isinstance(value, list):
            self._thinking_blocks.add(objects(value))
        else:
            self._message_extras.add_field("thinking_blocks", value)

    def take_refusal_delta(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Why the model declines."""
        if not self._refusal:
            self._refusal = True
            deltas.append(PartStart(self.index, _REFUSAL, Refusal("")))
        deltas.append(RefusalDelta(self.index, _REFUSAL, str(value)))

    def take_audio_delta(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """More of what the model says aloud."""
        if not isinstance(value, dict):
            raise ProtocolError("The audio of a message is not a JSON object.", body=value)
        if not self._audio:
            self._audio = True
            deltas.append(PartStart(self.index, _AUDIO, Audio(data="", id=string(value.get("id")))))
        self._keep_late(_AUDIO, value, ("id", "data", "transcript"))
        data, transcript = string(value.get("data")) or "", string(value.get("transcript")) or ""
        if data or transcript:
            deltas.append(MediaDelta(self.index, _AUDIO, data, transcript))

    def take_image_list(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Pictures that the model made (OpenRouter)."""
        for item in objects(value):
            url = _image_url(item)
            if url is not None:
                deltas.append(PartStart(self.index, _IMAGES + self._images, _image(url)))
                self._images += 1

    def take_annotations(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Citations of the text."""
        for raw in objects(value):
            key = fingerprint(raw)
            if key in self._citations:
                continue  # some gateways repeat them all on every chunk
            self._citations.add(key)
            if self._text is None:
                self._text = self._open(Text(""), deltas)
            deltas.append(AnnotationDelta(self.index, self._text, _annotation(raw)))

    def take_tool_calls(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """Fragments of tool calls. Several that do not say of which are of the last ones, in order (Moonshot)."""
        fragments = list(objects(value))
        places = range(-len(fragments), 0) if all(map(_is_bare, fragments)) else [-1] * len(fragments)
        for fragment, place in zip(fragments, places, strict=True):
            self._call_fragment(fragment, deltas, place)

    def take_function_call(self, value: Any, _delta: Json, deltas: list[Delta]) -> None:
        """The deprecated single call, which has no id."""
        if isinstance(value, dict):
            self._call_fragment({"index": 0, "function": value}, deltas)

    def _call_fragment(self, fragment: Json, deltas: list[Delta], place: int = -1) -> None:
        kind: Literal["function", "custom"]
        kind = "custom" if fragment.get("type") == "custom" or fragment.get("custom") else "function"
        said = fragment.get(kind)
        said = said if isinstance(said, dict) else {}
        name, call_id = string(said.get("name")), string(fragment.get("id"))
        index = fragment.get("index")
        arguments = as_json_text(said.get("input" if kind == "custom" else "arguments"))
        call = self._calls.find(index, call_id, name, place, arguments)
        if call is None:
            self._start_named(deltas)
            call = self._calls.begin(index, kind)
            call_id = call_id or self._calls.announced_id(call)
        late_id = call_id if call.id is None else None
        self._calls.name(call, call_id, name)
        if not fragment.keys() <= _CALL_KEYS:
            call.extras.add({key: value for key, value in fragment.items() if key not in _CALL_KEYS})
        call.arguments.add(arguments)
        if call.part is not None:
            if arguments or late_id:
                deltas.append(ToolCallDelta(self.index, call.part, arguments, late_id))
            return
        if call.name and call.arguments:
            self._start_call(call, deltas)

    def _start_named(self, deltas: list[Delta]) -> None:
        """Starts the last call, if it waits for more of its name."""
        last = self._calls.last
        if last is not None and last.part is None and last.name:
            self._start_call(last, deltas)

    def _start_call(self, call: Call, deltas: list[Delta]) -> int:
        call.part = _CALLS + call.number
        started = ToolCall(call.id or "", call.name or "", "", call.kind)
        deltas.append(PartStart(self.index, call.part, started))
        if call.arguments:
            deltas.append(ToolCallDelta(self.index, call.part, call.arguments.text))
        return call.part

    def _finish_call(self, call: Call, deltas: list[Delta]) -> None:
        """Ends a call. One that never got a name is handed on too: the caller will see an invalid call."""
        part = self._start_call(call, deltas) if call.part is None else call.part
        if call.id is None:  # the tool's result must name one
            made_up = made_up_id("call_", self._reply_id, self.index, call.number)
            deltas.append(ToolCallDelta(self.index, part, id=made_up))
        deltas.append(PartEnd(self.index, part, call.extras.whole() or None))

    def _read_logprobs(self, value: Any, deltas: list[Delta]) -> None:
        if isinstance(value, dict):
            logprobs = Logprobs(tuple(objects(value.get("content"))), tuple(objects(value.get("refusal"))))
            if logprobs.content or logprobs.refusal:
                deltas.append(LogprobsDelta(self.index, logprobs))
            for name, others in value.items():
                if name not in ("content", "refusal") and others is not None:  # the older form: token_logprobs, ...
                    _lengthen(self._extras.setdefault("logprobs", {}), name, others)


def _lengthen(fields: dict[str, Any], name: str, value: Any) -> None:
    """Keeps a field of which each chunk has a list of its own; of any other, the last value."""
    known = fields.get(name)
    if isinstance(value, list) and isinstance(known, list):
        known.extend(value)
    else:
        fields[name] = list(value) if isinstance(value, list) else value  # what was fed is not ours to change


def _is_bare(fragment: Json) -> bool:
    """Whether nothing says of which call a fragment is."""
    said = fragment.get("function")
    return fragment.get("index") is None and not fragment.get("id") and isinstance(said, dict) and not said.get("name")


def _as_delta(message: Json) -> Json:
    """A plain reply's message in a stream's form. Its calls are all different ones, so they are numbered."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    numbered = [{**call, "index": number} if isinstance(call, dict) else call for number, call in enumerate(calls)]
    return {**message, "tool_calls": numbered}


_READERS: Mapping[str, Callable[[ChoiceReader, Any, Json, list[Delta]], None]] = {
    "content": ChoiceReader.take_content_delta,
    "reasoning_content": ChoiceReader.take_reasoning_content,
    "reasoning": ChoiceReader.take_reasoning_text,
    "reasoning_details": ChoiceReader.take_reasoning_details,
    "thinking_blocks": ChoiceReader.take_thinking_blocks,
    "refusal": ChoiceReader.take_refusal_delta,
    "audio": ChoiceReader.take_audio_delta,
    "images": ChoiceReader.take_image_list,
    "annotations": ChoiceReader.take_annotations,
    "tool_calls": ChoiceReader.take_tool_calls,
    "function_call": ChoiceReader.take_function_call,
}

_CONTENT_ITEMS: Mapping[str, Callable[[ChoiceReader, Json, list[Delta]], None]] = {
    "text": ChoiceReader.take_text_item,
    "output_text": ChoiceReader.take_text_item,
    "image_url": ChoiceReader.take_image_item,
    "thinking": ChoiceReader.take_thinking_item,
}


def _annotation(raw: Json) -> Annotation:
    """A citation: OpenAI's `url_citation` and `file_citation` hold their facts in an object of that name."""
    kind = str(raw.get("type") or "annotation")
    facts = raw.get(kind)
    facts = facts if isinstance(facts, dict) else raw
    return Annotation(
        type=kind,
        raw=raw,
        protocol="chat_completions",
        url=string(facts.get("url")),
        title=string(facts.get("title")),
        cited_text=string(facts.get("content")),
        start=count(facts, "start_index"),
        end=count(facts, "end_index"),
    )


def _image_url(item: Json) -> str | None:
    address = item.get("image_url")
    return string(address.get("url") if isinstance(address, dict) else address)


def _image(url: str) -> Image:
    try:
        return Image(url=url)
    except ValueError as error:
        raise ProtocolError(f"A picture's address makes no sense: {error}") from None
