# SPDX-License-Identifier: Apache-2.0

import asyncio
import time

from minova.broker.management import rates
from minova.broker.management.rates import Rates


class Counted:
    pass


def test_the_rate_is_the_growth_between_the_last_two_samples():
    counted, measured = Counted(), Rates()
    for now, number in ((0, 10), (5, 20), (10, 70)):
        measured.sample(counted, {"publish": number, "ack": 1}, now)
    assert measured.detailed(counted, {"publish": 75, "ack": 1}) == {
        "publish": 75,
        "publish_details": {"rate": 10.0},
        "ack": 1,
        "ack_details": {"rate": 0.0},
    }


def test_what_was_never_sampled_has_rate_0():
    assert Rates().detailed(Counted(), {"ack": 3}) == {"ack": 3, "ack_details": {"rate": 0.0}}


def test_what_is_gone_is_forgotten_and_what_is_idle_costs_nothing():
    counted, measured = Counted(), Rates()
    measured.sample(counted, {"ack": 1}, 0)
    measured.sample(Counted(), {"ack": 1}, 0)
    assert len(measured) == 1


def test_the_first_traffic_counts_from_the_round_before_it(monkeypatch):
    """What has only zeros is not kept; when its first samples differed from nothing, its first rate was 0."""
    monkeypatch.setattr(rates, "INTERVAL_SECONDS", 0.001)
    idle, measured = Counted(), Rates()

    async def main():
        task = asyncio.create_task(measured.run(lambda: [(idle, lambda _: {"ack": 0})]))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(main())
    assert len(measured) == 0
    measured.sample(idle, {"ack": 10}, time.monotonic() + 1)
    assert 0 < measured.detailed(idle, {"ack": 10})["ack_details"]["rate"] < 10


def test_samples_are_taken_until_cancelled_and_become_rarer_when_they_cost_much(monkeypatch):
    monkeypatch.setattr(rates, "INTERVAL_SECONDS", 0.001)
    monkeypatch.setattr(rates, "_SLICE", 2)
    objects = [Counted() for _ in range(5)]
    calls = []

    def counts(counted):
        calls.append(counted)
        return {"ack": len(calls)}

    async def main():
        task = asyncio.create_task(measured.run(lambda: [(counted, counts) for counted in objects]))
        async with asyncio.timeout(20):
            while len(calls) < 15:
                await asyncio.sleep(0.001)
        task.cancel()

    measured = Rates()
    asyncio.run(main())
    assert calls[:10] == objects * 2
    assert measured.detailed(objects[0], {"ack": 0})["ack_details"]["rate"] > 0
