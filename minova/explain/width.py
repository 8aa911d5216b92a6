# SPDX-License-Identifier: Apache-2.0
"""How wide a page of sentences is."""

import shutil
import sys

_NARROWEST, _WIDEST = 60, 120


def of_output():
    """Columns of the terminal. What is piped has none: there no sentence is broken, so that a search finds it."""
    if not sys.stdout.isatty():
        return sys.maxsize
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
