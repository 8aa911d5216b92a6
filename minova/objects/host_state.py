# SPDX-License-Identifier: Apache-2.0
"""A compute host as it tells the schedulers and the conductor about itself."""

from oslo_versionedobjects import fields

from minova.objects import base


@base.MinovaObjectRegistry.register
class HostState(base.MinovaObject):
    """Inventory and usage of one host, seen by its own compute service.

    ``accepting`` is False from the moment that the compute is told to stop. ``num_io_ops`` counts the
    builds and moves in its hands.
    """

    VERSION = "1.0"

    fields = {
        "host": fields.StringField(),
        "hypervisor_hostname": fields.StringField(),
        "hypervisor_type": fields.StringField(),
        "hypervisor_version": fields.IntegerField(),
        "vcpus": fields.IntegerField(),
        "memory_mb": fields.IntegerField(),
        "local_gb": fields.IntegerField(),
        "cpu_info": fields.StringField(),
        "running_vms": fields.IntegerField(),
        "num_io_ops": fields.IntegerField(),
        "accepting": fields.BooleanField(),
    }
