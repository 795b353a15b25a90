"""The ids of tool calls, in a form that a protocol takes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque

from seacloud_client.protocols.values import made_up_id

ANTHROPIC_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
"""What Anthropic takes for the id of a call, by its error's words, on whichever protocol its model is spoken to."""

_ANY_CALL_ID = re.compile(r".+", re.DOTALL)


class CallIds:
    """Maps the ids of calls that are not of the right form, the same way each time, and makes each id unique.

    Some gateways use an id anew in every turn. `history.mend` puts a call's results right behind it, so the calls of
    an id and its results go by turns.

    Args:
        form: what the model's vendor takes; `None` where that is not known. An id goes back as it came then, unless it
            is empty: gateways keep in it what Gemini wants again (`call_...__thought__` and a signature).
        prefix: what ids begin with that are mapped.
        length: how many characters those have; `None` for any number.
    """

    def __init__(self, form: re.Pattern[str] | None, prefix: str, length: int | None = None) -> None:
        self._form = form or _ANY_CALL_ID
        self._prefix = prefix
        self._length = length
        self._used: set[str] = set()
        self._repeated: Counter[str] = Counter()  # how often an id was mapped again
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)

    def of_call(self, call_id: str) -> str:
        """The id of a call, which waits for its result from now on."""
        mapped = self._formed(call_id)
        while mapped in self._used:
            self._repeated[call_id] += 1
            mapped = self._made_up(call_id, self._repeated[call_id])
        self._used.add(mapped)
        self._waiting[call_id].append(mapped)
        return mapped

    def of_result(self, call_id: str) -> str:
        """The id of the call that a result belongs to; its own, well formed, if the call is not in the history."""
        waiting = self._waiting.get(call_id)
        return waiting.popleft() if waiting else self._formed(call_id)

    def _formed(self, call_id: str) -> str:
        return call_id if self._form.fullmatch(call_id) else self._made_up(call_id)

    def _made_up(self, *seed: object) -> str:
        return made_up_id(self._prefix, *seed)[: self._length]
