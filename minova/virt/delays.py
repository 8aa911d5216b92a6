# SPDX-License-Identifier: Apache-2.0
"""Durations as users write them: a number of seconds or a random distribution."""

import functools
import math
import random
from dataclasses import dataclass

# A typing error must not put a worker to sleep for a year.
LONGEST_SECONDS = 86400.0

_GRAMMAR = (
    "a number of seconds, uniform:LOW,HIGH, normal:MEAN,DEVIATION, exponential:MEAN or lognormal:MEDIAN,SIGMA"
)
_PARAMETERS = {"constant": 1, "uniform": 2, "normal": 2, "exponential": 1, "lognormal": 2}


@dataclass(frozen=True)
class Delay:
    """A distribution of durations; ``parse`` makes one."""

    kind: str
    parameters: tuple[float, ...]

    @property
    def is_random(self):
        return self.kind != "constant"

    def sample(self, chance: random.Random, longest: float = LONGEST_SECONDS) -> float:
        """Draw one duration in seconds, from 0 to ``longest``."""
        return min(max(self._draw(chance), 0.0), longest)

    def _draw(self, chance):
        first, *rest = self.parameters
        match self.kind:
            case "uniform":
                return chance.uniform(first, rest[0])
            case "normal":
                return chance.gauss(first, rest[0])
            case "exponential":
                return chance.expovariate(1 / first) if first else 0.0
            case "lognormal":
                # e to the power of 700 is near the largest float.
                return first * math.exp(min(chance.gauss(0.0, rest[0]), 700.0))
        return first


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> Delay:
    """Read a duration.

    :raises ValueError: with a sentence for the user, when it is none
    """
    kind, colon, parameters = text.strip().rpartition(":")
    kind = kind if colon else "constant"
    try:
        numbers = tuple(float(number) for number in parameters.split(","))
    except ValueError:
        numbers = ()
    if _PARAMETERS.get(kind) != len(numbers):
        raise ValueError(f"'{text}' is not a duration: use {_GRAMMAR}")
    _check_numbers(text, kind, numbers)
    return Delay(kind, numbers)


def _check_numbers(text, kind, numbers):
    if not all(0 <= number <= LONGEST_SECONDS for number in numbers):  # false for a NaN as well
        raise ValueError(f"'{text}' is not a duration: numbers go from 0 to {LONGEST_SECONDS:.0f}")
    if kind == "uniform" and numbers[0] > numbers[1]:
        raise ValueError(f"'{text}' is not a duration: LOW is above HIGH")


NONE = Delay("constant", (0.0,))
