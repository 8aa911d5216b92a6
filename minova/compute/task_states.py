# SPDX-License-Identifier: Apache-2.0
"""What is being done to an instance; None when nothing is."""

SCHEDULING = "scheduling"
NETWORKING = "networking"
SPAWNING = "spawning"
POWERING_OFF = "powering-off"
POWERING_ON = "powering-on"
REBOOTING = "rebooting"
REBOOTING_HARD = "rebooting_hard"
DELETING = "deleting"
# An evacuation: the first until it has a host, the second while that host makes the guest.
REBUILDING = "rebuilding"
REBUILD_SPAWNING = "rebuild_spawning"

BUILD_STATES = (SCHEDULING, NETWORKING, SPAWNING)
REBUILD_STATES = (REBUILDING, REBUILD_SPAWNING)
