# SPDX-License-Identifier: Apache-2.0
"""The tables. Moments are naive UTC; ``*_epoch`` columns are seconds since 1970 by the database's own clock,
so that deadlines hold whatever the clocks of the services say.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_UUID = sa.String(36)
_NAME = sa.String(255)
# MariaDB's DATETIME has no fraction of a second unless asked.
_MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")

services = sa.Table(
    "services",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", _UUID, nullable=False, unique=True),
    sa.Column("host", _NAME, nullable=False),
    sa.Column("binary", _NAME, nullable=False),
    sa.Column("topic", _NAME, nullable=False),
    sa.Column("availability_zone", _NAME, nullable=False),
    sa.Column("report_count", sa.Integer, nullable=False, default=0),
    sa.Column("last_seen_epoch", sa.Double, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("disabled_reason", _NAME),
    sa.Column("forced_down", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("updated_at", _MOMENT),
    sa.UniqueConstraint("host", "binary"),
)

compute_nodes = sa.Table(
    "compute_nodes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", _UUID, nullable=False, unique=True),
    sa.Column("host", _NAME, nullable=False, unique=True),
    sa.Column("hypervisor_hostname", _NAME, nullable=False),
    sa.Column("hypervisor_type", _NAME, nullable=False),
    sa.Column("hypervisor_version", sa.Integer, nullable=False),
    sa.Column("cpu_info", sa.Text, nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("local_gb", sa.Integer, nullable=False),
    sa.Column("cpu_allocation_ratio", sa.Double, nullable=False),
    sa.Column("ram_allocation_ratio", sa.Double, nullable=False),
    sa.Column("disk_allocation_ratio", sa.Double, nullable=False),
    # What the claims of this host add up to; changed in the transaction that adds or removes one.
    sa.Column("vcpus_used", sa.Integer, nullable=False, default=0),
    sa.Column("memory_mb_used", sa.Integer, nullable=False, default=0),
    sa.Column("local_gb_used", sa.Integer, nullable=False, default=0),
    # What the hypervisor itself reports.
    sa.Column("running_vms", sa.Integer, nullable=False, default=0),
    sa.Column("num_io_ops", sa.Integer, nullable=False, default=0),
    sa.Column("accepting", sa.Boolean, nullable=False, default=True),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("updated_at", _MOMENT),
)

allocations = sa.Table(
    "allocations",
    metadata,
    sa.Column("instance_uuid", _UUID, primary_key=True),
    sa.Column("host", _NAME, primary_key=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("local_gb", sa.Integer, nullable=False),
    sa.Index(None, "host"),
)

flavors = sa.Table(
    "flavors",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("flavorid", _NAME, nullable=False, unique=True),
    sa.Column("name", _NAME, nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("root_gb", sa.Integer, nullable=False),
    sa.Column("ephemeral_gb", sa.Integer, nullable=False, default=0),
    sa.Column("swap", sa.Integer, nullable=False, default=0),
    sa.Column("rxtx_factor", sa.Double, nullable=False, default=1.0),
    sa.Column("is_public", sa.Boolean, nullable=False, default=True),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("description", sa.Text),
    sa.Column("extra_specs", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", _MOMENT, nullable=False),
)

images = sa.Table(
    "images",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("min_disk_gb", sa.Integer, nullable=False, default=0),
    sa.Column("min_ram_mb", sa.Integer, nullable=False, default=0),
    sa.Column("properties", sa.JSON, nullable=False, default=dict),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("updated_at", _MOMENT, nullable=False),
)

# One row for each project that ever created a server: locked while its usage is counted. NULL means that
# the configured default holds.
quotas = sa.Table(
    "quotas",
    metadata,
    sa.Column("project_id", _NAME, primary_key=True),
    sa.Column("instances", sa.Integer),
    sa.Column("cores", sa.Integer),
    sa.Column("ram", sa.Integer),
)

instances = sa.Table(
    "instances",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", _UUID, nullable=False, unique=True),
    sa.Column("project_id", _NAME, nullable=False),
    sa.Column("user_id", _NAME, nullable=False),
    sa.Column("reservation_id", _NAME, nullable=False),
    sa.Column("launch_index", sa.Integer, nullable=False, default=0),
    sa.Column("display_name", _NAME, nullable=False),
    sa.Column("display_description", _NAME),
    sa.Column("hostname", _NAME, nullable=False),
    sa.Column("image_ref", _NAME, nullable=False),
    sa.Column("flavor", sa.JSON, nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mb", sa.Integer, nullable=False),
    sa.Column("root_gb", sa.Integer, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("availability_zone", _NAME),
    sa.Column("host", _NAME),
    sa.Column("network_info", sa.JSON, nullable=False),
    sa.Column("request_spec", sa.JSON, nullable=False),
    sa.Column("vm_state", sa.String(20), nullable=False),
    sa.Column("task_state", sa.String(40)),
    sa.Column("power_state", sa.Integer, nullable=False, default=0),
    sa.Column("progress", sa.Integer, nullable=False, default=0),
    # The task in hand: the id of its action record, which try it is, and when it counts as abandoned.
    sa.Column("task_id", _UUID),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("deadline_epoch", sa.Double),
    # How often the task was taken over without having come any further since.
    sa.Column("takeovers", sa.Integer, nullable=False, default=0),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Column("updated_at", _MOMENT, nullable=False),
    sa.Column("launched_at", _MOMENT),
    sa.Column("terminated_at", _MOMENT),
    sa.Column("deleted_at", _MOMENT),
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
    # All that a quota counts, so that the index alone answers.
    sa.Index(None, "project_id", "deleted", "vcpus", "memory_mb"),
    sa.Index(None, "host", "deleted"),
    sa.Index(None, "deadline_epoch"),
    sa.Index(None, "reservation_id"),
)

instance_faults = sa.Table(
    "instance_faults",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("instance_uuid", _UUID, nullable=False),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("details", sa.Text),
    sa.Column("host", _NAME),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Index(None, "instance_uuid"),
)

instance_actions = sa.Table(
    "instance_actions",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("instance_uuid", _UUID, nullable=False),
    sa.Column("action", _NAME, nullable=False),
    sa.Column("request_id", _NAME, nullable=False),
    sa.Column("user_id", _NAME),
    sa.Column("project_id", _NAME),
    sa.Column("start_time", _MOMENT, nullable=False),
    sa.Column("updated_at", _MOMENT, nullable=False),
    sa.Column("finish_time", _MOMENT),
    sa.Column("message", sa.Text),
    sa.Index(None, "instance_uuid"),
)

instance_action_events = sa.Table(
    "instance_action_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("action_id", _UUID, nullable=False),
    sa.Column("event", _NAME, nullable=False),
    sa.Column("host", _NAME),
    sa.Column("start_time", _MOMENT, nullable=False),
    sa.Column("finish_time", _MOMENT),
    sa.Column("result", sa.String(20)),
    sa.Column("details", sa.Text),
    sa.Index(None, "action_id"),
)

# How the scheduler came to its choice, to be read afterwards.
scheduler_decisions = sa.Table(
    "scheduler_decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("instance_uuid", _UUID, nullable=False),
    sa.Column("request_id", _NAME, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("host", _NAME),
    sa.Column("decision", sa.JSON, nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
    sa.Index(None, "instance_uuid"),
)

networks = sa.Table(
    "networks",
    metadata,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("label", _NAME, nullable=False, unique=True),
    sa.Column("cidr", sa.String(64), nullable=False),
    sa.Column("created_at", _MOMENT, nullable=False),
)

# Addresses, ``number`` counting from the network's own. A row is made when its address is first needed and
# stays as a free one (instance_uuid NULL) afterwards, so that the lowest free address is found by an index.
fixed_ips = sa.Table(
    "fixed_ips",
    metadata,
    sa.Column("network_id", _UUID, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("mac_address", sa.String(17), nullable=False),
    # Those of the instance that holds the address, all NULL while it is free.
    sa.Column("port_id", _UUID),
    sa.Column("instance_uuid", _UUID),
    sa.Column("attempt", sa.Integer),
    sa.Column("allocated_at", _MOMENT),
    # An instance has one address in a network: what makes a repeated allocation find the first.
    sa.UniqueConstraint("instance_uuid", "network_id"),
    sa.Index(None, "network_id", "instance_uuid", "number"),
)
