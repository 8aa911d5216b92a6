# SPDX-License-Identifier: Apache-2.0
"""What a request to create servers becomes: checks, and the records of its instances. No HTTP, no messages."""

import copy
import dataclasses
import random
import re
import string
import uuid

from oslo_utils import timeutils

import minova.conf
from minova import exception, objects
from minova.compute import task_states, vm_states
from minova.db import quotas
from minova.virt import overrides, power_state

CONF = minova.conf.CONF
_FLAVOR_COLUMNS = (
    "flavorid",
    "name",
    "vcpus",
    "memory_mb",
    "root_gb",
    "ephemeral_gb",
    "swap",
    "rxtx_factor",
    "is_public",
    "disabled",
    "extra_specs",
)
_RESERVATION_ALPHABET = string.ascii_lowercase + string.digits


@dataclasses.dataclass(frozen=True)
class CreateRequest:
    """What a user asks for, once its form is checked.

    ``networks`` is None or "none" for no network, "auto", or a list of network ids. Hints are lists of strings.
    """

    name: str
    flavorid: str
    image_ref: str
    networks: object = None
    metadata: dict = dataclasses.field(default_factory=dict)
    availability_zone: str | None = None
    force_host: str | None = None
    scheduler_hints: dict = dataclasses.field(default_factory=dict)
    description: str | None = None
    min_count: int = 1
    max_count: int = 1


@dataclasses.dataclass(frozen=True)
class Plan:
    """A checked request with the records that it names."""

    request: CreateRequest
    flavor: object
    request_spec: objects.RequestSpec


def check_metadata(metadata):
    """:raises InvalidMetadata: when the simulated hypervisor does not understand what it is told.
    :raises QuotaExceeded:
    """
    allowed = CONF.quota.metadata_items
    if 0 <= allowed < len(metadata):
        message = f"Maximum number of metadata items exceeds {allowed}"
        raise exception.QuotaExceeded(message)
    overrides.validate_metadata(metadata)


def check_image(image, flavor):
    """:raises Invalid: when instances of this flavor cannot hold the image."""
    if image.status != "ACTIVE":
        raise exception.Invalid(f"Image {image.id} is not active.")
    if flavor.memory_mb < image.min_ram_mb:
        raise exception.Invalid("Flavor's memory is too small for requested image.")
    # A root disk of 0 GB takes the size of the image.
    needed_gb = max(image.min_disk_gb, -(-image.size_bytes // 1024**3))
    if flavor.root_gb and flavor.root_gb < needed_gb:
        raise exception.Invalid(
            f"Flavor's disk is too small for requested image. Flavor disk is {flavor.root_gb} GB, "
            f"image needs {needed_gb} GB."
        )


def count_within_quota(request, flavor, limits, usage):
    """How many instances there may be: ``max_count``, or fewer, but not fewer than ``min_count``.

    :raises QuotaExceeded:
    """
    each = quotas.Amounts(instances=1, cores=flavor.vcpus, ram=flavor.memory_mb)
    count = request.max_count
    for name, room in _rooms(each, limits, usage):
        count = min(count, room // getattr(each, name))
    if count < request.min_count:
        raise _quota_error(request.min_count, each, limits, usage)
    return count


def instance_rows(context, plan, count):
    """The columns of ``count`` new instances, each with a task of its own."""
    request, flavor = plan.request, plan.flavor
    now = timeutils.utcnow()
    same = {
        "project_id": context.project_id,
        "user_id": context.user_id,
        "reservation_id": "r-" + "".join(random.choices(_RESERVATION_ALPHABET, k=8)),
        "display_description": request.description,
        "image_ref": request.image_ref,
        "flavor": {name: getattr(flavor, name) for name in _FLAVOR_COLUMNS},
        "vcpus": flavor.vcpus,
        "memory_mb": flavor.memory_mb,
        "root_gb": flavor.root_gb,
        "metadata": request.metadata,
        "availability_zone": request.availability_zone,
        "network_info": [],
        "vm_state": vm_states.BUILDING,
        "task_state": task_states.SCHEDULING,
        "power_state": power_state.NOSTATE,
        "attempt": 0,
        "created_at": now,
        "updated_at": now,
    }
    rows = [{**same, **_own_columns(request, n, count)} for n in range(count)]
    _add_request_specs(rows, plan.request_spec)
    return rows


def make_plan(context, request, flavor, network_ids):
    """The plan of a request; the scheduler is not told yet for which instances."""
    spec = objects.RequestSpec(
        instance_uuids=[],
        task_ids=[],
        attempt=0,
        project_id=context.project_id,
        flavor=objects.Flavor.from_row(flavor),
        image_ref=request.image_ref,
        availability_zone=request.availability_zone,
        force_host=request.force_host,
        ignore_hosts=[],
        scheduler_hints=request.scheduler_hints,
        requested_networks=network_ids,
    )
    return Plan(request, flavor, spec)


def hostname_of(name):
    """A host name made of a server's name, as Nova makes it (nova/utils.py)."""
    cleaned = re.sub(r"[^\w.-]+", "", re.sub(r"[ _.]", "-", name), flags=re.ASCII).lower().strip(".-")
    return cleaned[:63].rstrip("-")


def _rooms(each, limits, usage):
    """Pairs of a limited resource and how much of it is left."""
    for field in dataclasses.fields(each):
        allowed = getattr(limits, field.name)
        if allowed >= 0 and getattr(each, field.name) > 0:
            yield field.name, max(allowed - getattr(usage, field.name), 0)


def _quota_error(count, each, limits, usage):
    overs = [name for name, room in _rooms(each, limits, usage) if room < count * getattr(each, name)]
    return exception.QuotaExceeded(
        overs=", ".join(overs),
        requested=", ".join(str(count * getattr(each, name)) for name in overs),
        used=", ".join(str(getattr(usage, name)) for name in overs),
        allowed=", ".join(str(getattr(limits, name)) for name in overs),
    )


def _own_columns(request, index, count):
    name = request.name if count == 1 else f"{request.name}-{index + 1}"
    instance_uuid = str(uuid.uuid4())
    return {
        "uuid": instance_uuid,
        "task_id": str(uuid.uuid4()),
        "launch_index": index,
        "display_name": name[:255],
        "hostname": hostname_of(name) or f"server-{instance_uuid}",
    }


def _add_request_specs(rows, spec):
    """Each instance keeps the request as if it had been alone, so that it can be repeated for it alone."""
    primitive = spec.obj_to_primitive()
    for row in rows:
        own = copy.copy(primitive)
        own["minova_object.data"] = {
            **primitive["minova_object.data"],
            "instance_uuids": [row["uuid"]],
            "task_ids": [row["task_id"]],
        }
        row["request_spec"] = own
