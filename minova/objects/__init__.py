# SPDX-License-Identifier: Apache-2.0
"""Versioned objects: all that crosses RPC and is more than a plain value."""

from minova.objects.flavor import Flavor
from minova.objects.host_state import HostState
from minova.objects.instance import Instance
from minova.objects.request_spec import RequestSpec
from minova.objects.selection import Selection

__all__ = ["Flavor", "HostState", "Instance", "RequestSpec", "Selection"]
