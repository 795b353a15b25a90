"""What the tools that create tasks have in common: what they are told, and what they may spend."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langchain_core.tools.base import ArgsSchema
from pydantic import Field, PrivateAttr, model_validator
from seacloud_client.contracts import AnyContract
from seacloud_client.lifecycle import OnInterrupt
from typing_extensions import Self

from langchain_seacloud.durable import DurableCall
from langchain_seacloud.queue_tool import QueueTool, current_call_id, tool_name
from langchain_seacloud.spending import EVER, Approve, CallCounter, Slot, approval, conversation_of, take_slot
from langchain_seacloud.task_journal import TaskJournal
from langchain_seacloud.tool_arguments import ToolArguments
from langchain_seacloud.tool_steps import Flow, Step, blocking


class GuardedTool(QueueTool):
    """A tool that creates tasks of one model."""

    model: str = Field(min_length=1)
    """The id of the model that generates, such as `nano_banana_2`."""

    args_schema: ArgsSchema | None = None
    """What the agent's model may say; by default the contract's parameters, or else `prompt` and `parameters`."""

    contract: AnyContract | None = Field(default=None, repr=False)
    """What parameters the model takes: a `seacloud_client.contracts.Contract`, a pydantic class of your own, a
    contract's JSON that was read, or the path of a file. The agent's model is shown them, and what it says is checked
    by them before anything is sent. Without one there is a `prompt`, and `parameters` of any names."""

    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters for every task. What the agent's model asks for wins."""

    max_calls: int | None = Field(default=None, ge=0)
    """How many tasks the tool may create, ever; by default any number. One that was certainly not created is none."""

    max_calls_per_thread: int | CallCounter | None = None
    """How many tasks may be created in one conversation: in a LangGraph thread (`thread_id`), or else in a run with a
    `run_id`. Of a counter that several tools share, the limit is for all of them together. With a journal, what it
    holds of the thread counts, so that a restart forgets nothing."""

    approve: Approve | None = Field(default=None, exclude=True, repr=False)
    """Is asked with the model's id and the parameters before a task is created, and may be async. Only `True` approves.
    It may call LangGraph's `interrupt`: then a person decides, and the run goes on when it is resumed."""

    journal: TaskJournal | None = Field(default=None, exclude=True)
    """Makes the tool durable: it writes down what it does, so that a LangGraph run which was killed goes on with its
    task when it is resumed, and never pays twice."""

    verb: ClassVar[str] = ""
    """What the default name begins with."""

    _arguments: ToolArguments = PrivateAttr()
    _ever: CallCounter = PrivateAttr()
    _in_thread: CallCounter | None = PrivateAttr()

    @model_validator(mode="after")
    def _describe(self) -> Self:
        self._arguments = ToolArguments(self.model, self.contract, self.parameters)
        self._ever = CallCounter(self.max_calls)
        limit = self.max_calls_per_thread
        self._in_thread = CallCounter(limit) if isinstance(limit, int) else limit
        if self.args_schema is None:
            self.args_schema = self._arguments.schema
        self.name = self.name or tool_name(self.verb, self.model)
        self.description = self.description or self._default_description()
        return self

    def _default_description(self) -> str:
        return self._arguments.description()

    def _allow(self, parameters: Mapping[str, Any], config: RunnableConfig) -> Flow[Slot]:
        """Takes the right to create a task, and asks for approval.

        Raises:
            ToolException: if it is refused.
        """
        limits = [] if self.max_calls is None else [(self._ever, EVER, 0)]
        if self._in_thread is not None:
            conversation, known = conversation_of(config), 0
            thread = (config.get("configurable") or {}).get("thread_id")
            if self.journal is not None and thread is not None:
                known = yield blocking(partial(self.journal.count, str(thread)))
            limits.append((self._in_thread, conversation, known))
        slot = take_slot(self.name, limits)
        if self.approve is not None:
            try:
                yield approval(self.approve, self.model, parameters)
            except BaseException:
                slot.give_back()
                raise
        return slot

    def _submission(self, parameters: Mapping[str, Any], *, on_interrupt: OnInterrupt) -> Step:
        """The step that creates a task, and gives its handle."""
        return Step(
            partial(self.queue.submit, self.model, parameters, on_interrupt=on_interrupt),
            partial(self.queue.asubmit, self.model, parameters, on_interrupt=on_interrupt),
        )

    def _durable_call(
        self, said: Mapping[str, Any], parameters: Mapping[str, Any], config: RunnableConfig
    ) -> DurableCall | None:
        if self.journal is None:
            return None
        call_id = current_call_id()
        return DurableCall.of(self.journal, config, call_id, model=self.model, said=said, parameters=parameters)
