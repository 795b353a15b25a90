"""The conversation that a Responses request continues, and the rules among its items.

References and `previous_response_id` are followed. Then OpenAI's rules hold: a tool's output has its call before it,
and every call its output; no item is there twice; reasoning is the emulator's own, and stands before what was said
after it.
"""

from __future__ import annotations

from typing import Any

from seacloud_emulator.brain.seals import seal, unseal
from seacloud_emulator.protocols.responses.store import ResponseStore
from seacloud_emulator.refusals import Refusal, invalid_chat, openai_error

Item = dict[str, Any]

CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
OUTPUTS = {"function_call_output": "function call output", "custom_tool_call_output": "custom tool call output"}
_SEAL = "reasoning"


def seal_reasoning(item_id: str, text: str) -> str:
    """The encrypted content of an item of reasoning, which belongs to this item alone."""
    return seal(_SEAL, f"{item_id}\0{text}")


def conversation(items: list[Item], previous_id: str | None, store: ResponseStore) -> list[Item]:
    """The whole conversation: what is stored, and then the request's items.

    Raises:
        Refusal: 400, or 404 for items that are not stored.
    """
    before: tuple[Item, ...] = ()
    if previous_id is not None:
        found = store.conversation(previous_id)
        if found is None:
            message = f"Previous response with id '{previous_id}' not found."
            raise invalid_chat(message, "previous_response_id", "previous_response_not_found")
        before = found
    whole = [*before, *(_resolved(item, store) for item in items)]
    _check_unique(whole)
    _check_tool_outputs(whole)
    _check_reasoning(whole, store)
    return whole


def _resolved(item: Item, store: ResponseStore) -> Item:
    """The item; what is only named, as it is stored."""
    if item["type"] == "item_reference":
        found = store.item(item["id"])
        if found is None:
            raise _not_stored(item["id"])
        return found
    if item["type"] == "reasoning":
        _check_own_reasoning(item, store)
    return item


def _not_stored(item_id: str) -> Refusal:
    message = (
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. "
        "Try again with `store` set to true, or remove this item from your input."
    )
    return Refusal(404, openai_error(message, param="input"))


def _check_own_reasoning(item: Item, store: ResponseStore) -> None:
    encrypted, item_id = item.get("encrypted_content"), item.get("id")
    if encrypted is None:
        if item_id is None or store.item(item_id) is None:
            raise _not_stored(str(item_id))
        return
    content = unseal(_SEAL, encrypted)
    if content is None:
        raise _not_verified(encrypted, "Encrypted content could not be decrypted or parsed.")
    if item_id is not None and not content.startswith(f"{item_id}\0"):
        raise _not_verified(encrypted, "Encrypted content item_id did not match the target item id.")


def _not_verified(encrypted: str, reason: str) -> Refusal:
    message = f"The encrypted content {encrypted[:4]}...{encrypted[-4:]} could not be verified. Reason: {reason}"
    return invalid_chat(message, code="invalid_encrypted_content")


def _check_unique(items: list[Item]) -> None:
    seen: set[str] = set()
    for item in items:
        item_id = item.get("id")
        if item_id in seen:
            message = f"Duplicate item found with id {item_id}. Remove duplicate items from your input and try again."
            raise invalid_chat(message, "input")
        if item_id is not None:
            seen.add(item_id)


def _check_tool_outputs(items: list[Item]) -> None:
    """Every output has its call before it, and every call its output behind it."""
    open_calls: dict[str, str] = {}
    called: set[str] = set()
    for item in items:
        if item["type"] in CALLS:
            open_calls[item["call_id"]] = CALLS[item["type"]]
            called.add(item["call_id"])
        elif item["type"] in OUTPUTS:
            if item["call_id"] not in called:
                what = OUTPUTS[item["type"]]
                raise invalid_chat(f"No tool call found for {what} with call_id {item['call_id']}.", "input")
            open_calls.pop(item["call_id"], None)
    for call_id, kind in open_calls.items():
        raise invalid_chat(f"No tool output found for {kind} {call_id}.", "input")


def _check_reasoning(items: list[Item], store: ResponseStore) -> None:
    """Reasoning stands before something that the model said, and what the model said after it does not lack it."""
    ids = {item["id"] for item in items if item.get("id")}
    for place, item in enumerate(items):
        if item["type"] == "reasoning":
            following = next((later for later in items[place + 1 :] if later["type"] != "reasoning"), None)
            if following is None or not _is_said_by_model(following):
                name = item.get("id", "")
                message = f"Item '{name}' of type 'reasoning' was provided without its required following item."
                raise invalid_chat(message, "input")
        needed = store.reasoning_of(item.get("id", ""))
        if needed is not None and needed not in ids:
            message = (
                f"Item '{item['id']}' of type '{item['type']}' was provided without its required 'reasoning' item: "
                f"'{needed}'."
            )
            raise invalid_chat(message, "input")


def _is_said_by_model(item: Item) -> bool:
    """Whether the model made an item: its message, or a call of any tool."""
    return item.get("role") == "assistant" or item["type"].endswith("_call")
