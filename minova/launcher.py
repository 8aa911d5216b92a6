# SPDX-License-Identifier: Apache-2.0
"""Runs a service in this process, or in several forked workers, until it is told to stop.

One worker is served by this very process: a master beside it would cost some 40 MB per service and do
nothing. Several workers are forked and watched by cotyledon.
"""

import logging
import os
import signal
import threading

import cotyledon

import minova.conf

CONF = minova.conf.CONF
LOG = logging.getLogger(__name__)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def launch(service, workers=1, on_terminate=None):
    """Serve until SIGTERM or SIGINT, then stop gracefully; SIGHUP reloads the mutable options.

    :param service: has ``start()``, ``stop()``, and ``give_up()`` for a stop that takes too long.
    :param on_terminate: called by the parent of several workers before they are told to stop.
    """
    if workers == 1:
        _serve_here(service)
    else:
        _serve_in_workers(service, workers, on_terminate)


def _serve_here(service):
    # Blocked before there is any thread, so that each inherits it: only the listener below ever takes one. A handler
    # would run between any two steps of the main thread, also within a lock that it then waits for itself.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    started, told_to_stop = threading.Event(), threading.Event()
    threading.Thread(target=_listen_for_signals, args=(started, told_to_stop), daemon=True).start()
    service.start()
    started.set()
    told_to_stop.wait()
    _stop_within_deadline(service)


def _listen_for_signals(started, told_to_stop):
    while signal.sigwait(_SIGNALS) == signal.SIGHUP:
        CONF.mutate_config_files()
    # A start may be waiting for the broker or the database: nothing is in hand yet, so just leave.
    if not started.is_set():
        _leave()
    told_to_stop.set()


def _stop_within_deadline(service):
    watchdog = threading.Timer(CONF.graceful_shutdown_timeout, _give_up, (service,))
    watchdog.daemon = True
    watchdog.start()
    service.stop()
    _leave()


def _give_up(service):
    LOG.warning("still busy %s s after the order to stop: leaving it", CONF.graceful_shutdown_timeout)
    service.give_up()
    _leave()


def _leave():
    """End the process at once: a thread that still waits for a broker that is away must not keep it."""
    logging.shutdown()
    os._exit(0)


def _serve_in_workers(service, workers, on_terminate):
    manager = cotyledon.ServiceManager(graceful_shutdown_timeout=CONF.graceful_shutdown_timeout)
    manager.add(_Worker, workers=workers, args=(service,))
    manager.register_hooks(on_terminate, on_reload=CONF.mutate_config_files)
    manager.run()


class _Worker(cotyledon.Service):
    """One forked process of a service."""

    def __init__(self, worker_id, service):
        super().__init__(worker_id)
        self._service = service
        self._started = False

    def run(self):
        self._service.start()
        self._started = True
        threading.Event().wait()

    def terminate(self):
        # As above: a start that still waits has nothing in hand.
        if self._started:
            self._service.stop()
        _leave()

    def reload(self):
        CONF.mutate_config_files()
