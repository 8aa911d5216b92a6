# SPDX-License-Identifier: Apache-2.0
"""Weigh hosts by free virtual CPUs."""

import minova.conf
from minova.scheduler import weights

CONF = minova.conf.CONF


class CPUWeigher(weights.BaseHostWeigher):
    def multiplier(self):
        return CONF.scheduler.cpu_weight_multiplier

    def weigh(self, host, request_spec):
        return host.free_vcpus
