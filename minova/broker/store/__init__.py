# SPDX-License-Identifier: Apache-2.0
"""Optional durability: durable exchanges, queues and bindings, and persistent messages, in an SQLite file."""


class StoreError(Exception):
    """The file cannot be used; the message says why."""
