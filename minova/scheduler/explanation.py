# SPDX-License-Identifier: Apache-2.0
"""A recorded decision, told to people; chooser.py makes them, db/decisions.py keeps them."""

_HOSTS_NAMED = 10


def explain(row):
    """The lines of one row of ``db.decisions``."""
    decision = row.decision
    # People count from 1.
    yield f"attempt {row.attempt + 1}, {row.created_at:%Y-%m-%d %H:%M:%S} UTC, {row.request_id}: {_outcome(row)}"
    yield f"  hosts considered: {decision['hosts']}"
    for each in decision["filters"]:
        if each["removed"]:
            yield f"  {each['name']} took {each['removed']}:"
            yield from _reasons(each)
    yield f"  hosts left: {decision['left']}"
    for each in decision["weights"]:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in each["weighers"].items())
        yield f"    {each['host']} weighs {each['weight']:.3f} ({shares})"


def _outcome(row):
    decision = row.decision
    if row.host:
        return f"claimed {row.host}, alternates {', '.join(decision['alternates']) or 'none'}"
    if "undone" in decision:
        return f"no host: {decision['host']} was chosen, but {decision['undone']}"
    return "no host"


def _reasons(filtered):
    named = list(filtered["hosts"].items())[:_HOSTS_NAMED]
    for host, reason in named:
        yield f"    {host}: {reason}"
    if filtered["removed"] > len(named):
        yield f"    and {filtered['removed'] - len(named)} more"
