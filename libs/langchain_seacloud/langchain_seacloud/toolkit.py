"""The tools for several models at once, with one queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator
from seacloud_client.contracts import AnyContract
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.spending import CallCounter
from seacloud_client.names import tool_names
from seacloud_client.queue import Queue
from typing_extensions import Self

from langchain_seacloud.showing_tool import SaveTo
from langchain_seacloud.spending import Approve
from langchain_seacloud.task_tools import (
    SeaCloudCancelTool,
    SeaCloudSubmitTool,
    SeaCloudTaskResultTool,
    SeaCloudTaskStatusTool,
)
from langchain_seacloud.tool_arguments import acontracts_of, contracts_of
from langchain_seacloud.tools import SeaCloudGenerationTool


class SeaCloudToolkit(BaseToolkit):
    """Tools for several models, which share one queue.

    For each model there is one that waits (`generate_with_...`) and one that does not (`submit_to_...`). Three more ask
    for a task's status and result, and cancel it.

    Example:
        ```python
        from langchain_seacloud import SeaCloudToolkit

        tools = SeaCloudToolkit(models=["nano_banana_2", "flux_2_pro"], max_calls_per_thread=5).get_tools()
        ```

    Raises:
        ConfigurationError: as a `ValueError` on construction, if a setting makes no sense.
    """

    model_config = ConfigDict(
        protected_namespaces=(),
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        extra="forbid",  # a limit that is misspelt would be none
    )

    models: list[str] = Field(min_length=1)
    """The ids of the models that generate."""

    api_key: SecretStr | None = None
    """The key; by default the environment's `SEACLOUD_API_KEY`."""

    base_url: str | None = None
    """The queue's base URL; by default the environment's."""

    timeout: float = 600.0
    """Seconds that a task may take."""

    contracts: dict[str, AnyContract] = Field(default_factory=dict, repr=False)
    """For a model's id, what parameters it takes: see `SeaCloudGenerationTool.contract`."""

    contracts_url: str | None = None
    """The address of a catalogue, which is asked for the contracts of the models that `contracts` has none for. It is
    asked when the tools are made; by default nothing is."""

    waiting: bool = True
    """Whether there are tools that wait for their results."""

    split: bool = True
    """Whether there are tools that create a task, tell its status and its result, and cancel it."""

    show_images: bool = True
    """Whether pictures are shown to the agent's model as image blocks, besides their addresses."""

    save_to: SaveTo | None = None
    """A directory to save the results in. It is made if need be."""

    progress: bool = False
    """Whether to show people a live line on stderr while a tool waits."""

    max_calls: int | None = Field(default=None, ge=0)
    """How many tasks each tool may create, ever."""

    max_calls_per_thread: int | None = Field(default=None, ge=0)
    """How many tasks all the tools together may create in one conversation."""

    approve: Approve | None = Field(default=None, exclude=True, repr=False)
    """Is asked before each task. See `SeaCloudGenerationTool.approve`."""

    journal: TaskJournal | None = Field(default=None, exclude=True)
    """Makes the tools durable. See `SeaCloudGenerationTool.journal`."""

    http_client: httpx.Client | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for sync calls. It is never closed here."""

    http_async_client: httpx.AsyncClient | None = Field(default=None, exclude=True, repr=False)
    """A client of your own for async calls."""

    _queue: Queue = PrivateAttr()
    _counter: CallCounter | None = PrivateAttr()

    @field_validator("models")
    @classmethod
    def _no_two_alike(cls, models: list[str]) -> list[str]:
        if not all(models):
            raise ValueError("a model's id is empty")
        return list(dict.fromkeys(models))

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        self._queue = Queue(
            api_key=self.api_key,
            base_url=self.base_url,
            timeout=self.timeout,
            http_client=self.http_client,
            http_async_client=self.http_async_client,
        )
        self._counter = None if self.max_calls_per_thread is None else CallCounter(self.max_calls_per_thread)
        return self

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """A copy with lists and dicts of its own. All else is shared: connections hold locks, and a limit stays one."""
        memo = {} if memo is None else memo
        for value in (*self.__dict__.values(), *(self.__pydantic_private__ or {}).values()):
            if not isinstance(value, (list, dict)):
                memo[id(value)] = value
        return super().__deepcopy__(memo)

    def __getstate__(self) -> dict[Any, Any]:
        """What a pickle holds: everything but the key and the connections."""
        state = dict(super().__getstate__())
        left_out = dict.fromkeys(("api_key", "http_client", "http_async_client"))
        state["__dict__"] = {**state["__dict__"], **left_out}
        return state

    @property
    def queue(self) -> Queue:
        """The queue that the tools share."""
        return self._queue

    def get_tools(self) -> list[BaseTool]:
        """The tools. With a `contracts_url`, the catalogue is asked.

        Raises:
            SeaCloudError: if the catalogue cannot be asked.
            InvalidInputError: as a `ValueError`, if a contract is another model's.
        """
        found = contracts_of(
            self.models, given=self.contracts, contracts_url=self.contracts_url, api_key=self._queue.settings.api_key
        )
        return list(self._tools(found))

    async def aget_tools(self) -> list[BaseTool]:
        """`get_tools`, async."""
        found = await acontracts_of(
            self.models, given=self.contracts, contracts_url=self.contracts_url, api_key=self._queue.settings.api_key
        )
        return list(self._tools(found))

    def _tools(self, contracts: Mapping[str, AnyContract]) -> Iterator[BaseTool]:
        common = {
            "api_key": self._queue.settings.api_key,
            "base_url": self._queue.settings.base_url,
            "timeout": self.timeout,
            "shared_queue": self._queue,
        }
        creating = {
            "max_calls": self.max_calls,
            "max_calls_per_thread": self._counter,
            "approve": self.approve,
            "journal": self.journal,
            **common,
        }
        showing = {"show_images": self.show_images, "save_to": self.save_to}
        if self.waiting:
            for model, name in self._named(SeaCloudGenerationTool.verb):
                contract = contracts.get(model)
                yield SeaCloudGenerationTool(
                    model=model, name=name, contract=contract, progress=self.progress, **creating, **showing
                )
        if self.split:
            for model, name in self._named(SeaCloudSubmitTool.verb):
                yield SeaCloudSubmitTool(model=model, name=name, contract=contracts.get(model), **creating)
            yield SeaCloudTaskStatusTool(models=self.models, **common)
            yield SeaCloudTaskResultTool(models=self.models, **common, **showing)
            yield SeaCloudCancelTool(models=self.models, **common)

    def _named(self, verb: str) -> Iterator[tuple[str, str]]:
        return zip(self.models, tool_names(self.models, verb), strict=True)

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The tools stay usable."""
        self._queue.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The tools stay usable."""
        await self._queue.aclose()
