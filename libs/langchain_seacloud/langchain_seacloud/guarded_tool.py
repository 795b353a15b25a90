"""What the tools that create tasks have in common: what they are told, and what they may spend."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langchain_core.tools.base import ArgsSchema
from pydantic import Field, PrivateAttr, model_validator
from seacloud_client.contracts import AnyContract
from seacloud_client.lifecycle import OnInterrupt
from seacloud_client.media_tools.approvals import Approver
from seacloud_client.media_tools.durable import DurableCall, Work, done, post_seconds
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.spending import CallCounter, JournalLimit, Slot, allow
from seacloud_client.media_tools.steps import Flow, Step, aplay, play
from seacloud_client.names import wire_name
from seacloud_client.queue import Task
from typing_extensions import Self

from langchain_seacloud.durable import durable_call
from langchain_seacloud.queue_tool import QueueTool, current_call_id, telling_failures
from langchain_seacloud.spending import Approve, conversation_of
from langchain_seacloud.tool_arguments import ToolArguments
from langchain_seacloud.tool_progress import RunManager
from langchain_seacloud.tool_texts import ContentAndArtifact


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
    """How many tasks the tool may create, ever; by default any number. One that was certainly not created is none. It
    is counted in memory, and a journal changes nothing of that: a task whose outcome is unknown counts until the tool
    is made anew, also where the journal was told to forget it."""

    max_calls_per_thread: int | CallCounter | None = None
    """How many tasks may be created in one conversation: in a LangGraph thread (`thread_id`), or else in a run with a
    `run_id`. Of a counter that several tools share, the limit is for all of them together. With a journal, what it
    holds of the thread counts, and nothing else, of the models of these tools: so a restart forgets nothing, the limit
    holds in several processes at once, and what the journal forgets is given back."""

    approve: Approve | None = Field(default=None, exclude=True, repr=False)
    """Is asked with the model's id and the parameters before a task is created. Only `True` approves. It may be async;
    if it is not, it runs in a thread in async calls. If it has a parameter `call_id`, it is given the id of the model's
    tool call there, or `None` for a call that has none.

    It may call LangGraph's `interrupt`: then a person decides, and the run goes on when it is resumed. That needs a
    node of the graph for each call: `create_agent` has it so, and so has a `ToolNode` that is given one call at a time
    (by a `Send` for each, or from a model with `parallel_tool_calls=False`). In a node with several calls an answer may
    approve another call than it was meant for, since LangGraph runs all of the node again and hands the answers out in
    the order in which they are asked for; and what other calls had made by then is paid for again, without a `journal`.
    """

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
        if self._in_thread is not None:
            self._in_thread.share(self.model)
        if self.args_schema is None:
            self.args_schema = self._arguments.schema
        self.name = self.name or wire_name(f"{self.verb}_{self.model}")
        self.description = self.description or self._default_description()
        return self

    def _default_description(self) -> str:
        return self._arguments.description()

    def _run(
        self,
        prompt: str | None = None,
        /,  # a model without a contract's check may say anything, `self` too
        *,
        config: RunnableConfig,
        run_manager: RunManager = None,
        **said: Any,
    ) -> ContentAndArtifact:
        return play(self._made(_said(prompt, said), config, run_manager))

    async def _arun(
        self,
        prompt: str | None = None,
        /,  # a model without a contract's check may say anything, `self` too
        *,
        config: RunnableConfig,
        run_manager: RunManager = None,
        **said: Any,
    ) -> ContentAndArtifact:
        return await aplay(self._made(_said(prompt, said), config, run_manager))

    @abstractmethod
    def _made(
        self, said: Mapping[str, Any], config: RunnableConfig, run_manager: RunManager
    ) -> Flow[ContentAndArtifact]:
        """Creates a task for what the agent's model said, does with it what the tool does, and gives the answer."""

    def _allow(self, parameters: Mapping[str, Any], config: RunnableConfig, call: DurableCall | None) -> Flow[Slot]:
        """Takes the right to create a task, and asks for approval.

        Raises:
            CallRefused: if it is refused.
        """
        limits = [self._ever.ever()]
        if call is not None:
            in_journal = self._in_journal()
            limits += [] if in_journal is None else [in_journal.beforehand(call.journal, call.thread_id)]
        elif self._in_thread is not None:
            limits.append(self._in_thread.of_conversation(conversation_of(config)))
        asking = []
        if self.approve is not None:
            approver, call_id = Approver.of(self.approve), current_call_id()
            asking.append(approver.asking(self.model, parameters, async_calls="ainvoke, astream, ...", call_id=call_id))
        return (yield from allow(limits, *asking, tool=self.name))

    def _in_journal(self) -> JournalLimit | None:
        return None if self._in_thread is None else self._in_thread.in_journal(self.name)

    def _submission(
        self, parameters: Mapping[str, Any], *, on_interrupt: OnInterrupt, max_retries: int | None = None
    ) -> Step:
        """The step that creates a task, and gives its handle."""
        options: dict[str, Any] = {"on_interrupt": on_interrupt, "max_retries": max_retries}
        return Step(
            partial(self.queue.submit, self.model, parameters, **options),
            partial(self.queue.asubmit, self.model, parameters, **options),
        )

    def _create(
        self,
        said: Mapping[str, Any],
        config: RunnableConfig,
        *,
        once: Callable[[Mapping[str, Any]], Step],
        answer: Callable[[Any], Flow[ContentAndArtifact]],
        finish: Callable[[Task], Flow[ContentAndArtifact]],
    ) -> Flow[ContentAndArtifact]:
        """Creates a task for what the agent's model said, and gives the tool's answer.

        Args:
            said: what the agent's model said.
            config: of whoever called the tool.
            once: without a journal, the step that creates the task from its parameters.
            answer: the answer, from what that step gives.
            finish: with a journal, the answer for a task that there is.
        """
        parameters = self._arguments.check(said)
        call = self._durable_call(said, parameters, config)
        work = Work(
            allow=partial(self._allow, parameters, config, call),
            once=once(parameters),
            answer=answer,
            post=self._submission(parameters, on_interrupt="keep", max_retries=0),
            task=self.queue.task,
            finish=finish,
            told=self.told,
            limit=self._in_journal(),
            retries=self.queue.settings.max_retries,
            seconds=post_seconds(self.queue.settings),
        )
        with telling_failures():
            content, artifact = yield from done(work, call)
        return content, artifact

    def _durable_call(
        self, said: Mapping[str, Any], parameters: Mapping[str, Any], config: RunnableConfig
    ) -> DurableCall | None:
        if self.journal is None:
            return None
        call_id = current_call_id()
        return durable_call(self.journal, config, call_id, model=self.model, said=said, parameters=parameters)


def _said(prompt: str | None, more: Mapping[str, Any]) -> dict[str, Any]:
    return {**more} if prompt is None else {**more, "prompt": prompt}
