# SPDX-License-Identifier: Apache-2.0
"""What the hypervisor is asked to do, as the rules of faults see it."""

from typing import NamedTuple

from minova import exception


class Operation(NamedTuple):
    """One call of the driver; ``uuid`` and ``name`` are empty where it is about a host."""

    method: str
    host: str
    uuid: str = ""
    name: str = ""
    attempt: int = 1

    @staticmethod
    def on_instance(method, host, instance):
        return Operation(method, host, instance.uuid, instance.display_name or "", instance.attempt or 1)

    def failure(self, reason: str) -> exception.HypervisorError:
        """Make the error that says why the operation failed."""
        return exception.HypervisorError(operation=f"{self.method} {self.uuid or self.host}", reason=reason)

    def gone(self) -> exception.GuestNotFound:
        """Make the error that says that a destroy was faster than the operation."""
        message = (
            f"Guest {self.uuid} of {self.host} was destroyed while the hypervisor was at its {self.method}."
        )
        return exception.GuestNotFound(message, host=self.host, instance_id=self.uuid)
