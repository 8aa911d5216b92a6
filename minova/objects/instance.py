# SPDX-License-Identifier: Apache-2.0
"""An instance as the services tell each other about it."""

from oslo_versionedobjects import fields

from minova.objects import base


@base.MinovaObjectRegistry.register
class Instance(base.MinovaObject):
    """What a compute needs to know of an instance; the record itself stays with the conductor.

    ``task_id`` and ``attempt`` say on whose behalf the receiver works: every answer names them, and is
    refused once the record has moved on.
    """

    VERSION = "1.0"

    fields = {
        "uuid": fields.StringField(),
        "project_id": fields.StringField(),
        "user_id": fields.StringField(),
        "display_name": fields.StringField(),
        "hostname": fields.StringField(),
        "image_ref": fields.StringField(),
        "host": fields.StringField(nullable=True),
        "vcpus": fields.IntegerField(),
        "memory_mb": fields.IntegerField(),
        "root_gb": fields.IntegerField(),
        "metadata": fields.DictOfStringsField(),
        "vm_state": fields.StringField(),
        "task_state": fields.StringField(nullable=True),
        "power_state": fields.IntegerField(),
        "task_id": fields.StringField(nullable=True),
        "attempt": fields.IntegerField(),
        "addresses": fields.ListOfStringsField(),
    }

    @classmethod
    def from_row(cls, row, **changes):
        addresses = [address["address"] for address in row.network_info]
        return super().from_row(row, addresses=addresses, **changes)

    @property
    def name(self):
        """The hypervisor's name for the guest."""
        return f"instance-{self.uuid[:8]}"
