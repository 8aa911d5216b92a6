# SPDX-License-Identifier: Apache-2.0
"""How limits look."""

import minova.conf

CONF = minova.conf.CONF

# Of things that there are none of; the limits are Nova's defaults.
_OTHERS = {
    "maxImageMeta": 128,
    "maxPersonality": 5,
    "maxPersonalitySize": 10240,
    "maxSecurityGroupRules": -1,
    "maxSecurityGroups": -1,
    "maxServerGroupMembers": 10,
    "maxServerGroups": 10,
    "maxTotalFloatingIps": -1,
    "maxTotalKeypairs": 100,
    "totalFloatingIpsUsed": 0,
    "totalSecurityGroupsUsed": 0,
    "totalServerGroupsUsed": 0,
}


def absolute(limits, usage):
    """What a project may have, and has (db.quotas.Amounts each)."""
    return {
        **_OTHERS,
        "maxServerMeta": CONF.quota.metadata_items,
        "maxTotalInstances": limits.instances,
        "maxTotalCores": limits.cores,
        "maxTotalRAMSize": limits.ram,
        "totalInstancesUsed": usage.instances,
        "totalCoresUsed": usage.cores,
        "totalRAMUsed": usage.ram,
    }
