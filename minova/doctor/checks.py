# SPDX-License-Identifier: Apache-2.0
"""The checks in the order in which they are shown: what others need comes first."""

from minova.doctor import broker, database, disk, queues, services, tasks
from minova.doctor.examination import Check

CHECKS = (
    Check("broker", broker.look, 4),
    Check("alarms", broker.alarms, 4),
    Check("tracing", broker.tracing, 5.5),
    Check("database", database.look, 5.5),
    Check("processes", services.processes, 4),
    Check("heartbeats", services.heartbeats, 5),
    Check("pings", services.pings, 6),
    Check("api", services.apis, 5),
    Check("pins", services.pins, 2),
    Check("queues", queues.unread, 5.5),
    Check("messages", queues.stuck, 6),
    Check("tasks", tasks.overdue, 5),
    Check("clocks", tasks.clocks, 5),
    Check("disk", disk.look, 4),
)
