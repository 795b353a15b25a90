"""Fields of the assistant's message in which a provider seals its thoughts, and which it wants back with the message.

- `thinking_blocks` (LiteLLM): Claude's thinking in the form of Messages, each block with its signature.
- `extra_content` (Gemini's OpenAI compatibility): `google.thought_signature`, of a turn's text; a call has one
  of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seacloud_client.conversation import Extras
from seacloud_client.protocols.encoding import Json
from seacloud_client.protocols.values import objects, string


class ThinkingBlocks:
    """`thinking_blocks`, as they grow.

    In a stream they have no number: text adds to the last block until a signature, which comes alone, closes it. The
    second entry of one list is a block of its own, and so are all those of a plain reply.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[Json, list[str]]] = []  # the fields of each, and its text

    def add(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """More of them."""
        for number, entry in enumerate(entries):
            if number == 0 and self._is_open(entry):
                fields, texts = self._blocks[-1]
                fields.update((name, value) for name, value in entry.items() if value)
            else:
                fields, texts = dict(entry), []
                self._blocks.append((fields, texts))
            text = string(entry.get("thinking"))
            if text is not None:
                texts.append(text)

    def _is_open(self, entry: Mapping[str, Any]) -> bool:
        if not self._blocks:
            return False
        last, _ = self._blocks[-1]
        return last.get("type") == entry.get("type") == "thinking" and not last.get("signature")

    def whole(self) -> list[Json]:
        """All of them."""
        return [{**fields, "thinking": "".join(texts)} if texts else fields for fields, texts in self._blocks]


def going_back(extras: Extras | None, *, is_replayed: bool) -> Extras | None:
    """The message's own fields without what its provider would refuse.

    Sealed thoughts go where reasoning does. Of thinking only what is sealed is taken back (LiteLLM's own accumulator
    leaves the rest out), and that a chunk was a thought (`google.thought`) is not said of the whole message.
    """
    if not extras or not extras.keys() & _SEALED.keys():
        return extras
    sent = {name: value for name, value in extras.items() if name not in _SEALED}
    if is_replayed:
        sealed = {name: read(extras.get(name)) for name, read in _SEALED.items()}
        sent.update((name, value) for name, value in sealed.items() if value)
    return sent


def _sealed_blocks(blocks: Any) -> list[Json]:
    return [block for block in objects(blocks) if block.get("signature") or block.get("data")]


def _without_marks(content: Any) -> Any:
    google = content.get("google") if isinstance(content, dict) else None
    if not isinstance(google, dict):
        return content
    left = {name: value for name, value in google.items() if name != "thought"}
    others = {name: value for name, value in content.items() if name != "google"}
    return {**others, **({"google": left} if left else {})}


_SEALED = {"thinking_blocks": _sealed_blocks, "extra_content": _without_marks}


_UNSIGNED = "skip_thought_signature_validator"
"""What stands for the signature of a call that another model made (Google's guide "Thought signatures")."""


def sign(calls: Sequence[Json]) -> None:
    """Gives the first call of a turn, in place, what stands for a signature, if none of its calls has one.

    Gemini signs the first of calls that are made together, and from version 3 on refuses a turn of calls without. Some
    gateways keep the signature beside the call (LiteLLM's `provider_specific_fields`), or in its id.
    """
    if any(_is_signed(call) for call in calls):
        return
    kept = calls[0].get("extra_content")
    kept = kept if isinstance(kept, dict) else {}
    google = kept.get("google")
    google = google if isinstance(google, dict) else {}
    calls[0]["extra_content"] = {**kept, "google": {**google, "thought_signature": _UNSIGNED}}


def _is_signed(call: Json) -> bool:
    kept = call.get("extra_content")
    google = kept.get("google") if isinstance(kept, dict) else None
    signs = (google, call.get("provider_specific_fields"))
    return "__thought__" in call["id"] or any(
        isinstance(sign, dict) and sign.get("thought_signature") for sign in signs
    )
