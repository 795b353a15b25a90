"""A task is posted once: the posts are counted under every fault that the emulator can order."""

from __future__ import annotations

import httpx
import pytest
from pydantic import BaseModel, Field
from queue_flavours import ARGUMENTS, FLAVOURS, MODEL, Flavoured
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    ForeignOriginError,
    InsufficientBalanceError,
    InvalidInputError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    ServerError,
    SubmitOutcomeUnknown,
)
from seacloud_client.queue import Queue
from seacloud_emulator import Fault

POST = {"method": "POST", "path": "/queue/"}


def posts(emulator):
    return [record for record in emulator.requests if record.method == "POST"]


@pytest.fixture
def queue(seacloud_env):
    return Queue(request_timeout=0.4, max_retries=3)


FAULTS = [
    ({"status": 400}, InvalidRequestError, 0),
    ({"status": 401}, AuthenticationError, 0),
    ({"status": 402}, InsufficientBalanceError, 0),
    ({"status": 403}, PermissionDeniedError, 0),
    ({"status": 404}, NotFoundError, 0),
    ({"status": 408}, SubmitOutcomeUnknown, 0),
    ({"status": 409}, InvalidRequestError, 0),
    ({"status": 422}, InvalidRequestError, 0),
    ({"status": 429}, RateLimitError, 0),
    ({"status": 429, "retry_after": 0}, RateLimitError, 0),
    ({"status": 500}, SubmitOutcomeUnknown, 0),
    ({"status": 502}, SubmitOutcomeUnknown, 0),
    ({"status": 503}, SubmitOutcomeUnknown, 0),
    ({"status": 503, "retry_after": 0}, ServerError, 0),
    ({"status": 504}, SubmitOutcomeUnknown, 0),
    ({"status": 529}, ServerError, 0),
    ({"status": 200, "body": "<html>a gateway's page</html>"}, SubmitOutcomeUnknown, 0),
    ({"status": 200, "body": {"detail": "?"}}, SubmitOutcomeUnknown, 0),
    ({"delay": 1.5}, SubmitOutcomeUnknown, None),
    ({"stall": 1.5}, SubmitOutcomeUnknown, 1),
    ({"disconnect_after": 0}, SubmitOutcomeUnknown, 0),
    ({"disconnect_after": 20}, SubmitOutcomeUnknown, 1),
    ({"malformed_json": True}, SubmitOutcomeUnknown, 1),
    ({"redirect": "/model/v1/queue/flux_2_pro"}, ProtocolError, 0),
    ({"redirect": "http://elsewhere.test/model/v1/queue/nano_banana_2"}, ForeignOriginError, 0),
    ({"redirect": "/model/v1/queue/flux_2_pro", "status": 301}, ProtocolError, 0),
    ({"redirect": "/model/v1/queue/flux_2_pro", "status": 303}, SubmitOutcomeUnknown, 0),
]


@FLAVOURS
@pytest.mark.parametrize("case", FAULTS, ids=[str(fault) for fault, _, _ in FAULTS])
def test_one_post_whatever_happens(seacloud_emulator, queue, flavour, case):
    fault, error, created = case
    seacloud_emulator.faults.add(Fault(match=POST, times=9, **fault))
    with pytest.raises(error) as caught:
        Flavoured(queue, flavour).run(MODEL, ARGUMENTS, timeout=5)
    assert type(caught.value) is error
    assert len(posts(seacloud_emulator)) == 1
    if created is not None:
        assert len(seacloud_emulator.tasks) == created
    assert caught.value.request_id == posts(seacloud_emulator)[0].request_id
    assert caught.value.model == MODEL


@FLAVOURS
def test_a_wrong_content_type_is_no_reason_to_lose_a_task(seacloud_emulator, queue, flavour):
    seacloud_emulator.faults.add(Fault(match=POST, content_type="text/plain"))
    task = Flavoured(queue, flavour).submit(MODEL, ARGUMENTS)
    assert task.request_id == seacloud_emulator.tasks[0].request_id
    assert len(posts(seacloud_emulator)) == 1


@FLAVOURS
def test_a_connection_that_cannot_be_made_is_tried_again(seacloud_emulator, flavour, unused_tcp_port):
    queue = Queue(api_key="k", base_url=f"http://127.0.0.1:{unused_tcp_port}/model", max_retries=1)
    with pytest.raises(ConnectionFailed, match="Nothing was sent"):
        Flavoured(queue, flavour).submit(MODEL, ARGUMENTS)


BAD = [
    ("", ARGUMENTS, "^The model is empty"),
    ("a/b", ARGUMENTS, "^The model 'a/b' is none"),
    ("..", ARGUMENTS, "^The model"),
    ("modèle", ARGUMENTS, "^The model"),
    (MODEL, {}, "^There are no arguments: give at least a prompt"),
    (MODEL, {"prompt": ""}, "^The prompt is empty: say what to make"),
    (MODEL, {"prompt": " \n"}, "^The prompt is empty"),
    (MODEL, {"prompt": None}, "^The prompt is empty"),
    (MODEL, {"prompt": "x", "cfg": float("nan")}, "JSON"),
    (MODEL, {"prompt": "\ud83d"}, "surrogate"),
    (MODEL, {"prompt": "x", "image": b"raw"}, "JSON"),
    (MODEL, {1: "x"}, "^The name of a parameter must be a text; got 1"),
    (MODEL, "a cat", "^arguments must be the model's parameters by name, .*not str"),
]


@FLAVOURS
@pytest.mark.parametrize(("model", "arguments", "words"), BAD, ids=[words for _, _, words in BAD])
def test_what_cannot_be_sent_is_not(seacloud_env, flavour, model, arguments, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        Flavoured(Queue(), flavour).run(model, arguments)
    assert caught.value.message.endswith("Nothing was sent.")
    assert seacloud_env.requests == []


class Parameters(BaseModel):
    prompt: str
    count: int = Field(ge=1)


@FLAVOURS
@pytest.mark.parametrize("step", ["submit", "run"])
def test_what_does_not_fit_the_contract_is_not_sent(seacloud_env, flavour, step):
    with pytest.raises(InvalidInputError, match="count") as caught:
        getattr(Flavoured(Queue(), flavour), step)(MODEL, {"prompt": "a cat", "count": 0}, contract=Parameters)
    assert "Nothing was sent" in str(caught.value)
    assert seacloud_env.requests == []


@FLAVOURS
def test_without_a_key_nothing_is_sent(seacloud_emulator, flavour):
    queue = Queue(base_url=f"{seacloud_emulator.url}/model")
    with pytest.raises(ConfigurationError, match="SEACLOUD_API_KEY"):
        Flavoured(queue, flavour).submit(MODEL, ARGUMENTS)
    assert seacloud_emulator.requests == []


def test_the_key_goes_along_as_key(seacloud_env):
    seen = []
    client = httpx.Client(event_hooks={"request": [seen.append]})
    Queue(api_key="sk-mine", http_client=client).run(MODEL, ARGUMENTS, interval=0.05)
    assert {request.headers["authorization"] for request in seen} == {"Key sk-mine"}
    assert next(request.method for request in seen) == "POST"
    client.close()
