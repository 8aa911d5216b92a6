# SPDX-License-Identifier: Apache-2.0
"""Which addresses a server got."""

from minova.explain.sentence import Sentence, epoch


def sentences(case):
    return [
        Sentence(
            epoch(row.allocated_at),
            "network",
            f"The network service gave it {row.address} of network {row.label}.",
        )
        for row in case.addresses
    ]
