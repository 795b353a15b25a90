"""The facts of a model as LlamaIndex's metadata."""

from __future__ import annotations

from llama_index.core.base.llms.types import LLMMetadata
from seacloud_client.models import facts_of

UNKNOWN_CONTEXT_WINDOW = 32_768
"""Tokens that a model of which nothing is known is taken to have room for. LlamaIndex's own default, 3,900, would cut
prompts for no reason; the models of today have room for more than this."""

UNKNOWN_OUTPUT = -1
"""LlamaIndex's word for a limit of the answer that is not known."""


def metadata_of(
    model: str, *, context_window: int | None, max_tokens: int | None, is_function_calling_model: bool | None
) -> LLMMetadata:
    """What LlamaIndex asks of a model. It is cheap, and a model that is not known gets defaults.

    Args:
        model: the model's id.
        context_window: tokens that go in and come out; `None` takes the facts.
        max_tokens: the most tokens of an answer, where the user has set it.
        is_function_calling_model: whether it calls tools; `None` takes the facts, and trusts a model of which
            they say nothing.
    """
    facts = facts_of(model)
    if is_function_calling_model is None:
        is_function_calling_model = facts.tool_calling is not False
    return LLMMetadata(
        context_window=context_window or facts.max_input_tokens or UNKNOWN_CONTEXT_WINDOW,
        num_output=max_tokens or UNKNOWN_OUTPUT,
        is_chat_model=True,
        is_function_calling_model=is_function_calling_model,
        model_name=model,
    )
