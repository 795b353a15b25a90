"""The words for why a reply ended: OpenAI's, and those of vendors and gateways that speak its protocol."""

from __future__ import annotations

from collections.abc import Mapping

from seacloud_client.conversation import Finish

FINISHES: Mapping[str, Finish] = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,  # Together
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "max_output_tokens": Finish.LENGTH,
    "model_length": Finish.LENGTH,  # Mistral
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "tool_use": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
    "sensitive": Finish.CONTENT_FILTER,  # Z.ai
    "safety": Finish.CONTENT_FILTER,  # this and the next seven are Gemini's
    "recitation": Finish.CONTENT_FILTER,
    "blocklist": Finish.CONTENT_FILTER,
    "prohibited_content": Finish.CONTENT_FILTER,
    "spii": Finish.CONTENT_FILTER,
    "image_safety": Finish.CONTENT_FILTER,
    "image_prohibited_content": Finish.CONTENT_FILTER,
    "image_recitation": Finish.CONTENT_FILTER,
    "refusal": Finish.REFUSAL,
    "error": Finish.ERROR,
    "network_error": Finish.ERROR,  # Z.ai
    "malformed_function_call": Finish.ERROR,  # this and the next are Gemini's: it wrote a call that cannot be read
    "function_call_filter": Finish.ERROR,
    "insufficient_system_resource": Finish.ERROR,  # DeepSeek
}
