# SPDX-License-Identifier: Apache-2.0
"""Moments, kept as naive UTC, in the two forms in which Nova shows them."""


def with_zone(moment):
    """``2026-01-31T12:00:00Z``"""
    return None if moment is None else f"{moment.isoformat('T', 'seconds')}Z"


def with_fraction(moment):
    """``2026-01-31T12:00:00.000000``"""
    return None if moment is None else moment.isoformat("T", "microseconds")
