# SPDX-License-Identifier: Apache-2.0
"""Base of all managers: the endpoints that a service's RPC server offers, and the work it does by itself."""


class Manager:
    """Subclasses set ``target`` (the RPC version they answer) and add endpoint methods."""

    service_name: str
    additional_endpoints = ()

    def init_host(self):
        """Called once before the RPC server starts; may wait for the bus and the database."""

    def pre_start_hook(self):
        """Called once the bus is there, before the first message is taken."""

    def report_state(self):
        """Tell the records that this service is alive; called every ``report_interval`` seconds."""
        raise NotImplementedError

    def periodic_tasks(self):
        """Pairs of (seconds between two runs, function without arguments)."""
        return ()

    def say_goodbye(self):
        """Called first at a graceful stop, while messages are still taken: have no new work sent."""

    def hand_back(self):
        """Called last at a stop that takes too long: have others take up what is in hand, the process ends."""

    def stop(self):
        """Called at a graceful stop, after the last message was worked on and before the bus closes."""
