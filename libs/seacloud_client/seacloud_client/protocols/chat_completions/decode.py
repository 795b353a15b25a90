"""Chat Completions' replies and streams.

A plain reply is read as a stream of one chunk, so that the two cannot differ. What the reader knows besides OpenAI's
reference is what other vendors and gateways send in the same format:

- reasoning: `reasoning_content` (DeepSeek, Z.ai, Qwen, xAI), `reasoning` (Groq, Ollama, OpenRouter),
  `reasoning_details` (OpenRouter), a `thinking` part in a list of content (Mistral);
- tool calls without an index, with one index for several calls, without an id, with objects for arguments;
- the usage on every chunk, in a choice, or in `x_groq`, and totals that count what the parts leave out (xAI, Mistral,
  Gemini);
- the reply itself as the only event of a stream;
- the finish reason twice, extra keys everywhere. An extra key is kept in `extras`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import starmap
from typing import Any

from seacloud_client.conversation import Reply, Usage
from seacloud_client.deltas import Delta, ResponseMeta, UsageDelta
from seacloud_client.error_mapping import error_from_body, is_error_reply
from seacloud_client.errors import ProtocolError, StreamBroken, after
from seacloud_client.folding import Fold
from seacloud_client.protocols.chat_completions.choice import ChoiceReader
from seacloud_client.protocols.usage import count, first_count

Json = Mapping[str, Any]

_CHUNK_KEYS = frozenset(
    ("id", "object", "created", "model", "choices", "usage", "service_tier", "error", "p", "obfuscation")
)
"""Keys of a chunk that are read, or mean nothing: `p` and `obfuscation` are padding against eavesdroppers."""

_COUNTS = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens")


def decode(body: Any) -> Reply:
    """Reads the JSON body of a plain reply.

    Raises:
        APIError: if it is an error, though its status was 200.
        ProtocolError: if it is no chat completion.
    """
    if is_error_reply(body):
        raise error_from_body(body)
    if not isinstance(body, dict) or not isinstance(body.get("choices"), list):
        raise ProtocolError("The answer is no chat completion: it has no list of choices.", body=body)
    decoder = ChatStreamDecoder()
    deltas = decoder.feed("", {**body, "choices": [*starmap(_as_streamed, enumerate(body["choices"]))]})
    return Fold().add_all(deltas).add_all(decoder.finish()).reply()


def _as_streamed(number: int, choice: Any) -> Any:
    """A plain reply's choice, the one of this number, in a stream's form."""
    if not isinstance(choice, dict):
        return choice
    placed = choice if choice.get("index") is not None else {**choice, "index": number}
    return {**placed, "delta": None} if isinstance(choice.get("message"), dict) else placed


class ChatStreamDecoder:
    """Decodes one stream. Feed it each event's JSON, then close it."""

    def __init__(self) -> None:
        self.is_finished = False  # no event says so: there is `[DONE]`, and usage may come behind the finish reason
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._is_known = False  # id, model and creation time have all been told
        self._choices: dict[int, ChoiceReader] = {}
        self._usage: Json | None = None
        self._service_tier: str | None = None
        self._extras: dict[str, Any] = {}
        self._has_begun = False

    def feed(self, event: str, data: Any) -> Iterable[Delta]:
        """The deltas of one chunk.

        Raises:
            APIError: if the chunk is an error.
            ProtocolError: if it is no chunk of a chat completion.
        """
        if not isinstance(data, dict):
            raise ProtocolError(f"A chunk of the stream is not a JSON object: {str(data)[:200]}.", body=data)
        if event == "error" or data.get("error") or (not data.get("choices") and is_error_reply(data)):
            return self._fail(data)
        deltas: list[Delta] = []
        try:
            self._read(data, deltas)
        except ProtocolError as error:
            return after(deltas, error)
        return deltas

    def _fail(self, data: Json) -> Iterator[Delta]:
        """Tells what an error's chunk says besides (OpenRouter's has choices and the usage), then raises the error."""
        deltas: list[Delta] = []
        with suppress(ProtocolError):  # the error says more
            self._read({**data, "error": None}, deltas)
        for choice in self._choices.values():
            if choice.finish_reason is not None:
                choice.finish(deltas)
        yield from deltas
        usage = read_usage(self._usage)
        if usage is not None:
            yield UsageDelta(usage)
        raise error_from_body(data)

    def _read(self, data: Json, deltas: list[Delta]) -> None:
        if not self._is_known:
            self._tell_meta(data, deltas)
        if data.get("usage") and (self._usage is None or _counts_something(data["usage"])):
            self._usage = data["usage"]
        if data.get("service_tier"):
            self._service_tier = str(data["service_tier"])
        for name in data:
            if name not in _CHUNK_KEYS:
                self._keep_extra(name, data[name])
        choices = data.get("choices")
        if choices:
            self._read_choices(choices, deltas)

    def close(self) -> list[Delta]:
        """Usage and finish. A stream is complete when each of its choices gave a finish reason.

        Raises:
            StreamBroken: if it is not complete.
        """
        if not self._choices or any(choice.finish_reason is None for choice in self._choices.values()):
            raise StreamBroken(
                "The stream ended before the reply was complete. It may have been generated to its end, and billed."
            )
        return self.finish()

    def finish(self) -> list[Delta]:
        """Usage and finish, of a stream that says it is complete.

        Raises:
            ProtocolError: if it held no choice.
        """
        if not self._choices:
            raise ProtocolError("The answer holds no choice, so there is no reply in it.", body=self._extras or None)
        deltas: list[Delta] = []
        for choice in self._choices.values():
            choice.finish(deltas)
        if self._service_tier is not None or self._extras:
            extras = self._extras or None
            deltas.append(ResponseMeta("chat_completions", service_tier=self._service_tier, extras=extras))
        usage = read_usage(self._usage)
        if usage is not None:
            deltas.append(UsageDelta(usage))
        return deltas

    def _tell_meta(self, data: Json, deltas: list[Delta]) -> None:
        """Tells id, model and creation time, each once: some gateways leave them empty in the first chunks."""
        news: dict[str, Any] = {}
        for name, kind in (("id", str), ("model", str), ("created", int)):
            value = data.get(name)
            if value and isinstance(value, kind) and getattr(self, f"_{name}") is None:
                setattr(self, f"_{name}", value)
                news[name] = value
        if news or not self._has_begun:
            self._has_begun = True
            deltas.append(ResponseMeta("chat_completions", **news))
        self._is_known = self._id is not None and self._model is not None and self._created is not None

    def _keep_extra(self, name: str, value: Any) -> None:
        if value is not None:
            self._extras[name] = value
        if name == "x_groq" and isinstance(value, dict) and isinstance(value.get("usage"), dict):
            self._usage = value["usage"]

    def _read_choices(self, choices: Any, deltas: list[Delta]) -> None:
        if not isinstance(choices, list):
            raise ProtocolError("The choices of a chunk are not a list.", body=choices)
        for choice in choices:
            if not isinstance(choice, dict):
                raise ProtocolError("A choice of a chunk is not a JSON object.", body=choices)
            index = choice.get("index") or 0
            if not isinstance(index, int):
                raise ProtocolError("The index of a choice is not a number.", body=choice)
            reader = self._choices.get(index)
            if reader is None:
                reader = self._choices[index] = ChoiceReader(index, self._id or "")
            reader.read(choice, deltas)
            if isinstance(choice.get("usage"), dict) and self._usage is None:
                self._usage = choice["usage"]  # Moonshot's place for it


