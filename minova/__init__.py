# SPDX-License-Identifier: Apache-2.0
"""A miniature OpenStack Nova: real RPC between real processes, a simulated hypervisor."""

import sys

from oslo_service import backend

# minova runs on threads. oslo.service installs eventlet, and whatever finds it imports it, which costs
# every process 0.2 s and a warning; this has to be said before oslo.messaging is imported.
sys.modules.setdefault("eventlet", None)  # type: ignore[arg-type]
backend.register_backend_default_hook(lambda: backend.BackendType.THREADING)
