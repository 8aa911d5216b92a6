# SPDX-License-Identifier: Apache-2.0
"""How long a service that ended stays down: short at first, longer each time that it ends soon after its start."""

FIRST_DELAY_SECONDS = 1
LONGEST_DELAY_SECONDS = 30
# A service that ran so long had started well: its end is again a first one.
STEADY_SECONDS = 20


class Backoff:
    """The ends of one service."""

    def __init__(self):
        # Ends since it last ran steadily.
        self.ends_in_a_row = 0

    def next_delay_seconds(self, lived_seconds):
        """Note an end, and tell after how many seconds to start again."""
        self.ends_in_a_row = 1 if lived_seconds >= STEADY_SECONDS else self.ends_in_a_row + 1
        # The exponent is bounded, so that a service that fails for weeks does no long arithmetic.
        return min(FIRST_DELAY_SECONDS * 2 ** min(self.ends_in_a_row - 1, 10), LONGEST_DELAY_SECONDS)
