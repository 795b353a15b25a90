"""From an answer to its error: every shape and status of the service's documentation, and what gateways answer."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client.error_mapping import (
    MAX_KEPT,
    error_from_answer,
    error_from_body,
    is_error_body,
    is_error_reply,
    read_facts,
)
from seacloud_client.errors import (
    APIError,
    AuthenticationError,
    ContentRefusedError,
    ContextLengthError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotAllowedError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

URL = "https://cloud.seaart.ai/llm/v1/chat/completions"


def error_of(status, body, url=URL, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return error_from_answer(status, headers, content, url, "sc-ours")


def openai(message, **fields):
    return {"error": {"message": message, "type": None, "param": None, "code": None, **fields}}


def anthropic(kind, message):
    return {"type": "error", "error": {"type": kind, "message": message}}


# Status, body, class, code. The bodies are of docs/model-api/llm (errors), docs/model-api/multimodal, the vendor's own
# client, and OpenAI's and Anthropic's references.
CASES = {
    "a string: no token": (401, {"error": "missing authentication token"}, AuthenticationError, None),
    "a string: bad key": (403, {"error": "invalid_api_key"}, AuthenticationError, "invalid_api_key"),
    "a string: balance": (403, {"error": "insufficient balance"}, InsufficientBalanceError, None),
    "an object: expired": (403, openai("The API key has expired"), AuthenticationError, None),
    "an object: balance": (
        403,
        openai("Insufficient account balance", code="40201"),
        InsufficientBalanceError,
        "40201",
    ),
    "an object: model": (403, openai("Model gpt-9 is not authorized for this key"), ModelNotAllowedError, None),
    "an object: other": (403, openai("Not for you"), PermissionDeniedError, None),
    "an object: the vendor's code": (403, openai("No", code=40208), InsufficientBalanceError, "40208"),
    "403 that says nothing": (403, b"", PermissionDeniedError, None),
    "402": (402, openai("Payment required"), InsufficientBalanceError, None),
    "the vendor's object": (
        402,
        {"status": {"code": 402, "message": "Insufficient credits", "error_code": 40201}, "data": None},
        InsufficientBalanceError,
        "40201",
    ),
    "404": (404, openai("Not found"), NotFoundError, None),
    "429 by rate": (429, openai("Slow down", type="rate_limit_error"), RateLimitError, "rate_limit_error"),
    "429 by quota": (429, openai("Quota", code="quota_exceeded"), RateLimitError, "quota_exceeded"),
    "400": (400, openai("Bad field", param="temperature", type="invalid_request_error"), InvalidRequestError, None),
    "400 too long (OpenAI)": (
        400,
        openai("This model's maximum context length is 8192 tokens.", code="context_length_exceeded"),
        ContextLengthError,
        "context_length_exceeded",
    ),
    "400 too long (Anthropic)": (
        400,
        anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
        ContextLengthError,
        "invalid_request_error",
    ),
    "400 filtered": (400, openai("Blocked by content policy", code="content_filter"), ContentRefusedError, None),
    "400 filtered (DeepSeek)": (400, openai("Content Exists Risk"), ContentRefusedError, None),
    "400 filtered (Qwen)": (
        400,
        openai("Input data may contain bad words.", code="data_inspection_failed"),
        ContentRefusedError,
        "data_inspection_failed",
    ),
    "400 filtered (Qwen's words)": (
        400,
        openai("Input data may contain inappropriate content."),
        ContentRefusedError,
        None,
    ),
    "400 filtered (OpenAI)": (
        400,
        openai("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", code="invalid"),
        ContentRefusedError,
        "invalid",
    ),
    "403 filtered (xAI)": (
        403,
        {
            "code": "The caller does not have permission to execute the specified operation",
            "error": "Content violates usage guidelines. Team: a, API key ID: b, Model: grok-4, Failed check: c",
        },
        ContentRefusedError,
        None,
    ),
    "403 filtered (OpenRouter)": (
        403,
        openai('Your chosen model requires moderation and your input was flagged for "violence".', code=403),
        ContentRefusedError,
        "403",
    ),
    "403 of a model that filters": (
        403,
        openai("Model omni-moderation-latest is not allowed for this key"),
        ModelNotAllowedError,
        None,
    ),
    "413": (413, anthropic("request_too_large", "Too large"), InvalidRequestError, "request_too_large"),
    "422 with a sentence": (422, {"detail": "webhook not supported"}, InvalidRequestError, None),
    "409": (409, openai("Conflict"), InvalidRequestError, None),
    "Anthropic's 401": (401, anthropic("authentication_error", "invalid x-api-key"), AuthenticationError, None),
    "Anthropic's 529": (529, anthropic("overloaded_error", "Overloaded"), ServerError, "overloaded_error"),
    "500": (500, openai("Oops"), ServerError, None),
    "502 as a page": (502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", ServerError, None),
    "503 with nothing": (503, b"", ServerError, None),
    "504 as text": (504, b"upstream timed out", ServerError, None),
    "the queue's code": (
        401,
        {"error": {"code": "UNAUTHORIZED", "message": "Who are you?"}, "request_id": "mmsu_1"},
        AuthenticationError,
        "UNAUTHORIZED",
    ),
    "the queue's rate": (
        429,
        {"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "Too fast"}, "request_id": "mmsu_1"},
        RateLimitError,
        "RATE_LIMIT_EXCEEDED",
    ),
    "the queue's model": (404, {"detail": "App not found: x"}, NotFoundError, None),
    "the queue's model, forbidden": (403, {"detail": "Model not allowed for this user"}, ModelNotAllowedError, None),
    "the queue's failure": (500, {"detail": "Runtime execution failed"}, ServerError, None),
}


@pytest.mark.parametrize(("status", "body", "cls", "code"), CASES.values(), ids=CASES.keys())
def test_each_answer_is_the_right_error(status, body, cls, code):
    error = error_of(status, body)
    assert type(error) is cls
    assert error.status == status
    if code is not None:
        assert error.code == code


TOO_LONG = {
    "Anthropic": "input length and `max_tokens` exceed context limit: 199211 + 20000 > 200000, decrease input length",
    "Gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "xAI": "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "Moonshot": "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)",
    "Qwen": "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
    "Z.ai": "Prompt exceeds max length",
    "llama.cpp": "the request exceeds the available context size. try increasing the context size",
    "OpenAI": "Your input exceeds the context window of this model. Please adjust your input and try again.",
}


@pytest.mark.parametrize("message", TOO_LONG.values(), ids=TOO_LONG.keys())
def test_a_conversation_that_is_too_long_in_each_vendors_words(message):
    assert type(error_of(400, openai(message, type="invalid_request_error"))) is ContextLengthError


@pytest.mark.parametrize(
    ("status", "message", "cls"),
    [
        (400, "max_tokens is too large: 100000. This model supports at most 16384 completion tokens", None),
        (400, "max_tokens: 300000 > 64000, which is the maximum allowed number of output tokens for the model", None),
        (400, "Range of max_tokens should be [1, 8192]", None),
        (400, "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", None),
        (400, "Invalid 'user': string too long. Expected a string with maximum length 64", None),
        (400, "Invalid value for 'content': expected a string, got null", None),
        (429, "Rate limit reached on tokens per min (TPM): Limit 30000, Requested 40000", RateLimitError),
        (429, "Request too large: the number of input tokens exceeds the context limit of your tier", RateLimitError),
    ],
)
def test_what_is_no_overflow_and_no_refused_content(status, message, cls):
    assert type(error_of(status, openai(message))) is (cls or InvalidRequestError)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, {"error": "insufficient balance"}, "insufficient balance. Top up the account"),
        (401, {"error": "missing authentication token"}, "Check api_key or SEACLOUD_API_KEY"),
        (400, openai("Bad field.", param="temperature"), "Bad field [temperature]."),
        (400, openai("Bad temperature.", param="temperature"), "Bad temperature."),
        (
            422,
            {"detail": [{"loc": ["body", "prompt"], "msg": "field required"}, "and more"]},
            "body.prompt: field required; and more",
        ),
        (502, b"<html><style>p {}</style><h1>502</h1> <p>Bad\n gateway</p></html>", "502 Bad gateway."),
        (500, b"", "the service gave no reason. Try again later"),
        (500, ["strange"], '["strange"]'),
        (429, openai("Slow"), "Slow. Wait, or send fewer requests"),
        (
            402,
            {"status": {"code": 402, "message": "Insufficient credits"}, "data": None},
            "Insufficient credits. Top up",
        ),
        (400, {"error": {"message": "Provider returned error", "metadata": {"raw": "no such voice"}}}, "no such voice"),
    ],
)
def test_the_message_says_what_happened_and_what_to_do(status, body, said):
    assert said in error_of(status, body).message


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<HTML><SCRIPT type='x'>if (a < b) {}</SCRIPT>Bad<style>p {}\n</style> gateway</HTML>", "Bad gateway."),
        ("<html><script>'</style>' <style></script>Bad<styled>gateway", "Bad gateway."),
        ("<html>Bad<script>gateway", "Bad gateway."),
        ("<html></script>Bad</style>gateway", "Bad gateway."),
    ],
)
def test_of_a_page_only_what_people_see_is_shown(page, said):
    assert error_of(502, page.encode()).message.startswith(said)


@pytest.mark.parametrize("part", ["<", "<style", "<style>", "<script><style>", "</script>", "<script"])
def test_a_page_is_read_in_linear_time(part):
    """Where each beginning was looked after to the page's end, one of these took a second or more."""
    page = ("<html>" + part * (MAX_KEPT // len(part))).encode()
    began = time.process_time()
    for _ in range(5):
        error_of(502, page)
    assert time.process_time() - began < 1.0


def test_a_long_reason_is_cut_and_kept():
    error = error_of(500, openai("x" * 5000))
    assert len(error.message) < 700
    assert error.body["error"]["message"] == "x" * 5000


def test_a_long_page_is_cut():
    assert len(error_of(502, b"y" * 100_000).body) == 20_000


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://cloud.seaart.ai/v1/chat/completions", "SeaCloud's public paths begin with /llm (chat) or /model"),
        ("http://127.0.0.1:8080/v1/queue/x", "Check base_url or SEACLOUD_BASE_URL"),
        (URL, "Check the model's name, and base_url"),
        ("https://cloud.seaart.ai/model/v1/queue/m", "Check the model's name, and base_url"),
        (
            "https://cloud.seaart.ai/model/v1/queue/m/requests/mmsu_1/status",
            "may belong to another key or another model",
        ),
        ("https://cloud.seaart.ai/model/v1/queue/m/requests/mmsu_1/cancel", "or be gone by now"),
        ("https://cloud.seaart.ai/model/v1/queue/m/requests/mmsu_1", "or be gone by now"),
        ("https://cloud.seaart.ai/v1/queue/m/requests/mmsu_1/status", "public paths begin with /llm (chat) or /model"),
    ],
)
def test_a_wrong_path_is_explained(url, said):
    assert said in error_of(404, openai("Not found"), url=url).message


