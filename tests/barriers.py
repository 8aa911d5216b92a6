# SPDX-License-Identifier: Apache-2.0
"""Looks on a page for what keeps people out who see, hear or move otherwise; axe-core comes with its package."""

from axe_playwright_python.sync_playwright import Axe


def barriers(page):
    """What axe-core finds, each with its places."""
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]]) for each in found]
