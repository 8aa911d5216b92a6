# SPDX-License-Identifier: Apache-2.0
"""Every fault has a meaning, and its text leads back to it."""

import inspect

import pytest

from minova import exception
from minova.explain import meanings
from minova.virt.operation import Operation

# What refuses a request or a message, and never ends as the fault of a server.
_NEVER_FAULTS = {
    exception.MinovaException,
    exception.Invalid,
    exception.InvalidMetadata,
    exception.InvalidOption,
    exception.Forbidden,
    exception.QuotaExceeded,
    exception.NotFound,
    exception.InstanceNotFound,
    exception.FlavorNotFound,
    exception.ImageNotFound,
    exception.ServiceNotFound,
    exception.ComputeHostNotFound,
    exception.ActionNotFound,
    exception.ComputeServiceInUse,
    exception.MarkerNotFound,
    exception.Conflict,
    exception.FlavorExists,
    exception.InstanceInvalidState,
    exception.UnexpectedTaskStateError,
}
_HYPERVISOR = Operation("spawn", "host1", "a-uuid")
# Texts as they are made, with the class whose meaning comes first and a word of what is to be done.
_TEXTS = [
    (
        exception.NoValidHost(reason="0 hosts: no compute service has reported yet."),
        "Start a minova-compute",
    ),
    (exception.NoValidHost(reason="3 hosts: RamFilter took 3, 0 left."), "smaller flavor"),
    (exception.NoValidHost(reason="3 hosts: ComputeFilter took 3, 0 left."), "enable a compute"),
    (exception.NoValidHost(reason="3 hosts: ForcedHostFilter took 3, 0 left."), "without that wish"),
    (exception.NoValidHost(reason="3 hosts: RetryFilter took 3, 0 left."), "each failed host"),
    (
        exception.NoValidHost(
            reason="3 hosts: RamFilter took 3, 0 left. This was instance 2 of 3; a request is placed as a whole."
        ),
        "fewer at once",
    ),
    (exception.NoValidHost(reason="2 hosts: MyFilter took 2, 0 left."), "what the filter objects to"),
    (
        exception.MaxRetriesExceeded(
            reason=f"Tried 3 times, last on host1: {_HYPERVISOR.failure('some text').message}"
        ),
        "Remove what makes the hosts fail",
    ),
    (
        exception.MaxRetriesExceeded(reason="Tried 3 times, last on host1: host1 is down"),
        "minova-manage service list",
    ),
    (
        exception.TaskAbandoned(task_state="rebooting", times=1, reason="host1 is down."),
        "Start the compute of that host",
    ),
    (
        exception.TaskAbandoned(task_state="spawning", times=4, reason="nobody finished it."),
        "minova doctor",
    ),
    (
        exception.ServiceUnavailable(reason="minova-scheduler did not answer for 60 s."),
        "Start a minova-scheduler",
    ),
    (
        exception.ServiceUnavailable(reason="The network service is silent for 60 s."),
        "Start a minova-network",
    ),
    (
        exception.ServiceUnavailable(
            reason="[upgrade_levels] compute pins the computes to a version that cannot evacuate."
        ),
        "Finish the upgrade",
    ),
    (_HYPERVISOR.failure("the server's metadata minova:fail says so"), "without minova:fail"),
    (_HYPERVISOR.failure("50% of them fail"), "failure_rate"),
    (_HYPERVISOR.failure("the driver was closed meanwhile"), "Try again"),
    (
        exception.HypervisorError(operation="use its store", reason="the driver was closed"),
        "Try again; another compute",
    ),
    # It was said that a fault rule had told it to fail.
    (
        exception.HypervisorError(operation="use its store", reason="database is locked"),
        "keeps the file locked",
    ),
    (_HYPERVISOR.failure("a rule says so"), "minova fault list"),
    (_HYPERVISOR.gone(), "the delete won"),
    (exception.GuestNotFound(host="host1", instance_id="a-uuid"), "state path"),
    (exception.NoMoreAddresses(network_id="a-network"), "Delete servers"),
    (exception.NetworkNotFound(network_id="a-network"), "or without one"),
]


def _classes():
    found = (value for _, value in inspect.getmembers(exception, inspect.isclass))
    return {value for value in found if issubclass(value, exception.MinovaException)}


def test_every_class_that_can_become_a_fault_has_a_meaning():
    explained = {meaning.error for meaning in meanings.MEANINGS}
    assert _classes() - _NEVER_FAULTS == explained


def test_every_class_with_a_meaning_is_tried_here():
    assert {type(error) for error, _ in _TEXTS} == {meaning.error for meaning in meanings.MEANINGS}


@pytest.mark.parametrize(("error", "advice"), _TEXTS, ids=[error.message for error, _ in _TEXTS])
def test_a_text_leads_to_its_class_and_its_reason(error, advice):
    first = meanings.meanings(error.message)[0]
    assert first.error is type(error)
    assert advice in first.to_do


def test_every_meaning_can_be_reached():
    reached = {meanings.meanings(error.message)[0] for error, _ in _TEXTS}
    catch_alls = [m for m in meanings.MEANINGS if m.reason == ""]
    assert set(meanings.MEANINGS) - reached <= set(catch_alls)


@pytest.mark.parametrize("error", list(dict.fromkeys(meaning.error for meaning in meanings.MEANINGS)))
def test_the_last_meaning_of_a_class_fits_all_of_it(error):
    assert [m.reason for m in meanings.MEANINGS if m.error is error][-1] == ""


def test_a_cause_that_is_quoted_has_its_meaning_too():
    cause = _HYPERVISOR.failure("the server's metadata minova:fail says so").message
    text = exception.MaxRetriesExceeded(reason=f"Tried 3 times, last on host1: {cause}").message
    assert [m.error for m in meanings.meanings(text)] == [
        exception.MaxRetriesExceeded,
        exception.HypervisorError,
    ]


def test_a_text_of_somebody_else_is_said_to_be_so():
    assert meanings.meanings("Segmentation fault") == [meanings.UNKNOWN]
