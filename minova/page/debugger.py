# SPDX-License-Identifier: Apache-2.0
"""Holds and faults on the bus, by the client that the command line uses, too."""

from minova.debug.client import DebugClient, DebugError
from minova.page.errors import PageError


class Debugger:
    """Asks the broker; its methods but look() raise PageError when it refuses or cannot do it.

    :param make_client: called without arguments, makes a DebugClient, or raises DebugError on another broker.
    """

    def __init__(self, make_client):
        self._make_client = make_client

    def look(self):
        """All that there is now, or why there is nothing; see endpoints/debug.py."""
        try:
            client = self._make_client()
            found = {"holds": client.holds(), "held": client.held(), "faults": client.faults()}
        except DebugError as error:
            return {"available": False, "reason": str(error), "holds": [], "held": [], "faults": []}
        return {"available": True, "reason": None, **found}

    def held_message(self, number):
        return self._do(lambda client: client.held_message(number))

    def add_hold(self, match):
        return self._do(lambda client: client.add_hold(**match))

    def clear_holds(self, number=None):
        return self._do(lambda client: client.clear_holds(number))

    def step(self, number=None):
        return self._do(lambda client: client.step(number))

    def add_fault(self, fields):
        return self._do(lambda client: client.add_fault(**fields))

    def clear_faults(self, number=None):
        return self._do(lambda client: client.clear_faults(number))

    def _do(self, order):
        try:
            return order(self._make_client())
        except DebugError as error:
            raise PageError(error.status or 409, str(error)) from error


def client_maker(services, management_url, transport_url):
    """What a Debugger makes its clients by: of the running `minova up`, or else of the configured broker."""

    def make():
        found = services.record()
        return DebugClient.of(found) if found else DebugClient(f"{management_url}/api/", transport_url)

    return make
