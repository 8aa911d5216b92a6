# SPDX-License-Identifier: Apache-2.0
"""Random decisions that come out the same at every run with the same seed.

A decision depends on the seed, the operation, the name of the instance, how many decisions on that
operation and name came before it in this store (a counter kept there), and what is being decided; on
nothing else. So it does not matter which thread or process is first, on which host an instance landed,
what uuid it got, or what other instances do. Only instances of the same name that are worked on at the
same time may swap their fates; as many of them as before meet each.
"""

import random

from minova.virt import store


class Chance:
    """Gives the random numbers; without a seed they differ at every run."""

    def __init__(self, seed: str | None = None):
        self._seed = seed

    def draw(self, connection, method: str, name: str) -> "Draw":
        """Begin the decisions on one operation, within a write transaction of the store."""
        return Draw(self._seed, connection, method, name)


class Draw:
    """The random decisions on one operation; counted at the first one that is made."""

    def __init__(self, seed, connection, method, name):
        self._seed = seed
        self._connection = connection
        self._method = method
        self._name = name
        self._count = None

    def stream(self, what: str) -> random.Random:
        """Return the random numbers for one decision, such as "delay": each has its own, so that an option
        for one does not change the others."""
        if self._seed is None:
            return random.Random()
        if self._count is None:
            self._count = store.next_count(self._connection, self._name, self._method)
        return random.Random("/".join((self._seed, self._method, str(self._count), what, self._name)))

    def happens(self, what: str, probability: float) -> bool:
        return probability > 0 and self.stream(what).random() < probability
