# SPDX-License-Identifier: Apache-2.0
"""A task is in one pair of hands at a time."""

from minova import objects
from minova.compute.tasks_in_hand import TasksInHand


def _instance(task_id="task", attempt=1, host="host1"):
    return objects.Instance(uuid="uuid", task_id=task_id, attempt=attempt, host=host)


def test_a_task_that_is_in_hand_is_not_taken_twice():
    tasks = TasksInHand()

    with tasks.hold(_instance()) as first, tasks.hold(_instance()) as second:
        assert (first, second) == (True, False)
        assert tasks.list() == [["task", 1]]

    assert tasks.list() == []


def test_the_second_to_let_go_does_not_drop_the_firsts_task():
    tasks = TasksInHand()

    with tasks.hold(_instance()):
        with tasks.hold(_instance()):
            pass
        assert tasks.list() == [["task", 1]]


def test_a_later_attempt_is_another_task():
    tasks = TasksInHand()

    with tasks.hold(_instance(attempt=1)), tasks.hold(_instance(attempt=2)) as later:
        assert later


def test_tasks_are_counted_by_host():
    tasks = TasksInHand()

    with tasks.hold(_instance("a")), tasks.hold(_instance("b")), tasks.hold(_instance("c", host="host2")):
        assert tasks.count_by_host() == {"host1": 2, "host2": 1}
