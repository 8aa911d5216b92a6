# SPDX-License-Identifier: Apache-2.0
"""What the checks look at: one deployment."""

import dataclasses

from minova.explain import bus_view
from minova.page.management import Management
from minova.trace import firehose


@dataclasses.dataclass(frozen=True)
class Patient:
    """The configuration of the services is in CONF."""

    # The record of the running `minova up`, or None.
    found: object
    state_path: str
    transport_url: str
    api_urls: tuple
    # "" for where it is by custom.
    management_url: str = ""

    @property
    def address(self):
        """A firehose.BrokerAddress, the first of the transport URL."""
        return firehose.broker_addresses(self.transport_url)[0]

    def start(self, kind):
        """What to type to start a service of this kind; there is more than one way."""
        return f"`minova service start {kind}`" if self.found else "`minova up`"

    def management(self, timeout_seconds):
        return Management(
            bus_view.management_base(self.management_url, self.address), self.address, timeout_seconds
        )
