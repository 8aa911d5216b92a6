# SPDX-License-Identifier: Apache-2.0
"""When a deployment counts as ready."""

import datetime

import pytest

from minova.up.api_client import ApiError
from minova.up.readiness import Readiness, seconds_since_epoch

START = 1_900_000_000


class FakeApi:
    def __init__(self, services):
        self.services = services

    def get(self, path):
        if self.services is None:
            raise ApiError("refused")
        return {"services": self.services} if path == "/os-services" else {"versions": []}


def row(service, host="here", state="up", age_seconds=0):
    reported = datetime.datetime.fromtimestamp(START - age_seconds, datetime.UTC)
    return {
        "binary": f"minova-{service}",
        "host": host,
        "state": state,
        "updated_at": reported.strftime("%Y-%m-%dT%H:%M:%S.000000"),
    }


def missing(services, hosts=2):
    expected = {"conductor": 1, "scheduler": 1, "network": 1, "compute": hosts}
    readiness = Readiness(["http://127.0.0.1:1"], expected, START)
    readiness._apis = [FakeApi(services)]
    return readiness.missing()


OTHERS = [row("conductor"), row("scheduler"), row("network")]
HOSTS = [row("compute", "host1"), row("compute", "host2")]


def test_ready_when_all_have_reported():
    assert missing(OTHERS + HOSTS) == []


def test_an_api_that_does_not_answer_is_missing():
    assert missing(None) == ["the API (refused)"]


def test_missing_hosts_are_counted():
    assert missing(OTHERS + HOSTS[:1]) == ["compute (1 of 2)"]


def test_a_service_that_is_down_is_missing():
    assert missing([row("conductor", state="down"), *OTHERS[1:], *HOSTS]) == ["conductor"]


def test_a_report_of_an_earlier_run_does_not_count():
    assert missing([row("conductor", age_seconds=5), *OTHERS[1:], *HOSTS]) == ["conductor"]


@pytest.mark.parametrize(
    "text",
    [
        "2030-03-17T17:46:40.000000",
        "2030-03-17T17:46:40",
        "2030-03-17T17:46:40Z",
        "2030-03-17T19:46:40+02:00",
    ],
)
def test_times_of_the_api(text):
    assert seconds_since_epoch(text) == START


@pytest.mark.parametrize("text", [None, "", "soon", 7])
def test_what_is_no_time(text):
    assert seconds_since_epoch(text) is None
