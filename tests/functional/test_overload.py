# SPDX-License-Identifier: Apache-2.0
"""A flood of clients: what the API accepts is built, what it has no room for it refuses, and nothing hangs."""

import concurrent.futures
import contextlib
import sqlite3
import time

import pytest

from tests import http_client
from tests.cloud import Cloud

_CLIENTS = 250


@pytest.fixture
def make_cloud(tmp_path):
    with contextlib.ExitStack() as stack:

        def make(**api_options):
            options = {"api": api_options, "quota": {"instances": -1, "cores": -1, "ram": -1}}
            cloud = stack.enter_context(Cloud(tmp_path, options=options))
            cloud.start_all("--hosts", "4")
            return cloud

        yield make


def _post(cloud, body):
    return http_client.ask(cloud.api_port, "POST", "/v2.1/servers", body, timeout_seconds=60)


def _flood(cloud, count):
    body = {"server": {"name": "flood", "flavorRef": "1", "imageRef": cloud.image()}}
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: _post(cloud, body), range(count)))


def test_a_flood_gets_2xx_or_503_and_what_was_accepted_is_built(make_cloud):
    cloud = make_cloud(threads=2, max_waiting_requests=20)

    answers = _flood(cloud, _CLIENTS)

    assert {answer.status for answer in answers} == {202, 503}
    refused = [answer for answer in answers if answer.status == 503]
    assert {answer.headers["Retry-After"] for answer in refused} == {"2"}
    assert all("overloaded" in answer.document["serviceUnavailable"]["message"] for answer in refused)
    # It is itself again at once.
    began = time.monotonic()
    assert cloud.request("GET", "/v2.1/servers?limit=1")[0] == 200
    assert time.monotonic() - began < 20
    accepted = [answer.document["server"]["id"] for answer in answers if answer.status == 202]
    for uuid in accepted:
        cloud.wait_for_status(uuid, "ACTIVE", timeout_seconds=120)
    assert len(cloud.request("GET", "/v2.1/servers?limit=1000")[1]["servers"]) == len(accepted)


def test_two_hundred_creates_at_once_are_all_accepted_and_built(make_cloud):
    cloud = make_cloud()

    answers = _flood(cloud, 200)

    assert [answer.status for answer in answers] == [202] * 200
    for answer in answers:
        cloud.wait_for_status(answer.document["server"]["id"], "ACTIVE", timeout_seconds=180)


def test_requests_that_find_no_thread_in_time_are_refused(make_cloud):
    cloud = make_cloud(threads=2, max_waiting_seconds=1, database_timeout=8)
    body = {"server": {"name": "late", "flavorRef": "1", "imageRef": cloud.image()}}
    with (
        contextlib.closing(sqlite3.connect(cloud.path / "state/minova.sqlite3")) as other,
        concurrent.futures.ThreadPoolExecutor(6) as pool,
    ):
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        posts = [pool.submit(_post, cloud, body) for _ in range(6)]
        # Two hold the threads, until the database is free; the others give up long before.
        first = next(concurrent.futures.as_completed(posts)).result()
        refused_seconds = time.monotonic() - began
        other.rollback()
        answers = [post.result() for post in posts]

    assert first.status == 503
    assert refused_seconds < 7
    assert sorted(answer.status for answer in answers) == [202, 202, 503, 503, 503, 503]
    for answer in answers:
        if answer.status == 202:
            cloud.wait_for_status(answer.document["server"]["id"], "ACTIVE", timeout_seconds=60)
