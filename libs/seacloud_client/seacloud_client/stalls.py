"""Giving up on a stream that stays open and says nothing.

A read timeout sees the silence between two bytes alone. Pings and comments break that silence without saying anything
of the reply, so here the time is counted in which nothing of the reply came. Only waiting for bytes counts: a consumer
may take as long as it likes between two of them.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import TYPE_CHECKING

import anyio

from seacloud_client.endings import ause_up, use_up
from seacloud_client.errors import TimedOut
from seacloud_client.flows import HttpAnswer
from seacloud_client.settings import Settings

if TYPE_CHECKING:
    from seacloud_client.streams import StreamReader


class StallWatch:
    """The bytes of a streamed answer, as long as they say something: iterate over one of its two sides.

    Args:
        answer: the answer whose bytes they are.
        reader: who reads them, and knows whether they said anything.
        settings: `stall_timeout` is the patience, else `timeout`.

    Raises:
        TimedOut: while iterating, when nothing of the reply came for so many seconds.
    """

    def __init__(self, answer: HttpAnswer, reader: StreamReader, settings: Settings) -> None:
        self._answer = answer
        self._reader = reader
        self._is_asked_for = settings.stall_timeout is not None
        self._seconds = settings.timeout if settings.stall_timeout is None else settings.stall_timeout
        self._waited = 0.0

    def over(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """The same bytes, up to the announced end of the stream; what is left is used up."""
        if self._is_asked_for:
            self._shorten_read_timeout()
        while not self._reader.is_done:
            begun = self._begin()
            try:
                data = next(body, None)
            except TimedOut:
                raise self._stalled() from None
            if data is None:
                return
            self._waited += time.monotonic() - begun
            yield data
        use_up(self._answer, body)

    async def aover(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """`over`, async. A timer for each read costs some 10 us, so without a `stall_timeout` httpx's has to do."""
        while not self._reader.is_done:
            begun = self._begin()
            try:
                if self._is_asked_for:
                    with anyio.fail_after(self._seconds - self._waited):
                        data = await anext(body, None)
                else:
                    data = await anext(body, None)
            except TimeoutError:  # TimedOut is one
                raise self._stalled() from None
            if data is None:
                return
            self._waited += time.monotonic() - begun
            yield data
        await ause_up(body)

    def _begin(self) -> float:
        """Judges what has been read so far, and starts the next wait."""
        if self._reader.has_news:
            self._waited = 0.0
        elif self._waited >= self._seconds:
            raise self._stalled()
        return time.monotonic()

    def _shorten_read_timeout(self) -> None:
        """Makes httpx wait no longer for the next bytes; its timeout for the whole call was for the first ones.

        httpx's transport looks at the request's extension when it begins to read the body.
        """
        response = self._answer.stream
        if response is not None:
            response.request.extensions.setdefault("timeout", {})["read"] = self._seconds

    def _stalled(self) -> TimedOut:
        return TimedOut(
            f"The stream of {self._answer.url} has said nothing for {self._seconds:g} s. It may still be generated, "
            f"and billed; raise {'stall_timeout' if self._is_asked_for else 'timeout'} if need be.",
            request_id=self._answer.request_id,
        )
