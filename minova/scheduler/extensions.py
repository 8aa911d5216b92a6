# SPDX-License-Identifier: Apache-2.0
"""Filters and weighers by name: minova's own and those that other packages offer by the same entry points."""

from stevedore import named

import minova.conf
from minova import exception

CONF = minova.conf.CONF
FILTERS_GROUP = "minova.scheduler.filters"
WEIGHTS_GROUP = "minova.scheduler.weights"


def load_filters():
    """The filters of [scheduler] enabled_filters, in that order.

    :raises InvalidOption: when one does not exist or cannot be loaded.
    """
    return _load(FILTERS_GROUP, "enabled_filters")


def load_weighers():
    """The weighers of [scheduler] enabled_weighers, in that order.

    :raises InvalidOption: when one does not exist or cannot be loaded.
    """
    return _load(WEIGHTS_GROUP, "enabled_weighers")


def _load(group, option):
    names = CONF.scheduler[option]
    problems = []
    found = named.NamedExtensionManager(
        group,
        names,
        name_order=True,
        invoke_on_load=True,
        on_load_failure_callback=lambda _manager, entry_point, err: problems.append(
            f"{entry_point.name} cannot be loaded: {err!r}"
        ),
        on_missing_entrypoints_callback=lambda missing: problems.extend(
            f"{name} is unknown" for name in missing
        ),
    )
    if problems:
        reason = f"[scheduler] {option}: {'; '.join(sorted(problems))}. Known: {', '.join(_known(group))}."
        raise exception.InvalidOption(reason=reason)
    return [extension.obj for extension in found]


def _known(group):
    return sorted(
        entry_point.name for entry_point in named.NamedExtensionManager(group, []).list_entry_points()
    )
