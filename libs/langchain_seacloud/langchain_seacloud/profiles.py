"""The facts of a model as LangChain's model profile."""

from __future__ import annotations

from typing import Any, cast

from langchain_core.language_models.model_profile import ModelProfile
from seacloud_client.models import ModelFacts, facts_of


def profile_of(model: str) -> ModelProfile | None:
    """What LangChain's agents and middlewares ask of a model; `None` for one of which nothing is known."""
    facts = facts_of(model)
    if facts == ModelFacts():
        return None
    profile: dict[str, Any] = {
        "max_input_tokens": facts.max_input_tokens,
        "max_output_tokens": facts.max_output_tokens,
        "text_inputs": True,
        "text_outputs": True,
        "image_inputs": facts.image_inputs,
        "image_url_inputs": facts.image_inputs,
        "image_tool_message": facts.image_inputs,
        "pdf_inputs": facts.pdf_inputs,
        "pdf_tool_message": facts.pdf_inputs,
        "audio_inputs": facts.audio_inputs,
        "video_inputs": facts.video_inputs,
        "tool_calling": facts.tool_calling,
        "tool_call_streaming": facts.tool_calling,
        "tool_choice": facts.tool_choice,
        "structured_output": facts.structured_output,
        "reasoning_output": facts.reasoning,
        "reasoning_effort_levels": list(facts.reasoning_efforts) or None,
        "temperature": facts.temperature,
    }
    return cast("ModelProfile", {name: value for name, value in profile.items() if value is not None})
