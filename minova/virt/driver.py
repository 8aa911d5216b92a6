# SPDX-License-Identifier: Apache-2.0
"""The contract between the compute manager and a hypervisor; fake.py keeps it.

One driver object serves every host of a process, so each method names its host. An ``instance`` is the
versioned object; a driver reads its ``uuid``, ``display_name``, ``vcpus``, ``memory_mb``, ``root_gb``,
``metadata``,
``task_id`` and ``attempt`` and never changes it.

All methods may be called from many threads at a time. All may raise ``exception.HypervisorError``: the
hypervisor refused or failed, and the guest is as it was before unless the method says otherwise.
"""

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple


class Owner(NamedTuple):
    """The piece of work that made a guest: the id of its task (or None) and which attempt of that task,
    from 1."""

    task_id: str | None
    attempt: int


@dataclass(frozen=True)
class Guest:
    """One guest as the hypervisor sees it; times are seconds since the epoch."""

    host: str
    uuid: str
    name: str
    owner: Owner
    power_state: int  # of power_state.py; NOSTATE while a spawn has not finished (or died half-way)
    vcpus: int
    memory_mb: int
    disk_gb: int
    created_at: float
    started_at: float | None  # the last boot; None before the first


@dataclass(frozen=True)
class HostResources:
    """What a host has (before any allocation ratio) and what its guests use of it."""

    hypervisor_hostname: str
    hypervisor_uuid: str  # the same at every start
    hypervisor_type: str
    hypervisor_version: int  # major * 1000000 + minor * 1000 + patch
    vcpus: int
    memory_mb: int
    local_gb: int
    vcpus_used: int = 0
    memory_mb_used: int = 0
    local_gb_used: int = 0
    guests: int = 0
    cpu_info: dict = field(default_factory=dict)


class LifecycleEvent(NamedTuple):
    """Something that a guest did by itself: ``transition`` is "stopped", "crashed" or "started"."""

    host: str
    instance_uuid: str
    transition: str
    at: float  # when it happened, seconds since the epoch; it may be long before it is reported


class ComputeDriver(abc.ABC):
    """What the compute manager may ask of a hypervisor."""

    @abc.abstractmethod
    def init_host(self, host: str) -> None:
        """Begin to serve a host; once per host and process, and again does no harm.

        Guests that are there stay as they are: what to keep is the manager's decision.
        """

    @abc.abstractmethod
    def get_available_resource(self, host: str) -> HostResources:
        """Tell what the host has and what its guests use."""

    @abc.abstractmethod
    def list_instance_uuids(self, host: str) -> list[str]:
        """Tell the uuids of all guests of the host, those half made included, sorted."""

    @abc.abstractmethod
    def list_guests(self, host: str) -> list[Guest]:
        """Describe all guests of the host, those half made included, sorted by uuid."""

    @abc.abstractmethod
    def spawn(self, host: str, instance, network_info: list[dict]) -> None:
        """Create the instance's guest and start it.

        Idempotent for one owner (``instance.task_id``, ``instance.attempt``): a guest of that owner that
        is there is left alone, one that is half made is finished. A guest of another task or of an
        earlier attempt is replaced.

        :raises HypervisorError: the spawn failed, and nothing is left of it; or a later attempt's guest is
            there, which stays; or the driver was closed meanwhile, and the half-made guest stays
        :raises GuestNotFound: the guest was destroyed while it was being spawned
        """

    @abc.abstractmethod
    def destroy(self, host: str, instance_uuid: str, owner: Owner | None = None) -> bool:
        """Stop and remove a guest in whatever state, and end a spawn of it that is under way.

        :param owner: remove the guest only if this owner made it; a worker that lost its task undoes its own
            work so, and not its successor's
        :returns: False where there was no such guest
        """

    @abc.abstractmethod
    def power_on(self, host: str, instance) -> None:
        """Start a guest; one that runs is left alone.

        :raises GuestNotFound: there is none, or it was destroyed meanwhile
        """

    @abc.abstractmethod
    def power_off(self, host: str, instance) -> None:
        """Stop a guest; one that does not run is left alone, except that one that crashed becomes shut down.

        :raises GuestNotFound: there is none, or it was destroyed meanwhile
        """

    @abc.abstractmethod
    def reboot(self, host: str, instance, reboot_type: str) -> None:
        """Start a guest anew, whatever it was doing; once per ``instance.task_id``.

        :param reboot_type: "SOFT" (the guest shuts down by itself first) or "HARD"
        :raises GuestNotFound: there is none, or it was destroyed meanwhile
        """

    @abc.abstractmethod
    def get_power_state(self, host: str, instance_uuid: str) -> int:
        """Tell a guest's power state now, as a number of power_state.py.

        :raises GuestNotFound: there is none
        """

    @abc.abstractmethod
    def get_console_output(self, host: str, instance_uuid: str, lines: int | None = None) -> str:
        """Return the last ``lines`` lines of the guest's serial console; None or a negative number means all.

        :raises GuestNotFound: there is none
        """

    @abc.abstractmethod
    def get_diagnostics(self, host: str, instance_uuid: str) -> dict:
        """Return the guest's diagnostics in the form that the Compute API has had since microversion 2.48.

        :raises GuestNotFound: there is none
        """

    @abc.abstractmethod
    def register_event_listener(self, callback: Callable[[LifecycleEvent], None]) -> None:
        """Call ``callback`` for each thing that a guest of the served hosts does by itself, within
        poll_guests()."""

    @abc.abstractmethod
    def poll_guests(self) -> int:
        """Report what guests did by themselves since the last poll, also while no agent ran; periodically
        called.

        An event is reported again by the next poll if the listener raised or the process died: at
        least once.

        :returns: how many events were reported
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End: operations that still wait raise HypervisorError; guests stay. Idempotent."""
