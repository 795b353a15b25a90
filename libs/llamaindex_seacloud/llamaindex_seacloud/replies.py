"""A whole reply as LlamaIndex's response.

Where things are:

- the message's `blocks`: text, thinking, tool calls, media, citations;
- `message.additional_kwargs`: `tool_calls` in OpenAI's form (LlamaIndex's structured prediction reads them there),
  `refusal`, and what the provider wants back (`FACTS`, `MESSAGE_FIELDS` and `CONTAINER` of
  `llamaindex_seacloud.blocks`);
- `raw`: what is known of the reply as a whole, with `usage` where LlamaIndex's token counter looks for it;
- `additional_kwargs` of the response: token counts by OpenAI's names, `finish_reason` (the wire's word), `finish` (one
  word for all protocols) and `request_id`.
"""

from __future__ import annotations

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LogProb,
    MessageRole,
    TextBlock,
)
from pydantic import ValidationError
from seacloud_client.conversation import Choice, Extras, Logprobs, Reply, Usage, wanted_back

from llamaindex_seacloud.blocks import CONTAINER, FACTS, MESSAGE_FIELDS, Json, call_json, given, tell


def response_of(reply: Reply, *, delta: str | None = None) -> ChatResponse:
    """The response that tells a whole reply. LlamaIndex has room for one choice: the first.

    Args:
        reply: the reply.
        delta: the new text, where this ends a stream.
    """
    choice = reply.choice
    return ChatResponse(
        message=message_of(choice, reply.container),
        raw=raw_of(reply, choice),
        delta=delta,
        logprobs=_logprobs(choice.logprobs),
        additional_kwargs={
            **(_counts(reply.usage) if reply.usage is not None else {}),
            "finish_reason": choice.finish_reason or choice.finish.value,
            "finish": choice.finish.value,
            **given(request_id=reply.request_id),
        },
    )


def message_of(choice: Choice, container: str | None = None) -> ChatMessage:
    """The assistant's message, from which the next request can be made without loss."""
    blocks, facts = tell(choice.parts)
    kwargs: Json = {}
    calls = [call_json(call, call.arguments) for call in choice.tool_calls]
    if calls:
        kwargs["tool_calls"] = calls
    if choice.refusal is not None:
        kwargs["refusal"] = choice.refusal
    if facts:
        kwargs[FACTS] = facts
    fields = wanted_back(choice.extras)
    if fields:
        kwargs[MESSAGE_FIELDS] = dict(fields)
    if container is not None:
        kwargs[CONTAINER] = container
    return ChatMessage(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs=kwargs)


def raw_of(reply: Reply, choice: Choice) -> Json:
    """What is known of the reply as a whole."""
    extras = {**_plain(reply.extras), **_plain(choice.extras)}
    return {
        **extras,
        **given(
            id=reply.id,
            model=reply.model,
            created=reply.created,
            service_tier=reply.service_tier,
            request_id=reply.request_id,
        ),
        "protocol": reply.protocol,
        "finish_reason": choice.finish_reason or choice.finish.value,
        "usage": _usage(reply.usage) if reply.usage is not None else None,
    }


def _plain(extras: Extras | None) -> Json:
    return dict(extras) if extras else {}


def _usage(usage: Usage) -> Json:
    """The usage, normalised, under the names that LlamaIndex's token counter and others look for."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        **_counts(usage),
        **({"wire": dict(usage.raw)} if usage.raw else {}),
    }


def _counts(usage: Usage) -> Json:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        **given(
            cache_read_tokens=usage.cache_read_tokens,
            cache_creation_tokens=usage.cache_creation_tokens,
            cache_creation_5m_tokens=usage.cache_creation_5m_tokens,
            cache_creation_1h_tokens=usage.cache_creation_1h_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            input_audio_tokens=usage.input_audio_tokens,
            output_audio_tokens=usage.output_audio_tokens,
        ),
    }


def _logprobs(logprobs: Logprobs | None) -> list[list[LogProb]] | None:
    """For each token the alternatives that the wire gives, as LlamaIndex has it; where there are none, itself."""
    if logprobs is None:
        return None
    return [_alternatives(token) for token in (*logprobs.content, *logprobs.refusal)]


def _alternatives(token: Extras) -> list[LogProb]:
    found = token.get("top_logprobs")
    given_ones = found if isinstance(found, list) and found else [token]
    return [logprob for one in given_ones if isinstance(one, dict) and (logprob := _logprob(one)) is not None]


def _logprob(token: Extras) -> LogProb | None:
    """One of them; `None` for what is no such thing, which LlamaIndex's type could not hold."""
    try:
        return LogProb(token=token.get("token", ""), logprob=token.get("logprob", 0.0), bytes=token.get("bytes") or [])
    except ValidationError:
        return None


def text_of(message: ChatMessage) -> str:
    """A message's text as it was written. `ChatMessage.content` breaks the line between texts, in mid-sentence too."""
    return "".join([block.text for block in message.blocks if isinstance(block, TextBlock)])


def completion_of(response: ChatResponse) -> CompletionResponse:
    """A chat's response as a completion's."""
    return CompletionResponse(
        text=text_of(response.message),
        delta=response.delta,
        raw=response.raw,
        logprobs=response.logprobs,
        additional_kwargs=response.additional_kwargs,
    )
