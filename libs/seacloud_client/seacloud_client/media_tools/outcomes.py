"""What is certain of a tool's call that came to no result."""

from __future__ import annotations

from seacloud_client.errors import SeaCloudError, TaskCancelled, TaskFailed
from seacloud_client.task_flows import NOT_CREATED


class CallFailed(SeaCloudError):
    """A call came to its end without a result, for certain. The message is for the agent's model.

    Its cause, where it has one, is the failure itself.
    """


class CallRefused(CallFailed):
    """A task was not created, since a limit was reached or approval was not given. Nothing was sent or charged."""


def was_not_posted(error: BaseException) -> bool:
    """Whether a failure says that no task was created, and so that nothing was charged."""
    return isinstance(error, (CallRefused, *NOT_CREATED)) and error.task_id is None


def is_final(error: BaseException) -> bool:
    """Whether a failure is the service's word on how the task ended: not if it was just not waited for any more."""
    return isinstance(error, TaskFailed) or (isinstance(error, TaskCancelled) and error.body is not None)
