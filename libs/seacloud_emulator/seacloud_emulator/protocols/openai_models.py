"""What OpenAI's models do not take, by their names. Of models with other names nothing is known, and all is taken."""

from __future__ import annotations

import re

from seacloud_emulator.protocols.bodies import Body
from seacloud_emulator.refusals import invalid_chat

_O_SERIES = re.compile(r"(?:.*/)?o\d(?!\w)", re.IGNORECASE)


def check_model_takes(body: Body) -> None:
    """Refuses `parallel_tool_calls`, true or false, for the o-series, as OpenAI's API does on both of its protocols.

    Raises:
        Refusal: 400 with OpenAI's error object.
    """
    if body.get("parallel_tool_calls") is not None and _O_SERIES.match(body["model"]):
        raise invalid_chat(
            "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
            "parallel_tool_calls",
            "unsupported_parameter",
        )
