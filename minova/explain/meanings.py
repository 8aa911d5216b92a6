# SPDX-License-Identifier: Apache-2.0
"""What each fault means and what to do about it.

A fault is kept as a text. The class that made it is found again by its ``msg_fmt``; within a class the reason
tells cases apart.
"""

import dataclasses
import re

from minova import exception


@dataclasses.dataclass(frozen=True)
class Meaning:
    """Of faults of one class whose text holds ``reason``, a regular expression."""

    error: type
    reason: str
    means: str
    to_do: str


# The first that fits. The last of a class fits all of it.
MEANINGS = (
    Meaning(
        exception.MaxRetriesExceeded,
        r"is down",
        "Its hosts failed one after the other, and the last of them died while it was building there.",
        "Look at `minova-manage service list` for hosts that are down, bring them back, and boot again.",
    ),
    Meaning(
        exception.MaxRetriesExceeded,
        r"",
        "As many hosts as [scheduler] max_attempts allows have tried to build it, and each has failed. The reason "
        "of the last is in the text; those of the others stand in the story.",
        "Remove what makes the hosts fail, delete the server, and boot it again.",
    ),
    Meaning(
        exception.NoValidHost,
        r"0 hosts: no compute service",
        "No compute has ever reported: there is no host that could be chosen.",
        "Start a minova-compute, and wait for it to be listed by `minova-manage service list`.",
    ),
    Meaning(
        exception.NoValidHost,
        r"This was instance",
        "Servers of one request are placed together or not at all, and the hosts had no room for all of them.",
        "Ask for fewer at once, or delete what is no longer needed.",
    ),
    Meaning(
        exception.NoValidHost,
        r"RetryFilter took",
        "Hosts that had failed to build it were not asked again, and no other host was left.",
        "The story has the reason of each failed host. Remove it, delete the server, and boot it again.",
    ),
    Meaning(
        exception.NoValidHost,
        r"(Core|Ram|Disk|Claim)Filter took",
        "The hosts that were left did not have the room that the flavor asks for.",
        "Delete what is no longer needed, take a smaller flavor, add a host, or raise the allocation ratios "
        "([compute] cpu_allocation_ratio and the like). `minova-manage host list` shows what is used.",
    ),
    Meaning(
        exception.NoValidHost,
        r"(ForcedHost|AvailabilityZone|SameHost|DifferentHost)Filter took",
        "What was asked for (a host, a zone, to be with or apart from other servers) excludes the hosts that are up.",
        "Boot it without that wish, or make room on a host that fits it.",
    ),
    Meaning(
        exception.NoValidHost,
        r"ComputeFilter took",
        "The hosts are disabled, stopping, or have not reported for [DEFAULT] service_down_time.",
        "`minova-manage service list` shows them. Start or enable a compute, and boot again.",
    ),
    Meaning(
        exception.NoValidHost,
        r"",
        "The filters left no host. The story says which filter refused which host and why.",
        "Change what the filter objects to, delete the server, and boot it again.",
    ),
    Meaning(
        exception.TaskAbandoned,
        r"is down",
        "Its host died while this was being done, and only that host could have done it.",
        "Start the compute of that host; `minova server reboot --hard NAME` then brings the server back.",
    ),
    Meaning(
        exception.TaskAbandoned,
        r"",
        "Conductors set the task going again [task] max_takeovers times, and nobody showed that they worked on it: the "
        "message was lost each time, or waited in a queue that nobody read.",
        "`minova doctor` finds queues without a consumer and services that do not answer. Then delete the server, or "
        "`minova server reboot --hard NAME`.",
    ),
    Meaning(
        exception.ServiceUnavailable,
        r"minova-scheduler",
        "The conductor asked for a host until [scheduler] query_deadline had passed, and no scheduler answered.",
        "Start a minova-scheduler (or look with `minova doctor` why it does not answer), delete the server, and boot "
        "it again.",
    ),
    Meaning(
        exception.ServiceUnavailable,
        r"[Nn]etwork service",
        "The compute asked for addresses until [network] query_deadline had passed, and no network service answered.",
        "Start a minova-network, or look with `minova doctor` why it does not answer.",
    ),
    Meaning(
        exception.ServiceUnavailable,
        r"pins the computes",
        "The computes are told to speak an older version that does not know this action ([upgrade_levels]).",
        "Finish the upgrade of the computes, take the pin away, and ask again.",
    ),
    Meaning(
        exception.ServiceUnavailable,
        r"",
        "A service that was needed did not answer.",
        "`minova doctor` tells which services answer.",
    ),
    Meaning(
        exception.HypervisorError,
        r"metadata minova:fail says so",
        "The hypervisor is simulated, and the server's own metadata told it to fail.",
        "Boot it without minova:fail in its metadata, or with a count, such as minova:fail=spawn:1.",
    ),
    Meaning(
        exception.HypervisorError,
        r"of them fail",
        "The hypervisor is simulated, and a failure rate was set for it, by option or by the server's metadata.",
        "Lower [fake_driver] *_failure_rate or the metadata minova:*_failure_rate, or try again: chance decides.",
    ),
    Meaning(
        exception.HypervisorError,
        r"the driver was closed",
        "The compute was stopped while its hypervisor was at work.",
        "Try again; another compute, or the same one after its start, will do it.",
    ),
    Meaning(
        exception.HypervisorError,
        r"failed to use its store",
        "The file in which the simulated hypervisors keep their guests (hypervisor.sqlite3 in the state path) could "
        "not be read or written; the text says why.",
        "Make room on that disk, or end the process that keeps the file locked, and try again.",
    ),
    Meaning(
        exception.HypervisorError,
        r"",
        "The hypervisor is simulated, and a fault rule told it to fail.",
        "`minova fault list` shows the rules, `minova fault clear` removes them.",
    ),
    Meaning(
        exception.GuestNotFound,
        r"destroyed while",
        "A delete was faster than what was being done.",
        "Nothing: the delete won.",
    ),
    Meaning(
        exception.GuestNotFound,
        r"",
        "The records say that the server lives on this host, but its hypervisor has no such guest: the store of "
        "guests was lost or is another one (state_path).",
        "Look whether the compute runs with the state path that it had; else delete the server.",
    ),
    Meaning(
        exception.NoMoreAddresses,
        r"",
        "Every address of the network is held by a server.",
        "Delete servers that are no longer needed, or boot with another network or without one.",
    ),
    Meaning(
        exception.NetworkNotFound,
        r"",
        "The network was deleted between the request and the build.",
        "Delete the server, and boot it with a network that exists, or without one.",
    ),
)
UNKNOWN = Meaning(
    exception.MinovaException,
    r"",
    "This text is not one of minova's own faults.",
    "The logs of the services hold the request's id.",
)


def meanings(text):
    """The meanings of a fault: its own, then that of the cause that its text quotes."""
    found = [_of_class(error, text) for error in _classes(text)]
    return found or [UNKNOWN]


def _classes(text):
    """The classes whose text this is or quotes, the outermost first."""
    places = {}
    for error in dict.fromkeys(meaning.error for meaning in MEANINGS):
        match = _pattern(error).search(text)
        if match and match.start() not in places:
            places[match.start()] = error
    return [places[start] for start in sorted(places)]


def _of_class(error, text):
    return next(m for m in MEANINGS if m.error is error and re.search(m.reason, text))


def _pattern(error):
    """A pattern of the texts that a class makes; ServiceUnavailable's has no words of its own."""
    if error is exception.ServiceUnavailable:
        return re.compile(
            r"minova-\w+ (did not answer|could not be reached|failed with)|network service (is|could not)"
            r"|\[upgrade_levels\]"
        )
    if error is exception.GuestNotFound:
        return re.compile(r"The hypervisor of .* has no guest|Guest .* was destroyed while the hypervisor")
    parts = re.split(r"%\(\w+\)s", error.msg_fmt)
    return re.compile(".*?".join(re.escape(part) for part in parts), re.DOTALL)
