# SPDX-License-Identifier: Apache-2.0
"""Health checks: 200 and {"status": "ok"}, or 503 and why."""

from minova.broker.management import errors, state
from minova.broker.management.http import json_response


async def alarms(call):
    if call.broker.memory.is_high:
        facts = {"node": state.NODE, "resource": "memory"}
        return _failed({"reason": "There are alarms in effect on the node", "alarms": [facts]})
    return {"status": "ok"}


async def node(call, name):
    if name != state.NODE:
        raise errors.not_found()
    return await alarms(call)


async def virtual_hosts(call):
    return {"status": "ok"}


async def node_is_quorum_critical(call):
    return {"status": "ok", "reason": "single node cluster"}


async def port_listener(call, port):
    ports = [listener["port"] for listener in call.listeners]
    if port in map(str, ports):
        return {"status": "ok", "port": int(port)}
    return _failed({"reason": "No active listener", "missing": port, "ports": ports})


async def protocol_listener(call, protocol):
    protocols = [listener["protocol"] for listener in call.listeners]
    if protocol in protocols:
        return {"status": "ok", "protocol": protocol}
    return _failed({"reason": "No active listener", "missing": protocol, "protocols": protocols})


def _failed(facts):
    return json_response({"status": "failed"} | facts, 503)
