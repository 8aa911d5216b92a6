# SPDX-License-Identifier: Apache-2.0
"""Which services are alive: a service is up when it reported lately and nobody forced it down."""

import minova.conf

CONF = minova.conf.CONF


def is_up(service):
    """Whether a row of ``db.services`` (or anything with its attributes) is of a living service."""
    return not service.forced_down and service.seconds_since_report <= CONF.service_down_time


def outage_seconds():
    """How long conductors may be silent before that is an outage, which counts for no host's silence.

    A shorter silence counts, and leaves hosts, which report through conductors, time to come back to the broker before
    they count as down. Never so short that the pause between two reports of a conductor that is well would be one: then
    no host would ever count as down.
    """
    return max(2 * CONF.report_interval, CONF.service_down_time / 2)
