"""A tool that lets an agent generate pictures, films and sounds through SeaCloud's media queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from seacloud_client.media_tools.steps import Flow, Step
from seacloud_client.queue import Task, TaskResult

from langchain_seacloud.guarded_tool import GuardedTool
from langchain_seacloud.showing_tool import ShowingTool
from langchain_seacloud.tool_progress import RunManager, Teller
from langchain_seacloud.tool_texts import ContentAndArtifact


class SeaCloudGenerationTool(GuardedTool, ShowingTool):
    """Generates media with one of SeaCloud's models: creates a task, waits for it, and gives the result.

    The content that the agent's model reads says what was made and where it is, with a picture as an image block. The
    artifact is the whole result as JSON: `model`, `request_id`, `outputs`, `metadata`.

    While it waits, progress is told as custom events (`seacloud_progress`), and in LangGraph's
    `stream_mode="custom"`. If the run is cancelled, so is the task. A failure is told to the agent's model in a
    line or two, with the task's request id; nothing is ever generated twice by itself.

    With a `journal` the tool is durable. It leaves its task running when the run is interrupted, since the resumed run
    goes on with it, and tells the agent's model only what is certain: that a task was refused, or has failed. What is
    not (`SubmitOutcomeUnknown`, a task that was not finished in time, a service out of reach) is an error of the run.

    Example:
        ```python
        from langchain_seacloud import SeaCloudGenerationTool

        tool = SeaCloudGenerationTool(model="nano_banana_2", save_to="pictures")
        print(tool.invoke({"prompt": "a cinematic photo of a cat astronaut"}))
        ```

    Raises:
        ConfigurationError: on a call, if `max_calls_per_thread` or `journal` are not given what they need to know the
            conversation by. As a `ValueError` on construction, if a setting or the contract makes no sense.
        SubmitOutcomeUnknown: on a call, with a journal: the task may exist. It is never posted again by itself.
    """

    progress: bool = False
    """Whether to show people a live line on stderr while the tool waits."""

    verb: ClassVar[str] = "generate_with"

    def _made(
        self, said: Mapping[str, Any], config: RunnableConfig, run_manager: RunManager
    ) -> Flow[ContentAndArtifact]:
        teller = Teller(self.model, config, run_manager)
        return self._create(
            said,
            config,
            once=partial(self._wait, self.queue.run, self.queue.arun, teller, self.model),
            answer=self._answer,
            finish=partial(self._finish, teller),
        )

    def _finish(self, teller: Teller, task: Task) -> Flow[ContentAndArtifact]:
        result: TaskResult = yield self._wait(self.queue.wait, self.queue.await_, teller, task, on_interrupt="keep")
        return (yield from self._answer(result))

    def _wait(
        self,
        now: Callable[..., TaskResult],
        later: Callable[..., Awaitable[TaskResult]],
        teller: Teller,
        *args: Any,
        **options: Any,
    ) -> Step:
        options = {**options, "timeout": self.timeout, "progress": self.progress}
        return Step(
            partial(now, *args, on_update=teller.tell, **options),
            partial(later, *args, on_update=teller.atell, **options),
        )
