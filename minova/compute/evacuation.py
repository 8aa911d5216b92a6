# SPDX-License-Identifier: Apache-2.0
"""What a request to evacuate an instance becomes: whether its hosts allow it, and what the scheduler is asked."""

from minova import exception, objects
from minova.db import services


def check_target(conn, row, host):
    """Whether an instance can be asked to go to ``host``, None for any.

    :raises ComputeHostNotFound: when there is no such host.
    :raises Invalid: when the instance is there already.
    """
    if host is None:
        return
    if not services.find(conn, host=host, binary="minova-compute"):
        raise exception.ComputeHostNotFound(f"Compute host {host} not found.")
    if host == row.host:
        raise exception.Invalid("The target host can't be the same one.")


def request_spec(row, task_id, host):
    """The request by which the instance was made, for any host but its own, or for ``host`` alone.

    As in Nova, the host for which it was made by name is forgotten.
    """
    spec = objects.RequestSpec.obj_from_primitive(row.request_spec)
    return spec.changed(
        instance_uuids=[row.uuid], task_ids=[task_id], attempt=0, force_host=host, ignore_hosts=[row.host]
    )
