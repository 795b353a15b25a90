"""What can be said of pictures, sounds and files in a message without looking at what they show."""

from __future__ import annotations

import base64
import binascii
import io
import re

from PIL import Image

from seacloud_emulator.brain.question import Attachment

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w-]+=[\w.-]+)*;base64,(?P<data>.*)", re.DOTALL)

IMAGE_TOKENS = 85
BYTES_PER_TOKEN = 1000
"""What sounds and files count for."""


class BadAttachmentError(ValueError):
    """An attachment whose data cannot be read."""


def describe_url(kind: str, url: str) -> Attachment:
    """An attachment by its address: a data URL is looked at, any other is only named.

    Raises:
        BadAttachmentError: for a data URL that is not base64.
    """
    if not url.startswith("data:"):
        return Attachment(kind, f"at {url}", IMAGE_TOKENS)
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise BadAttachmentError("a data URL must be of the form data:<media type>;base64,<data>")
    return describe_data(kind, match["data"], match["type"] or "")


def describe_data(kind: str, data: str, media_type: str) -> Attachment:
    """An attachment by its base64 data.

    Raises:
        BadAttachmentError: if the data is not base64.
    """
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAttachmentError(f"the data is not base64: {error}") from error
    if kind == "image" and (facts := _image_facts(content)):
        return Attachment(kind, facts, IMAGE_TOKENS)
    facts = ", ".join(fact for fact in (media_type, f"{len(content)} bytes") if fact)
    return Attachment(kind, facts, IMAGE_TOKENS if kind == "image" else 1 + len(content) // BYTES_PER_TOKEN)


def _image_facts(content: bytes) -> str:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return f"{image.format}, {image.width}x{image.height}"
    except (OSError, ValueError, Image.DecompressionBombError):
        return ""


def in_words(attachments: tuple[Attachment, ...]) -> str:
    """The attachments as a phrase: `one image (PNG, 12x8) and two files (...)`."""
    phrases = []
    for kind in dict.fromkeys(attachment.kind for attachment in attachments):
        same = [attachment.description for attachment in attachments if attachment.kind == kind]
        facts = "; ".join(fact for fact in same if fact)
        phrases.append(f"{_number(len(same), kind)}{f' ({facts})' if facts else ''}")
    return " and ".join(phrases)


def _number(number: int, kind: str) -> str:
    words = ("no", "one", "two", "three", "four", "five")
    amount = words[number] if number < len(words) else str(number)
    noun = {"audio": "audio clip"}.get(kind, kind)
    return f"{amount} {noun}{'' if number == 1 else 's'}"
