# SPDX-License-Identifier: Apache-2.0
"""What a listener is told, and when."""

import threading

from minova.page.changes import REMEMBERED_REQUESTS, Changes

AT_ONCE = 0
DEADLINE_SECONDS = 60


def test_only_what_changed_since_is_told():
    changes = Changes()
    changes.tell("state")
    since = changes.version
    changes.tell("requests", request_id="req-1")
    changes.tell("requests", "servers", request_id="req-2")
    news = changes.wait(since, AT_ONCE)
    assert (news.what, news.requests) == (["requests", "servers"], ["req-1", "req-2"])
    assert changes.wait(news.version, AT_ONCE) is None


def test_a_listener_that_missed_too_many_reads_all_again():
    changes = Changes()
    for number in range(REMEMBERED_REQUESTS + 1):
        changes.tell("requests", request_id=f"req-{number}")
    assert changes.wait(0, AT_ONCE).requests is None
    assert len(changes.wait(1, AT_ONCE).requests) == REMEMBERED_REQUESTS


def test_who_waits_is_woken():
    changes, heard = Changes(), []
    waiting = threading.Thread(target=lambda: heard.append(changes.wait(0, DEADLINE_SECONDS)))
    waiting.start()
    changes.tell("state")
    waiting.join(DEADLINE_SECONDS)
    assert heard[0].what == ["state"]


def test_closing_lets_all_go():
    changes, heard = Changes(), []
    waiting = [threading.Thread(target=lambda: heard.append(changes.wait(0, DEADLINE_SECONDS * 2)))]
    waiting.append(threading.Thread(target=lambda: heard.append(changes.pause(DEADLINE_SECONDS * 2))))
    for thread in waiting:
        thread.start()
    changes.close()
    for thread in waiting:
        thread.join(DEADLINE_SECONDS)
    assert heard == [None, None]
