"""JSON as others send it."""

from __future__ import annotations

import pytest
from seacloud_emulator.json_text import read_json_text

WRONG = (b"", b"{", b"NaN", b'{"a": -Infinity}', b'"\\ud800"', b'{"\\uDC00": 1}', b"\xff", b"[" * 100_000)
RIGHT = {b'"\\ud83d\\ude00"': "\U0001f600", b'"\\u00e9"': "é", b"[1, null]": [1, None], b'{"a": 1e3}': {"a": 1000.0}}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_json(text):
    with pytest.raises(ValueError, match=r"."):
        read_json_text(text)


@pytest.mark.parametrize(("text", "value"), RIGHT.items())
def test_what_is(text, value):
    assert read_json_text(text) == value
    assert read_json_text(text.decode()) == value


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/llm/v1/chat/completions", b'{"model": "m", "messages": [{"role": "user", "content": "\\ud800"}]}', 400),
        ("/llm/openai/v1/responses", b'{"model": "m", "input": "\\ud800"}', 400),
        (
            "/llm/v1/messages",
            b'{"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "\\ud800"}]}',
            400,
        ),
        ("/llm/v1/chat/completions", b'{"model": "m", "temperature": NaN, "messages": []}', 400),
        ("/model/v1/queue/nano_banana_2", b'{"prompt": "\\ud800"}', 422),
        ("/model/v1/queue/nano_banana_2", b'{"prompt": "a", "\\udc00": 1}', 422),
    ],
)
def test_it_is_refused_everywhere_and_recorded_as_nothing(seacloud_emulator, http, path, body, status):
    answer = http.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert seacloud_emulator.requests[0].json is None
    assert http.get("/__emulator__/requests").json()[0]["json"] is None
    assert http.get("/__emulator__/tasks").json() == []
