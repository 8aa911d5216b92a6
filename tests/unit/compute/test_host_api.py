# SPDX-License-Identifier: Apache-2.0
"""The wait of an API that starts for a host."""

import threading
import time

from minova.compute import host_api
from minova.db.models import services
from tests import records

_LONG_SECONDS = 60


def test_a_host_is_waited_for(database):
    api = host_api.API(database)
    waiter = threading.Thread(target=api.wait_for_a_host, args=(_LONG_SECONDS,))
    waiter.start()
    assert waiter.is_alive()
    records.add_host(database, "host1")
    waiter.join(_LONG_SECONDS / 2)
    assert not waiter.is_alive()


def test_a_host_that_is_down_is_none(database):
    records.add_host(database, "host1")
    with database.writer() as conn:
        conn.execute(services.update().values(forced_down=True))
    begin = time.monotonic()
    host_api.API(database).wait_for_a_host(0.2)
    assert time.monotonic() - begin >= 0.2
