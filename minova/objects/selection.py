# SPDX-License-Identifier: Apache-2.0
"""The scheduler's answer: one host for one instance."""

from oslo_versionedobjects import fields

from minova.objects import base


@base.MinovaObjectRegistry.register
class Selection(base.MinovaObject):
    """The first selection of an instance is claimed, its alternates are not."""

    VERSION = "1.0"

    fields = {
        "host": fields.StringField(),
        "weight": fields.FloatField(),
    }
