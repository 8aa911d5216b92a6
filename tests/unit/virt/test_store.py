# SPDX-License-Identifier: Apache-2.0
"""The file that the hypervisors share."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from minova import exception
from minova.virt import store
from minova.virt.store import Store
from tests.unit.virt.hypervisor_fakes import FakeInstance


def test_reset_forgets_everything_under_a_running_driver(new_driver, state_path):
    driver = new_driver()
    driver.spawn("host1", FakeInstance(), [])

    store.reset(state_path)

    assert driver.list_guests("host1") == []
    driver.spawn("host1", FakeInstance(), [])


def test_many_may_open_a_new_store_at_once(state_path):
    def count(_):
        with store.opened(state_path) as opened, opened.write() as connection:
            return store.next_count(connection, "vm", "spawn")

    with ThreadPoolExecutor(8) as executor:
        assert sorted(executor.map(count, range(40))) == list(range(1, 41))


def test_transaction_that_raises_leaves_nothing(state_path):
    def count_and_fail(opened):
        with opened.write() as connection:
            store.next_count(connection, "vm", "spawn")
            raise KeyError

    with store.opened(state_path) as opened:
        with pytest.raises(KeyError):
            count_and_fail(opened)
        with opened.write() as connection:
            assert store.next_count(connection, "vm", "spawn") == 1


def test_nothing_is_opened_before_the_first_use(state_path):
    Store(state_path)

    assert not os.path.exists(state_path)


def test_broken_store_is_a_hypervisor_error(state_path):
    os.makedirs(state_path)
    with open(os.path.join(state_path, store.FILE_NAME), "w") as file:
        file.write("this is no database, " * 100)

    with pytest.raises(exception.HypervisorError, match="not a database"):
        store.reset(state_path)


def test_busy_store_is_given_up_after_the_timeout(state_path):
    holder, other = Store(state_path), Store(state_path, busy_timeout_seconds=0.1)
    with other.read(), holder.write():
        pass

    with holder.write(), pytest.raises(exception.HypervisorError, match="locked"), other.write():
        pass

    holder.close()
    other.close()
