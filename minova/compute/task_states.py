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

BUILD_STATES = (SCHEDULING, NETWORKING, SPAWNING)
