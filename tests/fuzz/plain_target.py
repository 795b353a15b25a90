"""The target that reads whole answers: any JSON, on each protocol, and any bytes that claim to be an answer."""

from __future__ import annotations

from pydantic_core import from_json
from seacloud_client.conversation import Reply
from seacloud_client.errors import SeaCloudError
from seacloud_client.flows import HttpAnswer
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols import WireProtocol, get_protocol, spoken
from seacloud_client.streams import read_as_deltas, read_reply

from fuzz.reading import PASSES, chance_of, check_error
from fuzz.sending_back import check_sending_back

TYPES = ("application/json", "", "text/event-stream")


def check_plain(data: bytes) -> None:
    """A whole answer: a reply that holds together, or an error of ours, whatever its content type claims."""
    for name in spoken():
        protocol = get_protocol(name)
        for kind in TYPES if PASSES["all"] else (chance_of(data).choice(TYPES),):
            answer = HttpAnswer(200, {"content-type": kind} if kind else {}, data, "https://service.test/x", "r-1")
            reply, refusal = _read(answer, protocol)
            if reply is None:
                assert refusal is not None
                assert refusal.request_id == "r-1"
                assert refusal.status is not None
                check_error(refusal)
            else:
                assert reply.request_id == "r-1"
                assert repr(Fold().add_all(read_as_deltas(answer, protocol)).reply()) == repr(reply)
        _check_decoded(protocol, data)


def _read(answer: HttpAnswer, protocol: WireProtocol) -> tuple[Reply | None, SeaCloudError | None]:
    try:
        return read_reply(answer, protocol), None
    except SeaCloudError as error:
        return None, error


def _check_decoded(protocol: WireProtocol, data: bytes) -> None:
    try:
        body = from_json(data)
        before = repr(body)
        reply = protocol.decode(body)
    except (ValueError, SeaCloudError):
        return
    assert repr(body) == before, "reading changed what was read"
    check_reply(reply)
    check_sending_back(protocol, reply)


def check_reply(reply: Reply) -> None:
    """A reply holds together, and is the same told as deltas."""
    assert repr(Fold().add_all(unfold(reply)).reply()) == repr(reply)
    assert reply.choices
    for choice in reply.choices:
        assert isinstance(choice.text, str)
        assert isinstance(choice.reasoning, str)
        for call in choice.tool_calls:
            assert call.id, "a result could not name this call"
    if reply.usage is not None:
        counts = (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens)
        assert all(type(count) is int for count in counts)