def _counts_something(usage: Any) -> bool:
    """Whether a usage that comes behind another is news: some gateways end a stream with one of zeros."""
    return isinstance(usage, dict) and any(count(usage, name) for name in _COUNTS)


def read_usage(raw: Any) -> Usage | None:
    """The usage in our terms.

    Some vendors' totals count what their parts leave out: xAI's `completion_tokens` are without the reasoning, and
    Mistral's `prompt_tokens` without the sound. Where the total says so, it is added to the part it belongs to.
    Gemini's OpenAI compatibility counts the thoughts in the total alone, and gives no details: what is missing there
    came out.
    """
    if not isinstance(raw, dict) or not raw:
        return None
    told = first_count(raw, ("prompt_tokens",), ("input_tokens",))
    given = told or 0
    made = first_count(raw, ("completion_tokens",), ("output_tokens",)) or 0
    total = count(raw, "total_tokens")
    reasoning = count(raw, "completion_tokens_details", "reasoning_tokens")
    heard = count(raw, "prompt_tokens_details", "audio_tokens")
    cache_read = first_count(
        raw,
        ("prompt_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),
        ("cached_tokens",),
        ("num_cached_tokens",),
    )
    cache_creation = first_count(raw, ("prompt_tokens_details", "cache_write_tokens"), ("cache_creation_input_tokens",))
    is_bare = told is not None and reasoning is None and not (heard or cache_read or cache_creation)
    missing = 0 if total is None else total - given - made
    if missing > 0 and (is_bare or missing == reasoning):
        made += missing
    elif missing > 0 and missing == heard:
        given += missing
    return Usage(
        input_tokens=given,
        output_tokens=made,
        total_tokens=given + made if total is None else total,
        cache_read_tokens=cache_read,
        cache_creation_tokens=cache_creation,
        reasoning_tokens=reasoning,
        input_audio_tokens=heard,
        output_audio_tokens=count(raw, "completion_tokens_details", "audio_tokens"),
        raw=raw,
    )
