"""A task's handle: two strings, and what can be asked with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any

from typing_extensions import Unpack

from seacloud_client.media import TaskResult
from seacloud_client.task_flows import Created
from seacloud_client.task_wire import Cancellation, TaskStatus

if TYPE_CHECKING:
    from seacloud_client.queue import Queue, Watching


class Task:
    """A task of the media queue. Get one from `Queue.submit`, or from its two strings by `Queue.task`.

    Iterating it gives its status, again and again, until it is over (`for` or `async for`); awaiting it gives its
    result. It can be pickled: the copy asks the same service, with the key of the environment where it is unpickled.
    `queue.task(**task.to_dict())` makes it anew with the queue's own key.

    Attributes:
        model: the model that runs it.
        request_id: its id.
    """

    __slots__ = ("_queue", "created")

    def __init__(self, queue: Queue, created: Created) -> None:
        self._queue = queue
        self.created = created

    @property
    def model(self) -> str:
        """The model that runs it."""
        return self.created.model

    @property
    def request_id(self) -> str:
        """Its id."""
        return self.created.request_id

    def to_dict(self) -> dict[str, str]:
        """The handle as JSON: `model` and `request_id`, the arguments of `Queue.task`."""
        return {"model": self.model, "request_id": self.request_id}

    def status(self) -> TaskStatus:
        """How it is now. See `Queue.status`."""
        return self._queue.status(self)

    async def astatus(self) -> TaskStatus:
        """`status`, async."""
        return await self._queue.astatus(self)

    def result(self) -> TaskResult | None:
        """What it made; `None` while it is not finished. See `Queue.result`."""
        return self._queue.result(self)

    async def aresult(self) -> TaskResult | None:
        """`result`, async."""
        return await self._queue.aresult(self)

    def cancel(self) -> Cancellation:
        """Cancels it. See `Queue.cancel`."""
        return self._queue.cancel(self)

    async def acancel(self) -> Cancellation:
        """`cancel`, async."""
        return await self._queue.acancel(self)

    def wait(self, **options: Unpack[Watching]) -> TaskResult:
        """Waits for its result. See `Queue.wait`."""
        return self._queue.wait(self, **options)

    async def await_(self, **options: Unpack[Watching]) -> TaskResult:
        """`wait`, async. `await task` is the same, with the defaults."""
        return await self._queue.await_(self, **options)

    def __iter__(self) -> Iterator[TaskStatus]:
        return self._queue.watch(self)

    def __aiter__(self) -> AsyncIterator[TaskStatus]:
        return self._queue.awatch(self)

    def __await__(self) -> Generator[Any, Any, TaskResult]:
        return self.await_().__await__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.model, self.request_id))

    def __repr__(self) -> str:
        return f"Task(model={self.model!r}, request_id={self.request_id!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_unpickled, (self.model, self.request_id, self._queue.settings.base_url))


def _unpickled(model: str, request_id: str, base_url: str) -> Task:
    from seacloud_client.queue import Queue  # noqa: PLC0415  # it imports this module

    return Queue(base_url=base_url).task(model, request_id)
