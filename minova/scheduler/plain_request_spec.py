# SPDX-License-Identifier: Apache-2.0
"""What was asked for, as filters and weighers see it.

A plain copy of objects.RequestSpec with the same names: reading a field of a versioned object costs ten times
as much, and with a thousand hosts a request reads some thirty thousand.
"""

import dataclasses

from minova import objects


@dataclasses.dataclass(frozen=True, slots=True)
class PlainRequestSpec:
    """``vcpus``, ``memory_mb`` and ``local_gb`` are what each instance claims; the rest is as in RequestSpec."""

    project_id: str
    flavor: objects.Flavor
    image_ref: str
    vcpus: int
    memory_mb: int
    local_gb: int
    availability_zone: str | None
    force_host: str | None
    ignore_hosts: frozenset
    scheduler_hints: dict


def from_object(request_spec):
    return PlainRequestSpec(
        project_id=request_spec.project_id,
        flavor=request_spec.flavor,
        image_ref=request_spec.image_ref,
        vcpus=request_spec.vcpus,
        memory_mb=request_spec.memory_mb,
        local_gb=request_spec.local_gb,
        availability_zone=request_spec.availability_zone,
        force_host=request_spec.force_host,
        ignore_hosts=frozenset(request_spec.ignore_hosts),
        scheduler_hints=dict(request_spec.scheduler_hints),
    )