def test_the_request_id_is_the_services_own_or_ours():
    assert error_of(500, b"").request_id == "sc-ours"
    assert error_of(500, b"", **{"x-request-id": "theirs"}).request_id == "theirs"
    assert error_of(500, b"", **{"request-id": "anthropic's"}).request_id == "anthropic's"


# What is an error though its status is 200, with the status that it stands for.
ERROR_BODIES = {
    "openai": (openai("no", type="invalid_request_error"), InvalidRequestError, 400),
    "openai, coded by number": (openai("no", code=429), RateLimitError, 429),
    "openai, a text for a number": (openai("no", code="402"), InsufficientBalanceError, 402),
    "groq": (
        openai("no", type="invalid_request_error", code="tool_use_failed", status_code=400),
        InvalidRequestError,
        400,
    ),
    "anthropic": (anthropic("overloaded_error", "Overloaded"), ServerError, 529),
    "anthropic, rate": (anthropic("rate_limit_error", "Slow"), RateLimitError, 429),
    "a string: balance": ({"error": "insufficient balance"}, InsufficientBalanceError, 402),
    "a string: no token": ({"error": "missing authentication token"}, AuthenticationError, 401),
    "a string: bad key": ({"error": "invalid_api_key"}, AuthenticationError, 401),
    "a string that nobody knows": ({"error": "it is Tuesday"}, ServerError, 200),
    "the vendor's code alone": (openai("no", code=40203), InsufficientBalanceError, 402),
    "the vendor's": (
        {"status": {"code": 402, "message": "Insufficient credits", "error_code": 40201}, "data": None},
        InsufficientBalanceError,
        402,
    ),
    "a status that is no number": (openai("no", status_code=float("inf")), ServerError, 200),
    "the vendor's, with a text": (
        {"status": {"code": "403", "message": "Model not allowed"}},
        ModelNotAllowedError,
        403,
    ),
}


