# SPDX-License-Identifier: Apache-2.0
"""A flavor: the size of an instance."""

from oslo_versionedobjects import fields

from minova.objects import base


@base.MinovaObjectRegistry.register
class Flavor(base.MinovaObject):
    """Sizes are in MB (memory, swap) and GB (disks)."""

    VERSION = "1.0"

    fields = {
        "flavorid": fields.StringField(),
        "name": fields.StringField(),
        "vcpus": fields.IntegerField(),
        "memory_mb": fields.IntegerField(),
        "root_gb": fields.IntegerField(),
        "ephemeral_gb": fields.IntegerField(),
        "swap": fields.IntegerField(),
        "extra_specs": fields.DictOfStringsField(),
    }
