# SPDX-License-Identifier: Apache-2.0
"""How fast counters grow: samples of everything that counts, taken every few seconds while the API is served."""

import asyncio
import time
import weakref

INTERVAL_SECONDS = 5  # RabbitMQ's collect_statistics_interval
_SLICE = 200  # objects between which the broker gets to work
_LARGEST_SHARE = 0.05  # of a core: with very many objects the samples become rarer


class Rates:
    """Growth per second of the counts of any number of objects, between the last two samples of each.

    An object's counts are a dict {name: number} whose names and order stay the same.
    """

    def __init__(self):
        # object: (time of the sample, counts, rates). What has only zeros has no entry.
        self._samples = weakref.WeakKeyDictionary()
        self._last_round = None  # when the last round of samples began

    def sample(self, counted, counts, now):
        """Take a sample; `now` is in seconds of any clock."""
        values = tuple(counts.values())
        zeros = (0.0,) * len(values)
        if counted in self._samples:
            before, old_values, _ = self._samples[counted]
        elif any(values):
            # Not there, or all zeros, in the last round. Before the first one nothing is known.
            before, old_values = (now, values) if self._last_round is None else (self._last_round, zeros)
        else:
            return
        elapsed = now - before
        rates = zeros
        if elapsed > 0:
            rates = tuple((new - old) / elapsed for new, old in zip(values, old_values, strict=True))
        self._samples[counted] = (now, values, rates)

    def detailed(self, counted, counts):
        """Return the counts with RabbitMQ's `<name>_details` for each."""
        sample = self._samples.get(counted)
        rates = sample[2] if sample else (0.0,) * len(counts)
        detailed = {}
        for (name, count), rate in zip(counts.items(), rates, strict=True):
            detailed[name] = count
            detailed[f"{name}_details"] = {"rate": rate}
        return detailed

    def __len__(self):
        """How many objects have a sample."""
        return len(self._samples)

    async def run(self, counted_objects):
        """Take samples for ever; `counted_objects()` yields (object, function that returns its counts)."""
        while True:
            spent = await self._sample_all(counted_objects())
            await asyncio.sleep(max(INTERVAL_SECONDS, spent / _LARGEST_SHARE))

    async def _sample_all(self, counted_objects):
        """Return the seconds that it took, without those of others."""
        spent = 0.0
        started = round_started = time.monotonic()
        for number, (counted, counts) in enumerate(counted_objects, 1):
            self.sample(counted, counts(counted), time.monotonic())
            if number % _SLICE == 0:
                spent += time.monotonic() - started
                await asyncio.sleep(0)
                started = time.monotonic()
        self._last_round = round_started
        return spent + time.monotonic() - started
