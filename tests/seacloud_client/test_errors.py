"""The tree of errors: who is whose parent, what each carries, and that none of it holds a key."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import httpx
import pytest
from seacloud_client import errors
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InvalidInputError,
    RateLimitError,
    SeaCloudError,
    TaskFailed,
    TaskTimedOut,
    TimedOut,
)

CLASSES = [getattr(errors, name) for name in errors.__all__]
every_class = pytest.mark.parametrize("cls", CLASSES, ids=errors.__all__)


def test_the_tree_is_as_the_module_draws_it():
    """Each class that the module's docstring draws is a child of the one that it is drawn under."""
    above: list[tuple[int, str]] = [(-1, "SeaCloudError")]
    drawn = {"SeaCloudError"}
    for line in inspect.getdoc(errors).splitlines():
        found = re.match(r"( *[|` -]*-- )(\w+)", line)
        if found is None:
            continue
        depth, name = len(found.group(1)), found.group(2)
        while above[-1][0] >= depth:
            above.pop()
        assert getattr(errors, above[-1][1]) in getattr(errors, name).__bases__
        above.append((depth, name))
        drawn.add(name)
    assert drawn == set(errors.__all__)


@every_class
def test_all_have_one_root_and_say_what_they_are(cls):
    assert issubclass(cls, SeaCloudError)
    assert cls.__doc__


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (ConfigurationError, ValueError),
        (InvalidInputError, ValueError),
        (ConnectionFailed, ConnectionError),
        (TimedOut, TimeoutError),
        (TaskTimedOut, TimeoutError),
    ],
)
def test_those_with_a_builtin_meaning_are_caught_by_it(cls, builtin):
    with pytest.raises(builtin):
        raise cls("no")


def whole(cls: type[SeaCloudError]) -> SeaCloudError:
    return cls("It failed.", status=418, code="teapot", request_id="r-1", body={"a": [1]}, headers={"retry-after": "3"})


@every_class
def test_the_text_has_what_support_asks_for(cls):
    assert str(whole(cls)) == "It failed. (HTTP 418, code teapot, request id r-1)"
    assert str(cls("It failed.")) == "It failed."


@every_class
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301
def test_an_error_survives_copying_and_pickling(cls, duplicate):
    error = whole(cls)
    error.retry_after = 3.0
    again = duplicate(error)
    assert type(again) is cls
    assert str(again) == str(error)
    assert again.args == error.args
    assert again.__dict__ == error.__dict__


def test_what_a_subclass_carries_besides_survives_too():
    error = TaskFailed("It failed.")
    error.model, error.task_id, error.error_type = "m", "t-1", "INFERENCE_FAILURE"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own pickle
    assert (again.model, again.task_id, again.error_type) == ("m", "t-1", "INFERENCE_FAILURE")
    assert (DownloadError("no").task_id, RateLimitError("no").retry_after) == (None, None)


def test_the_status_is_there_by_the_name_that_http_clients_give_it():
    assert whole(APIError).status_code == 418


def test_the_response_is_an_httpx_response_without_its_request():
    response = whole(APIError).response
    assert isinstance(response, httpx.Response)
    assert (response.status_code, response.json(), response.headers["retry-after"]) == (418, {"a": [1]}, "3")
    with pytest.raises(RuntimeError, match="request"):
        _ = response.request


def test_the_response_of_a_text_is_readable_whatever_its_headers_said_of_the_bytes():
    headers = {"content-encoding": "gzip", "content-length": "7", "Transfer-Encoding": "chunked", "x-a": "b"}
    response = APIError("no", status=502, body="<h1>Bad gateway</h1>", headers=headers).response
    assert response.text == "<h1>Bad gateway</h1>"
    assert response.headers["x-a"] == "b"


def test_the_response_bears_headers_of_any_bytes():
    response = APIError("no", status=502, headers={"x-a": "é", "location": "/\udcff"}).response
    assert (response.headers["x-a"], response.headers["location"]) == ("é", "/?")


def test_without_an_answer_there_is_no_response():
    assert TimedOut("no").response is None


def test_an_error_without_a_body_has_an_empty_response():
    assert APIError("no", status=500).response.content == b""
