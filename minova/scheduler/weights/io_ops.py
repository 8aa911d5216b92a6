# SPDX-License-Identifier: Apache-2.0
"""Weigh hosts by the builds and moves they have in hand."""

import minova.conf
from minova.scheduler import weights

CONF = minova.conf.CONF


class IoOpsWeigher(weights.BaseHostWeigher):
    def multiplier(self):
        return CONF.scheduler.io_ops_weight_multiplier

    def weigh(self, host, request_spec):
        return host.num_io_ops
