# SPDX-License-Identifier: Apache-2.0
"""How long who tries again waits between two tries."""

import random


def growing_pauses(first_seconds, longest_seconds):
    """Endless seconds, each about twice the last up to the longest, and no two processes in step."""
    seconds = first_seconds
    while True:
        yield seconds * random.uniform(0.5, 1.5)
        seconds = min(2 * seconds, longest_seconds)
