"""Errors: the client's and langchain-core's at once."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable

import httpx
import langchain_seacloud.errors as ours
import pytest
import seacloud_client.errors as base
from langchain.agents.middleware import ModelRequest, ModelResponse, ModelRetryMiddleware
from langchain_core import exceptions as langchain
from langchain_core.tracers import BaseTracer
from langchain_core.tracers.schemas import Run
from langchain_seacloud import ChatSeaCloud
from seacloud_emulator import Emulator, Fault

RETRYABLE = {
    "RateLimitError",
    "ServerError",
    "TransportError",
    "ConnectionFailed",
    "TimedOut",
    "StreamBroken",
}
NOT_FROM_CHAT = {cls for cls in vars(base).values() if isinstance(cls, type) and issubclass(cls, base.TaskError)}
FROM_CHAT = [
    cls
    for cls in vars(base).values()
    if isinstance(cls, type)
    and issubclass(cls, base.SeaCloudError)
    and cls not in NOT_FROM_CHAT
    and cls is not base.SeaCloudError
]


@pytest.mark.parametrize("cls", FROM_CHAT, ids=lambda cls: cls.__name__)
def test_every_error_of_chat_is_langchain_s_too(cls: type[base.SeaCloudError]) -> None:
    error = cls("It broke.", status=500, code="x", request_id="req-1", body={"error": "x"}, headers={"a": "b"})
    with pytest.raises(langchain.ModelError) as raised, ours.langchain_errors():
        raise error
    assert raised.value is error
    assert isinstance(error, cls)
    assert type(error).__module__ == "langchain_seacloud.errors"
    assert error.is_retryable is (cls.__name__ in RETRYABLE)
    assert error.request_id == "req-1"
    response = error.response
    assert response is not None
    assert (response.status_code, response.json(), response.headers["a"]) == (500, {"error": "x"}, "b")
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301  # it is our own
    assert type(copied) is type(error)
    assert str(copied) == str(error)


GOES_BY_MODEL_ERROR = callable(ModelRetryMiddleware().retry_on)
"""Whether the middleware asks an error if it is worth another try. Before it did, it tried again after all of them."""


@pytest.mark.skipif(not GOES_BY_MODEL_ERROR, reason="this langchain tries again after every error")
@pytest.mark.parametrize("cls", FROM_CHAT, ids=lambda cls: cls.__name__)
def test_middleware_tries_again_what_is_worth_it(cls: type[base.SeaCloudError]) -> None:
    tries = []

    def fails(request: ModelRequest) -> ModelResponse:
        tries.append(request)
        with ours.langchain_errors():
            raise cls("It broke.")

    middleware = ModelRetryMiddleware(max_retries=1, on_failure="error", initial_delay=0, jitter=False)
    with pytest.raises(cls):
        middleware.wrap_model_call(ModelRequest(model=ChatSeaCloud(model="gpt-4.1", api_key="k"), messages=[]), fails)
    assert len(tries) == (2 if cls.__name__ in RETRYABLE else 1)


@pytest.mark.parametrize(
    ("cls", "as_langchain"),
    [
        (base.AuthenticationError, langchain.ModelAuthenticationError),
        (base.PermissionDeniedError, langchain.ModelPermissionDeniedError),
        (base.InsufficientBalanceError, langchain.ModelPermissionDeniedError),
        (base.ModelNotAllowedError, langchain.ModelPermissionDeniedError),
        (base.NotFoundError, langchain.ModelNotFoundError),
        (base.InvalidRequestError, langchain.ModelInvalidRequestError),
        (base.ContextLengthError, langchain.ContextOverflowError),
        (base.RateLimitError, langchain.ModelRateLimitError),
        (base.ServerError, langchain.ModelAPIError),
        (base.ConnectionFailed, langchain.ModelConnectionError),
        (base.TimedOut, langchain.ModelTimeoutError),
    ],
)
def test_the_classes_that_middleware_looks_for(
    cls: type[base.SeaCloudError], as_langchain: type[langchain.ModelError]
) -> None:
    with pytest.raises(as_langchain), ours.langchain_errors():
        raise cls("It broke.")


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), ours.langchain_errors():
        raise KeyError


ANSWERS = [
    (401, {"error": "missing authentication token"}, ours.AuthenticationError),
    (
        402,
        {"status": {"code": 402, "message": "Insufficient credits", "error_code": 40201}},
        ours.InsufficientBalanceError,
    ),
    (403, {"error": "invalid_api_key"}, ours.AuthenticationError),
    (403, {"error": "insufficient balance"}, ours.InsufficientBalanceError),
    (404, {"error": "not found"}, ours.NotFoundError),
    (429, {"error": {"message": "slow down", "type": "rate_limit_error"}}, ours.RateLimitError),
    (500, {"error": "oops"}, ours.ServerError),
    (503, {"error": "busy"}, ours.ServerError),
]


class Traces(BaseTracer):
    """Keeps what tracers are told of runs."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[Run] = []

    def _persist_run(self, run: Run) -> None:
        self.runs.append(run)