@pytest.mark.parametrize(("body", "cls", "status"), ERROR_BODIES.values(), ids=ERROR_BODIES.keys())
def test_an_error_in_a_body_of_status_200(body, cls, status):
    assert is_error_body(body)
    error = error_from_body(body)
    assert type(error) is cls
    assert error.status == status


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "error": None},
        {"id": "resp_1", "error": {"message": "it failed", "code": "server_error"}, "output": []},
        {"status": {"code": 200, "message": "ok"}, "data": None},
        {"status": {"code": 402}, "data": {"id": 1}},
        {"status": {"code": float("inf")}, "data": None},
        {"status": "completed"},
        {"type": "message", "content": []},
        [],
        "error",
        None,
    ],
)
def test_an_answer_is_no_error(body):
    assert not is_error_body(body)


ERROR_REPLIES = {
    "dashscope": (openai("no", code="data_inspection_failed") | {"id": "c-1", "request_id": "r"}, ServerError, 200),
    "mistral": (
        {"object": "error", "message": "no", "type": "invalid_request_error", "code": "3505"},
        InvalidRequestError,
        400,
    ),
    "minimax": (
        {"id": "c-1", "choices": None, "base_resp": {"status_code": 1008, "status_msg": "no"}},
        InsufficientBalanceError,
        402,
    ),
    "minimax, rate": ({"base_resp": {"status_code": 1002, "status_msg": "no"}}, RateLimitError, 429),
    "a sentence": ({"detail": "Runtime execution failed"}, ServerError, 200),
    "a code": ({"code": "Throttling", "message": "no", "request_id": "r"}, ServerError, 200),
}


