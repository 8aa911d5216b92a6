# SPDX-License-Identifier: Apache-2.0
"""Asks the schedulers for destinations, and knows what to do when nobody answers."""

import logging
import time

import oslo_messaging as messaging

import minova.conf
from minova import exception
from minova.scheduler import rpcapi

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8
# oslo.messaging monitors no call that has less.
_SHORTEST_SECONDS = 2
_NO_ANSWER = (messaging.MessagingTimeout, messaging.MessageDeliveryFailure, messaging.RemoteError)


class SchedulerQueryClient:
    """:param scheduler_rpcapi: in place of the one on ``bus``."""

    def __init__(self, bus, scheduler_rpcapi=None, clock=time.monotonic, sleep=time.sleep):
        self._scheduler_rpcapi = scheduler_rpcapi or rpcapi.SchedulerAPI(bus)
        self._clock = clock
        self._sleep = sleep

    def select_destinations(self, context, request_spec):
        """Choose and claim hosts; see rpcapi.SchedulerAPI.select_destinations for what comes back.

        A scheduler that dies takes the request with it, one that is away leaves it unanswered, and one whose
        database is away can only fail. All are asked again, which is safe, until [scheduler] query_deadline
        has passed. One that is slow is waited for: it shows a sign of life within [scheduler] rpc_timeout.

        :raises NoValidHost:
        :raises ServiceUnavailable: when no scheduler answered in time; a claim may have been made all the
            same, so who gives the request up must release its instances.
        """
        start = self._clock()
        pause_seconds = _FIRST_PAUSE_SECONDS
        questions = 0
        while True:
            questions += 1
            left_seconds = max(_SHORTEST_SECONDS, CONF.scheduler.query_deadline - (self._clock() - start))
            silence_seconds = min(CONF.scheduler.rpc_timeout, left_seconds)
            try:
                return self._scheduler_rpcapi.select_destinations(
                    context, request_spec, left_seconds, silence_seconds
                )
            except _NO_ANSWER as err:
                # After one question alone it may be this process that slept.
                is_last = questions > 1 and self._clock() - start >= CONF.scheduler.query_deadline
                self._log_or_give_up(request_spec, self._clock() - start, err, is_last)
                if not isinstance(err, messaging.MessagingTimeout):
                    # Unlike silence, these are told without waiting.
                    self._sleep(pause_seconds)
                    pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _log_or_give_up(self, request_spec, waited_seconds, err, is_last):
        uuids = request_spec.instance_uuids
        subject = f"[instance: {uuids[0]}]" + (f" and {len(uuids) - 1} more" if len(uuids) > 1 else "")
        problem = f"minova-scheduler {_what_happened(err)} for {waited_seconds:.0f} s"
        if not is_last:
            LOG.warning("%s: %s, asking again", subject, problem)
            return
        LOG.error("%s: %s, giving up", subject, problem)
        raise exception.ServiceUnavailable(reason=f"{problem}.") from err


def _what_happened(err):
    if isinstance(err, messaging.RemoteError):
        return f"failed with {err.exc_type}"
    if isinstance(err, messaging.MessageDeliveryFailure):
        return "could not be reached"
    return "did not answer"
