# SPDX-License-Identifier: Apache-2.0
"""Which answers of the API break a promise."""

import pytest

from minova.chaos import door
from minova.chaos.door import Answer
from minova.chaos.ledger import Ledger, Server


def answer(status, began=100.0, ended=101.0, retry_after="", body=None):
    return Answer("api-1", "POST", "/servers", status, began, ended, body or {}, "req-1", retry_after)


def sentences(ledger):
    return [sentence for sentence, _ in ledger.violations]


@pytest.mark.parametrize("status", [202, 409])
def test_what_is_allowed_is_counted_and_no_more(status):
    ledger = Ledger()
    ledger.note(answer(status), "stop", (202, 409))
    assert ledger.answers == {("stop", status): 1}
    assert ledger.violations == []


@pytest.mark.parametrize("status", [400, 404, 500, 502])
def test_what_makes_no_sense_is_told_with_its_message_and_its_request(status):
    ledger = Ledger()
    ledger.note(answer(status, body={"fault": {"message": "Oh."}}), "stop", (202, 409))
    assert ledger.violations == [(f"stop (/servers) at api-1 answered {status}: Oh.", ("req-1",))]


def test_503_says_when_to_come_again():
    ledger = Ledger()
    ledger.note(answer(503, retry_after="3"), "create", (202,))
    assert ledger.violations == []
    ledger.note(answer(503), "create", (202,))
    assert sentences(ledger) == ["create (/servers) at api-1: 503 without Retry-After."]


@pytest.mark.parametrize("status", [door.REFUSED, door.BROKEN, door.LATE])
@pytest.mark.parametrize(
    ("service", "outage", "excused"),
    [
        ("api-1", (90, 95), False),
        ("api-1", (90, 99.5), True),
        ("api-1", (100.5, 130), True),
        ("api-1", (102, 130), False),
        ("api-2", (90, 130), False),
    ],
)
def test_no_answer_is_excused_while_its_own_api_is_away(status, service, outage, excused):
    ledger = Ledger()
    ledger.note(answer(status), "show", (200,))
    ledger.note_outage(service, *outage)
    ledger.judge_unanswered()
    assert (sentences(ledger) == []) is excused


def test_requests_are_remembered_for_the_logs():
    server = Server("one")
    Ledger().note(answer(202), "create", (202,), server)
    assert server.request_ids == ["req-1"]
