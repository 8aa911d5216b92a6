# SPDX-License-Identifier: Apache-2.0
"""How a server looks: an instance's row, in HTTP's words."""

import hashlib

from minova.api import statuses
from minova.api.views import moments

_WITH_PROGRESS = {"ACTIVE", "BUILD", "DELETED"}
_WITH_FAULT = {"ERROR", "DELETED"}
_DEVICE = "/dev/vda"


def created(row, links):
    """The answer to a create; ``row`` is the dict of the new instance's columns."""
    return {
        "id": row["uuid"],
        "links": links.of("servers", row["uuid"]),
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{"name": "default"}],
    }


def summary(row, links):
    """As in a short list."""
    return {"id": row.uuid, "name": row.display_name, "links": links.of("servers", row.uuid)}


def detail(row, links, fault, context, with_extensions=True):
    """As by itself.

    :param fault: its newest fault or None; shown only where the status asks for one.
    :param with_extensions: False leaves out what Nova leaves out of the answer to a PUT.
    """
    status = statuses.status_of(row.vm_state, row.task_state)
    server = {
        "id": row.uuid,
        "name": row.display_name,
        "status": status,
        "tenant_id": row.project_id,
        "user_id": row.user_id,
        "metadata": row.metadata,
        "hostId": host_id(row.project_id, row.host),
        "image": _image(row, links),
        "flavor": _flavor(row, links),
        "created": moments.with_zone(row.created_at),
        "updated": moments.with_zone(row.updated_at),
        "addresses": addresses(row.network_info, with_extensions),
        "accessIPv4": "",
        "accessIPv6": "",
        "links": links.of("servers", row.uuid),
        "OS-DCF:diskConfig": "MANUAL",
    }
    if status in _WITH_PROGRESS:
        server["progress"] = row.progress
    if status in _WITH_FAULT and fault is not None:
        server["fault"] = _fault(fault, context)
    if with_extensions:
        server.update(_extensions(row, context))
    return server


def host_id(project_id, host):
    """A token for the host that says no more than whether two servers of a project share it."""
    return hashlib.sha224(f"{project_id}{host}".encode()).hexdigest() if host else ""


def addresses(network_info, with_extensions=True):
    """Addresses by the label of their network."""
    by_label = {}
    for address in network_info:
        shown = {"version": address["version"], "addr": address["address"]}
        if with_extensions:
            shown["OS-EXT-IPS:type"] = "fixed"
            shown["OS-EXT-IPS-MAC:mac_addr"] = address["mac_address"]
        by_label.setdefault(address["label"], []).append(shown)
    return by_label


def _image(row, links):
    if not row.image_ref:
        return ""
    return {"id": row.image_ref, "links": [links.bookmark("images", row.image_ref)]}


def _flavor(row, links):
    flavorid = row.flavor["flavorid"]
    return {"id": flavorid, "links": [links.bookmark("flavors", flavorid)]}


def _fault(fault, context):
    """Details of a failure of ours are for administrators."""
    shown = {"code": fault.code, "created": moments.with_zone(fault.created_at), "message": fault.message}
    if fault.details and (context.is_admin or fault.code != 500):
        shown["details"] = fault.details
    return shown


def _extensions(row, context):
    shown = {
        "config_drive": "",
        "key_name": None,
        "security_groups": [{"name": "default"}],
        "OS-EXT-AZ:availability_zone": row.availability_zone or "",
        "OS-EXT-STS:vm_state": row.vm_state,
        "OS-EXT-STS:task_state": row.task_state,
        "OS-EXT-STS:power_state": row.power_state,
        "OS-SRV-USG:launched_at": moments.with_fraction(row.launched_at),
        "OS-SRV-USG:terminated_at": moments.with_fraction(row.terminated_at),
        "os-extended-volumes:volumes_attached": [],
    }
    if context.is_admin:
        shown["OS-EXT-SRV-ATTR:host"] = row.host
        shown["OS-EXT-SRV-ATTR:hypervisor_hostname"] = row.host
        shown["OS-EXT-SRV-ATTR:instance_name"] = f"instance-{row.uuid[:8]}"
    return shown