@pytest.mark.parametrize(("status", "body", "cls"), ANSWERS, ids=[f"{a[0]}-{a[2].__name__}" for a in ANSWERS])
def test_what_the_service_says(
    make: Callable[..., ChatSeaCloud], seacloud_env: Emulator, status: int, body: object, cls: type[base.SeaCloudError]
) -> None:
    seacloud_env.faults.add(Fault(status=status, body=body, times=2))
    traces = Traces()
    model = make(max_retries=0)
    with pytest.raises(cls) as raised:
        model.invoke("hi", config={"callbacks": [traces]})
    assert raised.value.status == status
    assert raised.value.request_id
    with pytest.raises(cls):
        list(model.stream("hi"))
    assert "It broke" not in (traces.runs[0].error or "")
    assert raised.value.request_id in (traces.runs[0].error or "")


async def test_async_too(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(status=403, body={"error": "insufficient balance"}, times=2))
    with pytest.raises(ours.InsufficientBalanceError):
        await make().ainvoke("hi")
    with pytest.raises(ours.InsufficientBalanceError):
        [chunk async for chunk in make().astream("hi")]


def test_a_stream_that_breaks(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(stream_error=3))
    told = []
    with pytest.raises(langchain.ModelError):
        told.extend(make().stream("Say something long enough to break off in the middle."))
    seacloud_env.faults.add(Fault(disconnect_after=700))
    with pytest.raises(ours.StreamBroken):
        list(make().stream("Say something long enough to break off in the middle."))


def test_nothing_is_sent_without_a_key(make: Callable[..., ChatSeaCloud], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEACLOUD_API_KEY")
    model = make()
    with pytest.raises(ours.ConfigurationError, match="SEACLOUD_API_KEY"):
        model.invoke("hi")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base_url": "cloud.example/llm"}, "base_url must begin with https://"),
        ({"timeout": -1}, "timeout must be a positive number"),
        ({"max_retries": -1}, "max_retries must be"),
        ({"protocol": "smoke signals"}, "protocol"),
        ({"messages_path": "/v2"}, "messages_path"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ChatSeaCloud(model="gpt-4.1", **settings)  # type: ignore[arg-type]


def test_nobody_listens_there() -> None:
    model = ChatSeaCloud(model="gpt-4.1", api_key="sk-x", base_url="http://127.0.0.1:9/llm", max_retries=0)
    transport = httpx.MockTransport(
        lambda request: (_ for _ in ()).throw(httpx.ConnectError("refused", request=request))
    )
    model = model.model_copy(update={"http_client": httpx.Client(transport=transport)})
    with pytest.raises(ours.ConnectionFailed, match="Nothing was sent") as raised:
        model.invoke("hi")
    assert raised.value.is_retryable


def test_the_module_names_only_its_own() -> None:
    classes = [value for value in vars(ours).values() if inspect.isclass(value) and value.__module__ == ours.__name__]
    assert all(issubclass(cls, (base.SeaCloudError,)) and issubclass(cls, langchain.ModelError) for cls in classes)
