"""Parts of a conversation as LangChain's standard content blocks, and usage as its usage metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from seacloud_client.conversation import Annotation, Media, Reasoning, Text, Usage

REASONING_TEXT = "reasoning_text"
"""The form of reasoning of Responses that is no summary but the text itself, as open models give it."""


def usage_metadata(usage: Usage) -> UsageMetadata:
    """The usage in LangChain's terms, which are ours.

    What was put into the cache for a known time is told under langchain-anthropic's names and, as there, not again as
    `cache_creation`: LangSmith adds up what each of them costs.
    """
    timed = given(
        ephemeral_5m_input_tokens=usage.cache_creation_5m_tokens,
        ephemeral_1h_input_tokens=usage.cache_creation_1h_tokens,
    )
    created = usage.cache_creation_tokens
    heard = given(
        cache_read=usage.cache_read_tokens,
        cache_creation=created and max(created - sum(timed.values()), 0),
        audio=usage.input_audio_tokens,
        **timed,
    )
    said = given(reasoning=usage.reasoning_tokens, audio=usage.output_audio_tokens)
    counts = UsageMetadata(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.total_tokens
    )
    if heard:
        counts["input_token_details"] = cast("InputTokenDetails", heard)
    if said:
        counts["output_token_details"] = cast("OutputTokenDetails", said)
    return counts


def citation_block(annotation: Annotation) -> dict[str, Any]:
    """A citation in LangChain's standard form, with the wire's own behind it, for the way back."""
    return {
        "type": "citation",
        **given(
            url=annotation.url,
            title=annotation.title,
            cited_text=annotation.cited_text,
            start_index=annotation.start,
            end_index=annotation.end,
        ),
        "extras": {"type": annotation.type, "protocol": annotation.protocol, "raw": dict(annotation.raw)},
    }


_FORMS_OF_ITEMS: Mapping[str | None, dict[str, Any]] = {
    None: {},
    "summary_text": {},
    REASONING_TEXT: {"content": []},
}
"""The forms of reasoning that Responses has (none where it shows nothing), and how a block's `extras` tell them."""


def reasoning_block(part: Reasoning) -> dict[str, Any]:
    """Reasoning in the standard form. What the provider wants back is in its `extras`.

    Of Responses, that is only what an item of the protocol's own may have: langchain-openai writes the `extras` out as
    keys of the item. So the form is told by an empty `content`, or by there being no text, and the protocol by the
    message's metadata. Nothing of the kind helps the other protocols' reasoning, which is no such item at all.
    """
    form = _FORMS_OF_ITEMS.get(part.form, given(protocol=part.protocol, form=part.form))
    known = {**form, **sealed(part.signature, part.encrypted)}
    extras = {**(part.extras or {}), **known}
    return {
        "type": "reasoning",
        **({} if part.form is None and not part.text else {"reasoning": part.text}),
        **({"id": part.id} if part.id else {}),
        **({"extras": extras} if extras else {}),
    }


def sealed(signature: str | None, encrypted: str | None) -> dict[str, str]:
    """What only the provider can read of reasoning, by the names that LangChain's other packages have for it."""
    return given(signature=signature, encrypted_content=encrypted)


def media_block(part: Media) -> dict[str, Any]:
    """A picture, sound, film or file in the standard form."""
    known = given(item_id=part.id, transcript=getattr(part, "transcript", None), filename=part.name)
    extras = {**(part.extras or {}), **known}
    return {
        "type": part.kind,
        **given(url=part.url, base64=part.data, file_id=part.file_id, mime_type=part.media_type),
        **({"extras": extras} if extras else {}),
    }


def refusal_block(kwargs: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any] | None:
    """A refusal in the standard form (of langchain-core 1.8), if a message's `additional_kwargs` or metadata tell one.

    Messages tells it by the finish reason. The model's words are text there; this is what the provider says of it.
    """
    if kwargs.get("refusal"):
        return {"type": "refusal", "refusal": kwargs["refusal"]}
    if facts.get("finish_reason") != "refusal":
        return None
    details = facts.get("stop_details")
    details = details if isinstance(details, Mapping) else {}
    return {
        "type": "refusal",
        "refusal": str(details.get("explanation") or ""),
        "extras": {"protocol": "messages", **given(category=details.get("category"))},
    }


def text_block(part: Text) -> dict[str, Any]:
    """The beginning of a text: what is known of it but its words."""
    return {
        "type": "text",
        "text": "",
        **({"id": part.id} if part.id else {}),
        **({"extras": dict(part.extras)} if part.extras else {}),
    }


def given(**facts: Any) -> dict[str, Any]:
    """The facts that there are."""
    return {name: value for name, value in facts.items() if value is not None}
