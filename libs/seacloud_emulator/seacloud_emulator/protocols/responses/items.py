"""What each item of a Responses input must be by itself. `context` has the rules among them.

The rules are those of OpenAI's public reference, and the messages resemble its own. Items that the emulator does not
read (those of built-in tools but the search of the web) only have to be of a known type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from seacloud_emulator.brain.attachments import BadAttachmentError, describe_url
from seacloud_emulator.refusals import Refusal, invalid_chat

Item = dict[str, Any]
Check = Callable[[Item, str], None]

ROLES = ("user", "assistant", "system", "developer")

INPUT_PARTS = ("input_text", "input_image", "input_file")
OUTPUT_PARTS = ("output_text", "refusal")

LONGEST_ID = 64

_NAME = re.compile(r"[a-zA-Z0-9_-]+")


def check_items(given: Any) -> list[Item]:
    """The items of an input; a text is the user's message.

    Raises:
        Refusal: 400 with OpenAI's error object, which names the field.
    """
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list):
        raise wrong_type("input", "one of a string or array of input items", given)
    return [_checked(item, f"input[{place}]") for place, item in enumerate(given)]


def _checked(item: Any, where: str) -> Item:
    if not isinstance(item, dict):
        raise wrong_type(where, "an input item", item)
    kind = item.get("type") or _implied_type(item, where)
    if not is_one_of(kind, _CHECKS):
        raise wrong_value(f"{where}.type" if "type" in item else where, kind, tuple(_CHECKS))
    checked = {**item, "type": kind}
    _check_id(checked, where)
    _CHECKS[kind](checked, where)
    return checked


def _implied_type(item: Item, where: str) -> str:
    """The type of an item that names none: a message, or a reference."""
    if "role" in item:
        return "message"
    if set(item) <= {"id", "type"} and "id" in item:
        return "item_reference"
    raise missing(f"{where}.type")


def _check_id(item: Item, where: str) -> None:
    item_id = item.get("id")
    if item_id is None:
        return
    check_text(item, "id", where)
    prefix = _ID_PREFIXES.get(item["type"], "")
    if not item_id.startswith(prefix):
        message = f"Invalid '{where}.id': '{item_id}'. Expected an ID that begins with '{prefix}'."
        raise invalid_chat(message, f"{where}.id", "invalid_value")
    check_length(item, "id", where)


_ID_PREFIXES: Mapping[str, str] = {
    "message": "msg",
    "function_call": "fc",
    "custom_tool_call": "ctc",
    "reasoning": "rs",
    "web_search_call": "ws",
}


def _message(item: Item, where: str) -> None:
    role = item.get("role")
    if role not in ROLES:
        raise wrong_value(f"{where}.role", role, ROLES)
    content = item.get("content")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise missing(f"{where}.content") if content is None else wrong_type(f"{where}.content", "an array", content)
    check_parts(content, OUTPUT_PARTS if role == "assistant" else INPUT_PARTS, f"{where}.content")


def check_parts(parts: list[Any], kinds: tuple[str, ...], where: str) -> None:
    """Refuses parts of other kinds, and those that are not whole."""
    for place, part in enumerate(parts):
        here = f"{where}[{place}]"
        if not isinstance(part, dict):
            raise wrong_type(here, "an object", part)
        if part.get("type") not in kinds:
            raise wrong_value(f"{here}.type", part.get("type"), kinds)
        _PARTS[part["type"]](part, here)


def _image(part: Item, where: str) -> None:
    if part.get("image_url") is None and part.get("file_id") is None:
        raise missing(f"{where}.image_url")
    if part.get("image_url") is not None:
        check_text(part, "image_url", where)
        _check_address(part["image_url"], f"{where}.image_url", "image")


def _file(part: Item, where: str) -> None:
    given = [name for name in ("file_data", "file_url", "file_id") if part.get(name) is not None]
    if len(given) != 1:
        message = f"Mutually exclusive parameters: {where} must have one of 'file_data', 'file_url', 'file_id'."
        raise invalid_chat(message, where, "mutually_exclusive_parameters")
    check_text(part, given[0], where)
    if given == ["file_data"]:
        check_text(part, "filename", where)
        if not part["file_data"].startswith("data:"):
            message = f"Invalid '{where}.file_data'. Expected a base64-encoded data URL with its MIME type."
            raise invalid_chat(message, f"{where}.file_data", "invalid_value")
        _check_address(part["file_data"], f"{where}.file_data", "file")


def _check_address(address: str, where: str, kind: str) -> None:
    if not address.startswith(("data:", "http://", "https://")):
        raise invalid_chat(f"Invalid '{where}'. Expected a valid URL, but got an invalid format.", where, "invalid_url")
    try:
        describe_url(kind, address)
    except BadAttachmentError as error:
        code = "invalid_base64_image" if kind == "image" else "invalid_base64"
        raise invalid_chat(f"Invalid '{where}': {error}", where, code) from error


_PARTS: Mapping[str, Check] = {
    "input_text": lambda part, where: check_text(part, "text", where),
    "input_image": _image,
    "input_file": _file,
    "output_text": lambda part, where: check_text(part, "text", where),
    "refusal": lambda part, where: check_text(part, "refusal", where),
}


def _call(argument: str) -> Check:
    def check(item: Item, where: str) -> None:
        for name in ("call_id", "name", argument):
            check_text(item, name, where)
        check_length(item, "call_id", where)
        if not _NAME.fullmatch(item["name"]):
            message = f"Invalid '{where}.name': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$'."
            raise invalid_chat(message, f"{where}.name", "invalid_value")

    return check


def _output(item: Item, where: str) -> None:
    check_text(item, "call_id", where)
    output = item.get("output")
    if output is None:
        raise missing(f"{where}.output")
    if isinstance(output, str):
        return
    if not isinstance(output, list):
        raise wrong_type(f"{where}.output", "one of a string or array of output content", output)
    check_parts(output, INPUT_PARTS, f"{where}.output")


def _reasoning(item: Item, where: str) -> None:
    summary = item.get("summary")
    if not isinstance(summary, list):
        raise missing(f"{where}.summary") if summary is None else wrong_type(f"{where}.summary", "an array", summary)
    for place, part in enumerate(summary):
        here = f"{where}.summary[{place}]"
        if not isinstance(part, dict) or part.get("type") != "summary_text":
            raise wrong_value(f"{here}.type", part.get("type") if isinstance(part, dict) else part, ("summary_text",))
        check_text(part, "text", here)
    if item.get("encrypted_content") is not None:
        check_text(item, "encrypted_content", where)


def _reference(item: Item, where: str) -> None:
    check_text(item, "id", where)


def _web_search_call(item: Item, where: str) -> None:
    check_text(item, "id", where)
    check_text(item, "status", where)


def _unread(_item: Item, _where: str) -> None:
    pass


_CHECKS: Mapping[str, Check] = {
    "message": _message,
    "function_call": _call("arguments"),
    "function_call_output": _output,
    "custom_tool_call": _call("input"),
    "custom_tool_call_output": _output,
    "reasoning": _reasoning,
    "item_reference": _reference,
    "web_search_call": _web_search_call,
    **dict.fromkeys(
        (
            *("file_search_call", "code_interpreter_call", "image_generation_call", "computer_call"),
            *("computer_call_output", "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output"),
            *("apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_approval_request"),
            *("mcp_approval_response", "mcp_call", "tool_search_call", "tool_search_output", "additional_tools"),
            *("configuration_update", "compaction", "compaction_trigger", "program", "program_output"),
        ),
        _unread,
    ),
}


def is_one_of(value: Any, names: Container[str]) -> bool:
    """Whether a value, which may be anything, is one of these names."""
    return isinstance(value, str) and value in names


def check_text(item: Item, name: str, where: str) -> None:
    """Refuses a field that is not there, or is no text."""
    value = item.get(name)
    if value is None:
        raise missing(f"{where}.{name}")
    if not isinstance(value, str):
        raise wrong_type(f"{where}.{name}", "a string", value)


def check_length(item: Item, name: str, where: str) -> None:
    """Refuses an id that is longer than ids may be."""
    if len(item[name]) > LONGEST_ID:
        message = (
            f"Invalid '{where}.{name}': string too long. Expected a string with maximum length {LONGEST_ID}, "
            f"but got a string with length {len(item[name])} instead."
        )
        raise invalid_chat(message, f"{where}.{name}", "string_above_max_length")


def missing(where: str) -> Refusal:
    """The refusal of a request that lacks a field."""
    return invalid_chat(f"Missing required parameter: '{where}'.", where, "missing_required_parameter")


def wrong_type(where: str, expected: str, value: Any) -> Refusal:
    """The refusal of a value of the wrong type."""
    kind = "null" if value is None else type(value).__name__
    message = f"Invalid type for '{where}': expected {expected}, but got {kind} instead."
    return invalid_chat(message, where, "invalid_type")


def wrong_value(where: str, value: Any, allowed: tuple[str, ...]) -> Refusal:
    """The refusal of a value that is none of those allowed."""
    names = ", ".join(f"'{name}'" for name in allowed)
    return invalid_chat(f"Invalid value: {value!r}. Supported values are: {names}.", where, "invalid_value")
