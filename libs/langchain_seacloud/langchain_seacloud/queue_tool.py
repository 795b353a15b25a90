"""What SeaCloud's media tools have in common: the queue, the key, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import httpx
from langchain_core.tools import BaseTool, ToolException
from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator
from seacloud_client.errors import SeaCloudError
from seacloud_client.media_tools.outcomes import CallFailed
from seacloud_client.media_tools.texts import error_text
from seacloud_client.queue import Queue
from seacloud_client.settings import API_KEY_VARIABLE, Settings
from typing_extensions import Self

from langchain_seacloud.tool_texts import validation_text

_call_id: ContextVar[str | None] = ContextVar("seacloud_tool_call_id", default=None)


class QueueTool(BaseTool):
    """A tool that works with the media queue."""

    model_config = ConfigDict(
        protected_namespaces=(),
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        extra="forbid",  # a limit that is misspelt would be none
    )

    name: str = ""
    """What the agent's model calls the tool; there is a default."""

    description: str = ""
    """What the agent's model is told of the tool; there is a default."""

    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: bool | str | Callable[[ToolException], str] | None = True
    handle_validation_error: bool | str | Callable[[Any], str] | None = validation_text

    api_key: SecretStr | None = Field(default_factory=secret_from_env(API_KEY_VARIABLE, default=None))
    """The key; by default the environment's `SEACLOUD_API_KEY`."""

    base_url: str = Field(default_factory=lambda: Settings.resolve("model").base_url)
    """The queue's base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/model`."""

    timeout: float = 600.0
    """Seconds that a task may take. After that it is cancelled."""

    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for sync calls. It is never closed here."""

    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for async calls."""

    shared_queue: Queue | None = Field(default=None, exclude=True, repr=False)
    """A queue that several tools share. Its key, address and clients are used instead of the tool's."""

    _queue: Queue | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        self._queue = self._make_queue()
        return self

    def _make_queue(self) -> Queue:
        return self.shared_queue or Queue(
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )

    @property
    def queue(self) -> Queue:
        """The queue that the tasks go to."""
        if self._queue is None:
            self._queue = self._make_queue()
        return self._queue

    def run(self, *args: Any, tool_call_id: str | None = None, **options: Any) -> Any:
        """Runs the tool, as LangChain does."""
        with _calling(tool_call_id):
            return super().run(*args, tool_call_id=tool_call_id, **options)

    async def arun(self, *args: Any, tool_call_id: str | None = None, **options: Any) -> Any:
        """`run`, async."""
        with _calling(tool_call_id):
            return await super().arun(*args, tool_call_id=tool_call_id, **options)

    def told(self, error: SeaCloudError) -> str:
        """What the agent's model is told of a failure."""
        return error_text(error, self.queue.settings)

    @contextmanager
    def telling_errors(self) -> Iterator[None]:
        """Makes the client's errors such as are told to the agent's model."""
        try:
            yield
        except SeaCloudError as error:
            raise ToolException(self.told(error)) from error

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy with lists and dicts of its own. All else is shared: connections hold locks, and a limit stays one."""
        memo = {} if memo is None else memo
        handlers = self.callbacks if isinstance(self.callbacks, list) else [self.callbacks]
        for value in (*self.__dict__.values(), *(self.__pydantic_private__ or {}).values(), *handlers):
            if not isinstance(value, (list, dict)):
                memo[id(value)] = value
        return super().__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        """What a pickle holds: everything but the key and the connections."""
        state = dict(super().__getstate__())
        left_out = dict.fromkeys(("api_key", "http_client", "http_async_client", "shared_queue"))
        state["__dict__"] = {**state["__dict__"], **left_out}
        state["__pydantic_private__"] = {**(state.get("__pydantic_private__") or {}), "_queue": None}
        return state


@contextmanager
def telling_failures() -> Iterator[None]:
    """Makes failures of calls such as are told to the agent's model; other errors are the run's."""
    try:
        yield
    except CallFailed as failed:
        raise ToolException(failed.message) from failed.__cause__


@contextmanager
def _calling(tool_call_id: str | None) -> Iterator[None]:
    token = _call_id.set(tool_call_id)
    try:
        yield
    finally:
        _call_id.reset(token)


def current_call_id() -> str | None:
    """The id of the tool call that runs, where there is one.

    LangChain hands it to arguments of a pydantic class alone, and a contract's parameters are none.
    """
    return _call_id.get()
