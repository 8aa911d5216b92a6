# SPDX-License-Identifier: Apache-2.0
"""Why the scheduler chose a host: sentences on its decisions (docs/scheduler.md has their shape)."""

from minova.explain.sentence import Sentence, count, epoch

_REFUSED_NAMED = 10
_WEIGHTS_NAMED = 10
# Weights are sums of floats: less than this is no difference.
_EQUAL = 1e-9


def sentences(case):
    return [_sentence(row) for row in case.decisions]


def _sentence(row):
    decision = row.decision
    # The records count from 0 what people count from 1.
    attempt = f"attempt {row.attempt + 1}"
    considered = count(decision["hosts"], "host")
    if row.host:
        others = ", ".join(decision["alternates"])
        then = f"alternates: {others}" if others else "there is no alternate"
        text = (
            f"The scheduler chose and claimed {row.host} for {attempt}, out of {considered} ({decision['left']} left "
            f"by the filters); {then}."
        )
    elif "undone" in decision:
        text = f"The scheduler chose {decision['host']} for {attempt}, but {decision['undone']}."
    else:
        text = f"The scheduler found no host for {attempt}: none of {considered} was left by the filters."
    details = (*_refused(decision), *_weighed(decision))
    return Sentence(epoch(row.created_at), "choice", text, details)


def _refused(decision):
    refusals = [
        f"{each['name']} refused {host}: {reason}"
        for each in decision["filters"]
        for host, reason in each["hosts"].items()
    ]
    yield from refusals[:_REFUSED_NAMED]
    more = sum(each["removed"] for each in decision["filters"]) - len(refusals[:_REFUSED_NAMED])
    if more > 0:
        yield f"and {count(more, 'refusal')} more"


def _weighed(decision):
    weights = decision["weights"]
    for each in weights[:_WEIGHTS_NAMED]:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in each["weighers"].items())
        yield f"{each['host']} weighs {each['weight']:.3f} ({shares})"
    if len(weights) > _WEIGHTS_NAMED:
        yield f"and {count(len(weights) - _WEIGHTS_NAMED, 'host')} more"
    if len(weights) > 1:
        yield _difference(weights, decision["host"])


def _difference(weights, chosen):
    """What decided between the chosen host and the best of the others."""
    first = next((each for each in weights if each["host"] == chosen), weights[0])
    second = next(each for each in weights if each is not first)
    ahead = first["weight"] - second["weight"]
    if abs(ahead) < _EQUAL:
        equal = [each["host"] for each in weights if abs(each["weight"] - first["weight"]) < _EQUAL]
        return f"{', '.join(sorted(equal))} weigh the same: chance decided"
    if ahead < 0:
        return f"{chosen} was drawn from the best (host_subset_size)"
    shares = {name: share - second["weighers"].get(name, 0) for name, share in first["weighers"].items()}
    largest = [name for name, share in shares.items() if max(shares.values()) - share < _EQUAL]
    return (
        f"{first['host']} is {ahead:.3f} ahead of {second['host']}, the largest share by {', '.join(largest)}"
    )
