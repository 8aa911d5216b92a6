# SPDX-License-Identifier: Apache-2.0
"""What an instance is, while nothing happens to it."""

BUILDING = "building"
ACTIVE = "active"
STOPPED = "stopped"
ERROR = "error"
DELETED = "deleted"
