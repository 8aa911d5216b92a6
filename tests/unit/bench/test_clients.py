# SPDX-License-Identifier: Apache-2.0
"""How work is shared among client processes, and what they saw is brought together."""

import pytest

from minova.bench import client, clients, measure


def test_tickets_are_for_whoever_comes_first():
    with clients.tickets(3) as descriptor:
        first, second = client.tickets(descriptor), client.tickets(descriptor)
        next(first)

        assert len(list(second)) == 2
        assert list(first) == []


@pytest.mark.parametrize(
    ("total", "parts", "expected"), [(8, 4, [2, 2, 2, 2]), (5, 3, [2, 2, 1]), (1, 3, [1])]
)
def test_rounds_differ_by_one_boot_at_most(total, parts, expected):
    assert measure._shares(total, parts) == expected


def test_the_wall_time_is_from_the_first_begin_to_the_last_end():
    results = [
        {"begin": 10.0, "end": 12.0, "cpu_seconds": 0.5, "polls": 3, "seconds": [1, None]},
        {"begin": 10.5, "end": 14.0, "cpu_seconds": 0.25, "polls": 4, "seconds": [2]},
    ]

    outcome = clients.outcome(results)

    assert (outcome.wall_seconds, outcome.cpu_seconds, outcome.polls) == (4.0, 0.75, 7)
    assert outcome.joined("seconds") == [1, None, 2]
    assert outcome.total("polls") == 7


def test_a_client_that_fails_is_told():
    with pytest.raises(clients.ClientsError, match="refused"):
        clients.run(("127.0.0.1", 1), [{"work": "get", "path": "/", "for_seconds": 0}])
