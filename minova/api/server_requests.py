# SPDX-License-Identifier: Apache-2.0
"""From a body of /servers, whose form is checked, to what compute/api.py takes."""

import secrets
import string

from minova import exception
from minova.compute import create

_PASSWORD_ALPHABET = string.ascii_letters + string.digits
_PASSWORD_LENGTH = 12


def create_request(content):
    """The create.CreateRequest of a POST.

    :raises Invalid: when its parts contradict each other.
    """
    server = content["server"]
    zone, force_host = _zone_and_host(server.get("availability_zone"))
    min_count, max_count = _counts(server)
    return create.CreateRequest(
        name=server["name"],
        flavorid=_last_segment(str(server["flavorRef"])),
        image_ref=_image_ref(server),
        networks=_networks(server.get("networks")),
        metadata=server.get("metadata", {}),
        availability_zone=zone,
        force_host=force_host,
        scheduler_hints=_hints(content),
        min_count=min_count,
        max_count=max_count,
    )


def update_columns(content):
    """The columns of the instance that a PUT changes."""
    server = content["server"]
    return {"display_name": server["name"]} if "name" in server else {}


def new_password():
    """Nova answers a create with an administrator's password; minova's guests have none to log in to."""
    return "".join(secrets.choice(_PASSWORD_ALPHABET) for _ in range(_PASSWORD_LENGTH))


def _last_segment(reference):
    """References may be ids or, from Nova's early days, URLs that end in one."""
    return reference.rstrip("/").rpartition("/")[2]


def _image_ref(server):
    devices = server.get("block_device_mapping_v2") or []
    image_ref = _last_segment(server.get("imageRef") or "")
    if not devices:
        if not image_ref:
            raise exception.Invalid("Invalid imageRef provided.")
        return image_ref
    if image_ref not in ("", devices[0]["uuid"]):
        raise exception.Invalid("Block Device Mapping is Invalid: its image is not that of imageRef.")
    return devices[0]["uuid"]


def _networks(requested):
    """:raises Invalid: when a network is not named by its id: there are no ports to choose."""
    if requested is None or isinstance(requested, str):
        return requested
    if any(
        network.get("port") or network.get("fixed_ip") or not network.get("uuid") for network in requested
    ):
        raise exception.Invalid("Networks can be chosen by uuid only; ports and fixed addresses cannot.")
    return [network["uuid"] for network in requested]


def _zone_and_host(given):
    """``ZONE:HOST`` (or ``ZONE:HOST:NODE``, where a host has one node) as its two parts."""
    if given is None or ":" not in given:
        return given, None
    zone, host, *node = given.split(":")
    if len(node) > 1 or (node and node[0] != host):
        raise exception.Invalid("Unable to parse availability_zone: it is ZONE or ZONE:HOST")
    return zone or None, host or None


def _counts(server):
    """Nova's rule: max_count is min_count where it is not given."""
    min_count = int(server.get("min_count", 1))
    max_count = int(server.get("max_count", min_count))
    if min_count > max_count:
        raise exception.Invalid("min_count must be <= max_count")
    return min_count, max_count


def _hints(content):
    """Scheduler hints, whichever of the three places they stand in, as lists of strings."""
    places = (content, content["server"])
    names = ("os:scheduler_hints", "OS-SCH-HNT:scheduler_hints")
    hints = {}
    for place in places:
        for name in names:
            hints.update(place.get(name, {}))
    return {name: [value] if isinstance(value, str) else value for name, value in hints.items()}
