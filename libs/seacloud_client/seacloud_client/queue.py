"""The asynchronous media queue: a task is created, waited for, and gives its result; sync and async.

    result = Queue().run("nano_banana_2", {"prompt": "a cinematic photo of a cat astronaut"})
    result.outputs[0].save("pictures")

What may be billed is never sent twice: a task is posted once. What nobody waits for any more is not left running: when
a wait ends without a result, whatever the reason (the deadline, Ctrl-C, a cancelled asyncio task, an error in a
callback, an iterator that is closed), the remote task is cancelled within 5 seconds, unless `on_interrupt="keep"`.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import httpx
from pydantic import SecretStr
from typing_extensions import TypedDict, Unpack

from seacloud_client.downloads import Downloader
from seacloud_client.drivers import acleaning_up, adrive, cleaning_up, drive
from seacloud_client.errors import InvalidInputError, SeaCloudError
from seacloud_client.flows import Flow
from seacloud_client.interrupts import Interrupted, Interruption, registered
from seacloud_client.json_bodies import to_json
from seacloud_client.lifecycle import Lifecycle, OnInterrupt, WaitOptions
from seacloud_client.media import Output, TaskResult
from seacloud_client.progress import Show, progress_line
from seacloud_client.settings import Settings, as_secret
from seacloud_client.task_flows import Created, TaskCalls, about, ask_result, ask_status, ask_to_cancel, check_id
from seacloud_client.task_wire import Cancellation, TaskStatus
from seacloud_client.tasks import Task
from seacloud_client.throttle import ThrottledTransport

if TYPE_CHECKING:
    from seacloud_client.contracts import AnyContract

__all__ = ["Cancellation", "OnInterrupt", "Output", "Queue", "Task", "TaskResult", "TaskStatus", "Watching"]

DEFAULT_TIMEOUT = 600.0
"""Seconds that a task may take unless told otherwise. There always is a deadline."""

DEFAULT_REQUEST_TIMEOUT = 30.0
"""Seconds that one call may take (the overview page's own examples use 30)."""

MAX_CONNECTIONS = 50
"""Calls that one queue has under way at a time in one event loop; others wait their turn, cancellations do not."""


class Waiting(TypedDict, total=False):
    """How a task is waited for.

    Attributes:
        timeout: seconds until the wait is given up, the creation included; by default the queue's, 600.
        interval: seconds between questions; by default they grow from half a second to ten, with some jitter. A
            Retry-After of the service's is honoured in either case.
        on_interrupt: `cancel` (the default) cancels the remote task if the wait ends without a result; `keep` leaves it
            running. The error carries its handle in either case: `model` and `task_id`.
    """

    timeout: float | None
    interval: float | None
    on_interrupt: OnInterrupt


class Watching(Waiting, total=False):
    """How a task is waited for, and who is told.

    Attributes:
        on_update: told each status as it comes. For the async methods it may be async. If it raises, the wait ends.
        progress: whether to show a live line on stderr: the status, the time, and what is being waited for.
    """

    on_update: Callable[[TaskStatus], Awaitable[object] | object] | None
    progress: bool


class Running(Watching, total=False):
    """How a task is created, waited for, and who is told.

    Attributes:
        contract: what the model's parameters must be: a `Contract`, a pydantic class, a contract's JSON that was read,
            or the path of a file. They are checked before anything is sent; by default the service alone does.
    """

    contract: AnyContract | None


class Queue:
    """Makes media with models. It is cheap to make, and safe to share among threads and event loops.

    Errors about a task carry its handle (`model`, `task_id`): `queue.task(error.model, error.task_id)` goes on with it.

    Args:
        api_key: by default the environment's `SEACLOUD_API_KEY`. It is asked for when the first call is made.
        base_url: the queue's base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/model`.
        timeout: seconds that a task may take unless told otherwise for each; 600 by default.
        request_timeout: seconds that one call may take; 30 by default. A connection gets 10 at most.
        max_retries: how often at most a question for status or result, or a cancellation, is repeated after 429, 502,
            503, 504, 529 or no answer, and a creation after a connection that could not be made; 2 by default.
        max_connections: calls that are under way at a time in one event loop, however many tasks wait; 50 by default.
            Cancellations come on top: they do not wait.
        follow_addresses: whether to ask where the service said a task's status and result are, as its overview page
            does. `False` always builds the addresses from `base_url`: for a gateway that hands out the service's own.
        headers: sent with every request.
        proxy: the address of a proxy; by default the environment's.
        transport: `httpx`, or `aiohttp` for async calls (needs the extra `fast`); sync calls go over httpx all the
            same.
        http_client: a client of your own for sync calls; it is never closed here.
        http_async_client: the same for async calls.

    Raises:
        ConfigurationError: if a setting makes no sense.
    """

    def __init__(
        self,
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        timeout: float | None = None,
        request_timeout: float | None = None,
        max_retries: int | None = None,
        max_connections: int = MAX_CONNECTIONS,
        follow_addresses: bool = True,
        headers: dict[str, str] | None = None,
        proxy: str | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        api_key = as_secret(api_key)
        self.settings = Settings.resolve(
            "model",
            api_key=api_key,
            base_url=base_url,
            timeout=DEFAULT_REQUEST_TIMEOUT if request_timeout is None else request_timeout,
            max_retries=max_retries,
            headers=headers,
            proxy=proxy,
            transport=transport,
        )
        self.timeout = WaitOptions(timeout=DEFAULT_TIMEOUT if timeout is None else timeout).timeout
        self._calls = TaskCalls(self.settings, follow_addresses=follow_addresses)
        self._transport = ThrottledTransport(
            self.settings,
            http_client=http_client,
            http_async_client=http_async_client,
            max_connections=max_connections,
        )
        self._downloader = Downloader(self.settings, http_client=http_client, http_async_client=http_async_client)

    def task(self, model: str, request_id: str) -> Task:
        """The handle of a task that there is already, whoever created it. Nothing is sent.

        Raises:
            InvalidInputError: for what can be no id.
        """
        return Task(self, Created(check_id(model, "model"), check_id(request_id, "request id")))

    def submit(
        self,
        model: str,
        arguments: Mapping[str, Any],
        *,
        contract: AnyContract | None = None,
        on_interrupt: OnInterrupt = "cancel",
        max_retries: int | None = None,
    ) -> Task:
        """Creates a task, by one POST, and does not wait for it.

        Args:
            model: the model's id, such as `nano_banana_2`.
            arguments: the model's parameters, such as `{"prompt": ...}`.
            contract: what they must be; see `Running`.
            on_interrupt: what becomes of the task if this call is interrupted when it was just created.
            max_retries: how often at most it is tried again after a connection that could not be made; by default the
                queue's.

        Raises:
            InvalidInputError: if the arguments cannot be sent, or do not fit the contract. Nothing was.
            SubmitOutcomeUnknown: if no usable answer came: the task may exist.
            SeaCloudError: its subclass says what else went wrong. Then no task was created.
        """
        options = {"contract": contract, "on_interrupt": on_interrupt, "max_retries": max_retries}
        life = self._new(model, arguments, options)
        with self._interruptible(life) as interruption:
            drive(life.advance(), self._transport, interruption)
            return Task(self, life.created)

    async def asubmit(
        self,
        model: str,
        arguments: Mapping[str, Any],
        *,
        contract: AnyContract | None = None,
        on_interrupt: OnInterrupt = "cancel",
        max_retries: int | None = None,
    ) -> Task:
        """`submit`, async."""
        options = {"contract": contract, "on_interrupt": on_interrupt, "max_retries": max_retries}
        life = self._new(model, arguments, options)
        async with self._ainterruptible(life) as interruption:
            await adrive(life.advance(), self._transport, interruption)
            return Task(self, life.created)

    def run(self, model: str, arguments: Mapping[str, Any], **options: Unpack[Running]) -> TaskResult:
        """Creates a task, by one POST, and waits for its result.

        Args:
            model: the model's id, such as `nano_banana_2`.
            arguments: the model's parameters, such as `{"prompt": ...}`.
            options: see `Running`.

        Raises:
            InvalidInputError: if the arguments cannot be sent, or do not fit the contract. Nothing was.
            SubmitOutcomeUnknown: if no usable answer to the creation came: the task may exist.
            TaskFailed, ContentBlocked: if the service says so.
            TaskCancelled: if it was cancelled, or the wait was interrupted (`interrupts.cancel_all`).
            TaskTimedOut: if it was not finished in time.
            SeaCloudError: its subclass says what else went wrong.
        """
        return self._finish(self._new(model, arguments, options), options)

    async def arun(self, model: str, arguments: Mapping[str, Any], **options: Unpack[Running]) -> TaskResult:
        """`run`, async."""
        return await self._afinish(self._new(model, arguments, options), options)

    def wait(self, task: Task, **options: Unpack[Watching]) -> TaskResult:
        """Waits for a task's result. The options and errors are those of `run`."""
        return self._finish(self._old(task, options), options)

    async def await_(self, task: Task, **options: Unpack[Watching]) -> TaskResult:
        """`wait`, async."""
        return await self._afinish(self._old(task, options), options)

    def watch(self, task: Task, **options: Unpack[Waiting]) -> Generator[TaskStatus, None, None]:
        """Yields a task's status until it is over, the last one included. Closing the iterator early cancels the task.

        Raises:
            TaskFailed, TaskTimedOut, ...: as `run` does.
        """
        life = self._old(task, options)
        with self._interruptible(life) as interruption:
            while not life.is_over:
                yield drive(life.advance(), self._transport, interruption)

    async def awatch(self, task: Task, **options: Unpack[Waiting]) -> AsyncGenerator[TaskStatus, None]:
        """`watch`, async. Close it with `contextlib.aclosing`: what is just dropped, Python closes some time later."""
        life = self._old(task, options)
        async with self._ainterruptible(life) as interruption:
            while not life.is_over:
                yield await adrive(life.advance(), self._transport, interruption)

    def status(self, task: Task) -> TaskStatus:
        """How a task is now. That it failed is in the status; it raises nothing.

        Raises:
            NotFoundError: if the service does not know it, also after two seconds: a new task may take a moment.
            SeaCloudError: if it cannot be asked.
        """
        return drive(self._status_flow(task), self._transport)

    async def astatus(self, task: Task) -> TaskStatus:
        """`status`, async."""
        return await adrive(self._status_flow(task), self._transport)

    def result(self, task: Task) -> TaskResult | None:
        """What a task made; `None` while it is not finished.

        Raises:
            TaskFailed, ContentBlocked, TaskCancelled: if it made nothing.
            SeaCloudError: if it cannot be asked.
        """
        return drive(self._result_flow(task), self._transport)

    async def aresult(self, task: Task) -> TaskResult | None:
        """`result`, async."""
        return await adrive(self._result_flow(task), self._transport)

    def cancel(self, task: Task) -> Cancellation:
        """Cancels a task. That it is over or not known is an answer, and no error.

        It is not known only if it is not after two seconds either: a new task may take a moment.

        Raises:
            SeaCloudError: if the service cannot be asked.
        """
        return drive(self._cancel_flow(task), self._transport)

    async def acancel(self, task: Task) -> Cancellation:
        """`cancel`, async."""
        return await adrive(self._cancel_flow(task), self._transport)

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The queue stays usable."""
        self._transport.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The queue stays usable."""
        await self._transport.aclose()

    def _finish(self, life: Lifecycle, options: Watching) -> TaskResult:
        tell = options.get("on_update")
        with _line(life, options) as show, self._interruptible(life) as interruption:
            while True:
                status = drive(life.advance(), self._transport, interruption)
                show(status)
                if tell is not None:
                    tell(status)
                result = drive(life.fetch(), self._transport, interruption) if status.is_over else None
                if result is not None:
                    return result

    async def _afinish(self, life: Lifecycle, options: Watching) -> TaskResult:
        tell = options.get("on_update")
        with _line(life, options) as show:
            async with self._ainterruptible(life) as interruption:
                while True:
                    status = await adrive(life.advance(), self._transport, interruption)
                    show(status)
                    told = tell(status) if tell is not None else None
                    if inspect.isawaitable(told):
                        await told
                    result = await adrive(life.fetch(), self._transport, interruption) if status.is_over else None
                    if result is not None:
                        return result

    @contextmanager
    def _interruptible(self, life: Lifecycle) -> Iterator[Interruption]:
        with self._registered(life) as interruption, cleaning_up(life.end, self._transport):
            yield interruption

    @asynccontextmanager
    async def _ainterruptible(self, life: Lifecycle) -> AsyncIterator[Interruption]:
        with self._registered(life) as interruption:
            async with acleaning_up(life.end, self._transport):
                yield interruption

    def _registered(self, life: Lifecycle) -> AbstractContextManager[Interruption]:
        return registered(Interruption(), partial(self._abandon, life))

    def _abandon(self, life: Lifecycle) -> None:
        """Ends a wait in the place of whoever waited, who does not go on any more."""
        flow = life.end(Interrupted())
        if flow is not None:
            with suppress(SeaCloudError):  # nobody is there to hear it
                drive(flow, self._transport, Interruption())

    def _new(self, model: str, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> Lifecycle:
        self.settings.require_key()
        body = _body_of(check_id(model, "model"), arguments, options.get("contract"))
        return self._life(model, options, body=body)

    def _old(self, task: Task, options: Mapping[str, Any]) -> Lifecycle:
        return self._life(task.model, options, task=task.created)

    def _life(
        self, model: str, options: Mapping[str, Any], *, body: bytes | None = None, task: Created | None = None
    ) -> Lifecycle:
        timeout, max_retries = options.get("timeout"), options.get("max_retries")
        return Lifecycle(
            self._calls,
            WaitOptions(
                timeout=self.timeout if timeout is None else timeout,
                interval=options.get("interval"),
                on_interrupt=options.get("on_interrupt", "cancel"),
            ),
            model=model,
            body=body,
            task=task,
            max_retries=self.settings.max_retries if max_retries is None else max_retries,
            downloader=self._downloader,
        )

    def _status_flow(self, task: Task) -> Flow[TaskStatus]:
        call = self._calls.status(task.created)
        return about(task.created, ask_status(call, task.created, max_retries=self.settings.max_retries))

    def _result_flow(self, task: Task) -> Flow[TaskResult | None]:
        call = self._calls.result(task.created)
        flow = ask_result(call, task.created, max_retries=self.settings.max_retries, downloader=self._downloader)
        return about(task.created, flow)

    def _cancel_flow(self, task: Task) -> Flow[Cancellation]:
        return about(
            task.created, ask_to_cancel(self._calls.cancel(task.created), max_retries=self.settings.max_retries)
        )


def _line(life: Lifecycle, options: Watching) -> AbstractContextManager[Show]:
    return progress_line(life.model, shown=options.get("progress", False))


def _body_of(model: str, arguments: Mapping[str, Any], contract: AnyContract | None) -> bytes:
    """The arguments as a body, refused where the model could do nothing with them, before it costs anything."""
    if not isinstance(arguments, Mapping):
        raise InvalidInputError(
            f"arguments must be the model's parameters by name, such as {{'prompt': '...'}}, not "
            f"{type(arguments).__name__}. Nothing was sent."
        )
    if not arguments:
        raise InvalidInputError("There are no arguments: give at least a prompt. Nothing was sent.")
    strange = next((name for name in arguments if not isinstance(name, str)), None)
    if strange is not None:
        raise InvalidInputError(f"The name of a parameter must be a text; got {strange!r}. Nothing was sent.")
    if "prompt" in arguments and not str(arguments["prompt"] or "").strip():
        raise InvalidInputError(
            "The prompt is empty: say what to make, or leave prompt out for a model that needs none. Nothing was sent."
        )
    if contract is None:
        return to_json(dict(arguments))
    from seacloud_client.contracts import as_contract  # noqa: PLC0415  # only who has one needs it

    return to_json(as_contract(contract, model).check(arguments))
