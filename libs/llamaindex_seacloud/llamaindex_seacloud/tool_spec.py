"""`SeaCloudToolSpec`: SeaCloud's media queue as LlamaIndex's tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.tools.tool_spec.base import SPEC_FUNCTION_TYPE, BaseToolSpec
from pydantic import SecretStr
from seacloud_client.contracts import AnyContract
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.questions import CANCEL_TOOL, RESULT_TOOL, STATUS_TOOL
from seacloud_client.media_tools.results import usable_directory
from seacloud_client.names import tool_names
from seacloud_client.queue import Queue

from llamaindex_seacloud.durable import Durability, SaveRun
from llamaindex_seacloud.generation import SeaCloudGenerated, SeaCloudProgress
from llamaindex_seacloud.showing import Showing
from llamaindex_seacloud.spending import Approve, SpendingGuard
from llamaindex_seacloud.task_functions import CancelRequest, ResultQuestion, StatusQuestion, TaskQuestion
from llamaindex_seacloud.tool_arguments import ToolArguments
from llamaindex_seacloud.tool_functions import Generation, Submission, TaskMaker

__all__ = ["SeaCloudGenerated", "SeaCloudProgress", "SeaCloudToolSpec", "TaskJournal"]


class SeaCloudToolSpec(BaseToolSpec):
    """Tools that let an agent generate pictures, films and sounds: one for each of several models.

    A tool creates a task, waits for it, and gives blocks: a text that says what was made and where it is, and each
    picture. Arguments are checked before anything is paid. A failure is told to the agent's model in a line or two,
    with the task's id; nothing is ever generated twice by itself. If the agent's run is cancelled, so is the task.

    With `split`, there are tools for work that takes long as well: an agent creates a task with `submit_to_...`, does
    other things, and comes back for it with `seacloud_task_status`, `seacloud_task_result` and `seacloud_cancel_task`.

    The limits and `approve` hold for all the tools together, before anything is posted. A refusal is told to the
    agent's model as any failure is (outside of agents it is `llamaindex_seacloud.spending.CallRefused`), and what was
    certainly not created is not counted.

    Example:
        ```python
        from llama_index.core.agent.workflow import FunctionAgent
        from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec

        tools = SeaCloudToolSpec(model="nano_banana_2", save_to="pictures").to_tool_list(stream_progress=True)
        agent = FunctionAgent(llm=SeaCloud(model="gpt-4.1"), tools=tools)
        ```

    Args:
        model: the model that generates, such as `nano_banana_2`, or several.
        api_key: the key; by default the environment's `SEACLOUD_API_KEY`.
        base_url: the queue's base URL; by default `SEACLOUD_BASE_URL` (or `https://cloud.seaart.ai`) and `/model`.
        timeout: seconds that a task may take; after that it is cancelled.
        parameters: parameters for every task. What the agent's model asks for wins.
        contracts: for a model's id, what parameters it takes: a `seacloud_client.contracts.Contract`, a pydantic class,
            a contract's JSON that was read, or the path of a file. The agent's model is shown them, and held to them.
            For a model without one there is a `prompt`, and `parameters` of any names.
        show_images: whether pictures are shown to the agent's model as image blocks, besides their addresses.
        save_to: a directory to save the results in, which is made if need be; by default they are only linked.
        max_calls: how many tasks may be created, ever; by default any number.
        max_calls_per_context: how many may be created in one workflow `Context`, over all of its runs. They are counted
            in its state, so that they are saved and restored with it. Such tools run in agents and workflows only.
        approve: is asked with the model's id and the parameters before a task is created. Only `True` approves. It may
            be async; if it is not, it runs in a thread in async calls. If a parameter of it is annotated as a
            `Context`, it is given the workflow's, so that it can ask a person with `ctx.wait_for_event`; such tools run
            in agents and workflows only. If one is called `call_id`, it is given the id of the model's tool call: let
            it be the `waiter_id`, since two calls of a reply may ask for the same. Outside of agents it is `None`.
        journal: makes the tools durable: they write down what they do, so that a run which was killed and is restored
            from a saved `Context` goes on with its task, and never pays twice. Such tools run in agents only, or in
            steps whose events have a `tool_id`. A task is left running if the run is cancelled.
        save_run: with a journal, saves the run to disk: it is called, and awaited if it is async, with the tool's
            context before each task is posted, and writes `handler.ctx.to_dict()`.
        waiting: whether there are tools that wait for their results.
        split: whether there are tools that do not.
        name_prefix: what the names of the tools that wait begin with.
        http_client: a client of your own for sync calls; it is never closed here.
        http_async_client: the same for async calls.

    Raises:
        ConfigurationError: if there is no model, no kind of tool, a contract is none, or a limit or an address makes no
            sense, `approve` cannot be called, nothing can be saved in `save_to`, or of `journal` and `save_run` there
            is but one. A missing key is told on the first call.
        InvalidInputError: if a contract is another model's, or `parameters` does not fit it.
    """

    spec_functions: list[SPEC_FUNCTION_TYPE]

    def __init__(
        self,
        model: str | Sequence[str],
        *,
        api_key: SecretStr | str | None = None,
        base_url: str | None = None,
        timeout: float = 600.0,
        parameters: Mapping[str, Any] | None = None,
        contracts: Mapping[str, AnyContract] | None = None,
        show_images: bool = True,
        save_to: Path | str | None = None,
        max_calls: int | None = None,
        max_calls_per_context: int | None = None,
        approve: Approve | None = None,
        journal: TaskJournal | None = None,
        save_run: SaveRun | None = None,
        waiting: bool = True,
        split: bool = False,
        name_prefix: str = "generate_with",
        http_client: httpx.Client | None = None,
        http_async_client: httpx.AsyncClient | None = None,
    ) -> None:
        models = [model] if isinstance(model, str) else list(dict.fromkeys(model))
        if not models or not all(models):
            raise ConfigurationError("model is empty: name the model that generates, such as 'nano_banana_2'.")
        self.queue = Queue(
            api_key=api_key,
            base_url=base_url,
            timeout=timeout,
            http_client=http_client,
            http_async_client=http_async_client,
        )
        self._makers: dict[str, TaskMaker | TaskQuestion] = {}
        showing = Showing(
            settings=self.queue.settings,
            show_images=show_images,
            save_to=None if save_to is None else usable_directory(Path(save_to)),
        )
        guard = SpendingGuard(
            models,
            max_calls=max_calls,
            max_calls_per_context=max_calls_per_context,
            approve=approve,
            durability=_durability(journal, save_run),
        )
        arguments = [ToolArguments(each, (contracts or {}).get(each), parameters or {}) for each in models]
        if split:
            self._makers |= self._split(arguments, guard, showing)
        if waiting:
            names = tool_names(models, name_prefix, self._makers)
            self._makers = {
                name: Generation(queue=self.queue, arguments=each, guard=guard, showing=showing)
                for name, each in zip(names, arguments, strict=True)
            } | self._makers
        if not self._makers:
            raise ConfigurationError("There is no tool: let one of waiting and split be true.")
        self.spec_functions = list(self._makers)

    def _split(
        self, arguments: Sequence[ToolArguments], guard: SpendingGuard, showing: Showing
    ) -> dict[str, TaskMaker | TaskQuestion]:
        """The tools for work that takes long."""
        models = [each.model for each in arguments]
        return {
            **{
                name: Submission(queue=self.queue, arguments=each, guard=guard)
                for name, each in zip(tool_names(models, "submit_to"), arguments, strict=True)
            },
            STATUS_TOOL: StatusQuestion(queue=self.queue, models=models),
            RESULT_TOOL: ResultQuestion(queue=self.queue, models=models, showing=showing),
            CANCEL_TOOL: CancelRequest(queue=self.queue, models=models),
        }

    def to_tool_list(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
        *,
        stream_progress: bool = False,
    ) -> list[FunctionTool]:
        """The tools.

        Args:
            spec_functions: the names of the tools that are wanted; by default all.
            func_to_metadata_mapping: for a tool's name, what is said of it instead.
            stream_progress: whether the tools that wait tell an agent's stream of events how a task is getting on
                (`SeaCloudProgress`, and `SeaCloudGenerated` at its end). Such tools run in agents and workflows only,
                since they need a context.

        Raises:
            ConfigurationError: if there is no tool of a name.
        """
        described = func_to_metadata_mapping or {}
        return [
            self._tool(str(name), described.get(str(name)), stream_progress=stream_progress)
            for name in (spec_functions or self.spec_functions)
        ]

    async def to_tool_list_async(
        self,
        spec_functions: list[SPEC_FUNCTION_TYPE] | None = None,
        func_to_metadata_mapping: dict[str, ToolMetadata] | None = None,
        *,
        stream_progress: bool = False,
    ) -> list[FunctionTool]:
        """`to_tool_list`, for code that calls it so: it makes the same tools, and waits for nothing."""
        return self.to_tool_list(spec_functions, func_to_metadata_mapping, stream_progress=stream_progress)

    def _tool(self, name: str, metadata: ToolMetadata | None, *, stream_progress: bool) -> FunctionTool:
        maker = self._makers.get(name)
        if maker is None:
            known = ", ".join(map(repr, self._makers))
            raise ConfigurationError(f"There is no tool {name!r}: the tools are {known}.")
        return maker.tool(metadata or maker.metadata(name), stream_progress=stream_progress)

    def close(self) -> None:
        """Closes the connections of sync calls, unless others share them. The tools stay usable."""
        self.queue.close()

    async def aclose(self) -> None:
        """Closes the connections, the running event loop's too, unless others share them. The tools stay usable."""
        await self.queue.aclose()


def _durability(journal: TaskJournal | None, save_run: SaveRun | None) -> Durability | None:
    if journal is None and save_run is None:
        return None
    if journal is None or save_run is None:
        raise ConfigurationError(
            "journal and save_run go together: by its journal a tool knows its call again when a run is restored that "
            "save_run has saved."
        )
    return Durability(journal=journal, save_run=save_run)
