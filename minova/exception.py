# SPDX-License-Identifier: Apache-2.0
"""Every error that one part of minova raises for another, each with its HTTP status.

oslo.messaging rebuilds a remote error as ``cls(*args, **kwargs)``, so the constructor takes the finished
message and the keywords that made it together. Show users ``error.message``: after a trip over RPC,
``str(error)`` holds the server's traceback.
"""


class MinovaException(Exception):
    """Base of all errors: subclasses set ``msg_fmt`` (a %-template of the keywords) and ``code`` (HTTP)."""

    msg_fmt = "An unknown error occurred."
    code = 500

    def __init__(self, message=None, **kwargs):
        self.kwargs = kwargs
        self.message = message or self.msg_fmt % kwargs
        super().__init__(self.message)


class Invalid(MinovaException):
    msg_fmt = "Invalid request: %(reason)s"
    code = 400


class InvalidMetadata(Invalid):
    msg_fmt = "Invalid metadata: %(reason)s"


class InvalidOption(MinovaException):
    """A configuration that cannot work; raised at start and shown to the operator."""

    msg_fmt = "%(reason)s"


class Forbidden(MinovaException):
    msg_fmt = "Policy doesn't allow %(action)s to be performed."
    code = 403


class QuotaExceeded(MinovaException):
    """Answers 403, as Nova does."""

    msg_fmt = (
        "Quota exceeded for %(overs)s: Requested %(requested)s, "
        "but already used %(used)s of %(allowed)s %(overs)s"
    )
    code = 403


class NotFound(MinovaException):
    msg_fmt = "The resource could not be found."
    code = 404


class InstanceNotFound(NotFound):
    msg_fmt = "Instance %(instance_id)s could not be found."


class FlavorNotFound(NotFound):
    msg_fmt = "Flavor %(flavor_id)s could not be found."


class ImageNotFound(NotFound):
    msg_fmt = "Image %(image_id)s could not be found."


class NetworkNotFound(NotFound):
    msg_fmt = "Network %(network_id)s could not be found."


class ServiceNotFound(NotFound):
    msg_fmt = "Service %(service_id)s could not be found."


class ComputeHostNotFound(NotFound):
    msg_fmt = "Compute host %(host)s could not be found."


class ActionNotFound(NotFound):
    msg_fmt = "Action for request_id %(request_id)s on instance %(instance_id)s not found"


class ComputeServiceInUse(Invalid):
    """Answers 400, as Nova does: who evacuates a server has to be sure that its host is down."""

    msg_fmt = "Compute service of %(host)s is still in use."


class MarkerNotFound(Invalid):
    msg_fmt = "marker [%(marker)s] not found"


class Conflict(MinovaException):
    msg_fmt = "The request conflicts with the present state: %(reason)s"
    code = 409


class FlavorExists(Conflict):
    msg_fmt = "Flavor with %(attribute)s %(value)s already exists."


class InstanceInvalidState(Conflict):
    msg_fmt = "Cannot '%(method)s' instance %(instance_id)s while it is in %(attribute)s %(state)s"


class UnexpectedTaskStateError(Conflict):
    """A compare-and-swap failed: the instance's task, attempt or task_state is no longer the worker's."""

    msg_fmt = "The task of instance %(instance_id)s is no longer at %(expected)s: it is at %(actual)s"


class NoValidHost(MinovaException):
    """No host is left for an instance; ``reason`` names each filter and what it took away."""

    msg_fmt = "No valid host was found. %(reason)s"


class MaxRetriesExceeded(NoValidHost):
    msg_fmt = "Exceeded maximum number of retries. %(reason)s"


class TaskAbandoned(MinovaException):
    """A task was taken over as often as may be, and came no further."""

    msg_fmt = "The task was abandoned in state %(task_state)s %(times)s times: %(reason)s"


class NoMoreAddresses(MinovaException):
    msg_fmt = "Network %(network_id)s has no free address left."


class HypervisorError(MinovaException):
    """An operation failed in the simulated hypervisor, mostly because it was told to."""

    msg_fmt = "The hypervisor failed to %(operation)s: %(reason)s"


class GuestNotFound(MinovaException):
    msg_fmt = "The hypervisor of %(host)s has no guest %(instance_id)s."


class ServiceUnavailable(MinovaException):
    """Something that the request needs (the bus, the database, another service) does not answer."""

    msg_fmt = "%(reason)s"
    code = 503