@pytest.mark.parametrize(("body", "cls", "status"), ERROR_REPLIES.values(), ids=ERROR_REPLIES.keys())
def test_an_error_in_the_place_of_a_models_reply(body, cls, status):
    assert not is_error_body(body)  # of a task, all of this may be said in passing
    assert is_error_reply(body)
    error = error_from_body(body)
    assert (type(error), error.status) == (cls, status)
    assert ("Runtime" if "detail" in body else "no") in error.message


@pytest.mark.parametrize(("body", "cls", "status"), ERROR_BODIES.values(), ids=ERROR_BODIES.keys())
def test_any_error_body_is_an_error_in_the_place_of_a_reply(body, cls, status):
    assert is_error_reply(body)


@pytest.mark.parametrize(
    "body",
    [
        {"id": "resp_1", "error": {"message": "it failed", "code": "server_error"}, "output": []},
        {"id": "resp_1", "object": "response", "status": "failed", "error": {"code": "server_error"}},
        {"choices": [{}], "error": {"message": "it failed"}},
        {"choices": [{}], "base_resp": {"status_code": 1027}, "detail": "x"},
        {"choices": [], "base_resp": {"status_code": 0, "status_msg": ""}},
        {"choices": [], "usage": {}},
        {"code": 200, "message": "ok"},
        {"type": "notice", "message": "soon", "code": "maintenance", "detail": "x"},
        {},
        [],
        None,
    ],
)
def test_a_reply_is_no_error(body):
    assert not is_error_reply(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "code", "type", "status", "detail", "loc", "msg", "param", "data"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.integers(400, 599))
def test_any_body_is_some_error(body, status):
    error = error_of(status, body)
    assert isinstance(error, APIError)
    assert error.message
    assert str(error)
    assert isinstance(error_from_body(body), APIError)
    assert isinstance(is_error_body(body), bool)
    assert isinstance(is_error_reply(body), bool)
    assert isinstance(read_facts(body).words, str)


@given(st.binary(max_size=60), st.integers(400, 599))
def test_any_bytes_are_some_error(body, status):
    assert isinstance(error_of(status, body), APIError)
