# SPDX-License-Identifier: Apache-2.0
"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_UUID = sa.String(36)
_NAME = sa.String(255)
_MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade():
    _create_allocations()
    _create_compute_nodes()
    _create_fixed_ips()
    _create_flavors()
    _create_images()
    _create_instance_action_events()
    _create_instance_actions()
    _create_instance_faults()
    _create_instances()
    _create_networks()
    _create_quotas()
    _create_scheduler_decisions()
    _create_services()


def _create_allocations():
    op.create_table(
        "allocations",
        sa.Column("instance_uuid", _UUID, nullable=False),
        sa.Column("host", _NAME, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("local_gb", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("instance_uuid", "host", name=op.f("pk_allocations")),
    )
    op.create_index(op.f("ix_allocations_host"), "allocations", ["host"])


def _create_compute_nodes():
    op.create_table(
        "compute_nodes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", _UUID, nullable=False),
        sa.Column("host", _NAME, nullable=False),
        sa.Column("hypervisor_hostname", _NAME, nullable=False),
        sa.Column("hypervisor_type", _NAME, nullable=False),
        sa.Column("hypervisor_version", sa.Integer(), nullable=False),
        sa.Column("cpu_info", sa.Text(), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("local_gb", sa.Integer(), nullable=False),
        sa.Column("cpu_allocation_ratio", sa.Double(), nullable=False),
        sa.Column("ram_allocation_ratio", sa.Double(), nullable=False),
        sa.Column("disk_allocation_ratio", sa.Double(), nullable=False),
        sa.Column("vcpus_used", sa.Integer(), nullable=False),
        sa.Column("memory_mb_used", sa.Integer(), nullable=False),
        sa.Column("local_gb_used", sa.Integer(), nullable=False),
        sa.Column("running_vms", sa.Integer(), nullable=False),
        sa.Column("num_io_ops", sa.Integer(), nullable=False),
        sa.Column("accepting", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compute_nodes")),
        sa.UniqueConstraint("host", name=op.f("uq_compute_nodes_host")),
        sa.UniqueConstraint("uuid", name=op.f("uq_compute_nodes_uuid")),
    )


def _create_fixed_ips():
    op.create_table(
        "fixed_ips",
        sa.Column("network_id", _UUID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("mac_address", sa.String(length=17), nullable=False),
        sa.Column("port_id", _UUID),
        sa.Column("instance_uuid", _UUID),
        sa.Column("attempt", sa.Integer()),
        sa.Column("allocated_at", _MOMENT),
        sa.PrimaryKeyConstraint("network_id", "number", name=op.f("pk_fixed_ips")),
        sa.UniqueConstraint(
            "instance_uuid", "network_id", name=op.f("uq_fixed_ips_instance_uuid_network_id")
        ),
    )
    op.create_index(
        op.f("ix_fixed_ips_network_id_instance_uuid_number"),
        "fixed_ips",
        ["network_id", "instance_uuid", "number"],
    )


def _create_flavors():
    op.create_table(
        "flavors",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flavorid", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("root_gb", sa.Integer(), nullable=False),
        sa.Column("ephemeral_gb", sa.Integer(), nullable=False),
        sa.Column("swap", sa.Integer(), nullable=False),
        sa.Column("rxtx_factor", sa.Double(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("extra_specs", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flavors")),
        sa.UniqueConstraint("flavorid", name=op.f("uq_flavors_flavorid")),
        sa.UniqueConstraint("name", name=op.f("uq_flavors_name")),
    )


def _create_images():
    op.create_table(
        "images",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("min_disk_gb", sa.Integer(), nullable=False),
        sa.Column("min_ram_mb", sa.Integer(), nullable=False),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
    )


def _create_instance_action_events():
    op.create_table(
        "instance_action_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", _UUID, nullable=False),
        sa.Column("event", _NAME, nullable=False),
        sa.Column("host", _NAME),
        sa.Column("start_time", _MOMENT, nullable=False),
        sa.Column("finish_time", _MOMENT),
        sa.Column("result", sa.String(length=20)),
        sa.Column("details", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_action_events")),
    )
    op.create_index(op.f("ix_instance_action_events_action_id"), "instance_action_events", ["action_id"])


def _create_instance_actions():
    op.create_table(
        "instance_actions",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("instance_uuid", _UUID, nullable=False),
        sa.Column("action", _NAME, nullable=False),
        sa.Column("request_id", _NAME, nullable=False),
        sa.Column("user_id", _NAME),
        sa.Column("project_id", _NAME),
        sa.Column("start_time", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("finish_time", _MOMENT),
        sa.Column("message", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_actions")),
    )
    op.create_index(op.f("ix_instance_actions_instance_uuid"), "instance_actions", ["instance_uuid"])


def _create_instance_faults():
    op.create_table(
        "instance_faults",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_uuid", _UUID, nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("details", sa.Text()),
        sa.Column("host", _NAME),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_faults")),
    )
    op.create_index(op.f("ix_instance_faults_instance_uuid"), "instance_faults", ["instance_uuid"])


def _create_instances():
    op.create_table(
        "instances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", _UUID, nullable=False),
        sa.Column("project_id", _NAME, nullable=False),
        sa.Column("user_id", _NAME, nullable=False),
        sa.Column("reservation_id", _NAME, nullable=False),
        sa.Column("launch_index", sa.Integer(), nullable=False),
        sa.Column("display_name", _NAME, nullable=False),
        sa.Column("display_description", _NAME),
        sa.Column("hostname", _NAME, nullable=False),
        sa.Column("image_ref", _NAME, nullable=False),
        sa.Column("flavor", sa.JSON(), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("root_gb", sa.Integer(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("availability_zone", _NAME),
        sa.Column("host", _NAME),
        sa.Column("network_info", sa.JSON(), nullable=False),
        sa.Column("request_spec", sa.JSON(), nullable=False),
        sa.Column("vm_state", sa.String(length=20), nullable=False),
        sa.Column("task_state", sa.String(length=40)),
        sa.Column("power_state", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("task_id", _UUID),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("deadline_epoch", sa.Double()),
        sa.Column("takeovers", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("launched_at", _MOMENT),
        sa.Column("terminated_at", _MOMENT),
        sa.Column("deleted_at", _MOMENT),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
        sa.UniqueConstraint("uuid", name=op.f("uq_instances_uuid")),
    )
    op.create_index(op.f("ix_instances_deadline_epoch"), "instances", ["deadline_epoch"])
    op.create_index(op.f("ix_instances_host_deleted"), "instances", ["host", "deleted"])
    op.create_index(
        op.f("ix_instances_project_id_deleted_vcpus_memory_mb"),
        "instances",
        ["project_id", "deleted", "vcpus", "memory_mb"],
    )
    op.create_index(op.f("ix_instances_reservation_id"), "instances", ["reservation_id"])


def _create_networks():
    op.create_table(
        "networks",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("label", _NAME, nullable=False),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_networks")),
        sa.UniqueConstraint("label", name=op.f("uq_networks_label")),
    )


def _create_quotas():
    op.create_table(
        "quotas",
        sa.Column("project_id", _NAME, nullable=False),
        sa.Column("instances", sa.Integer()),
        sa.Column("cores", sa.Integer()),
        sa.Column("ram", sa.Integer()),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_quotas")),
    )


def _create_scheduler_decisions():
    op.create_table(
        "scheduler_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_uuid", _UUID, nullable=False),
        sa.Column("request_id", _NAME, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("host", _NAME),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduler_decisions")),
    )
    op.create_index(op.f("ix_scheduler_decisions_instance_uuid"), "scheduler_decisions", ["instance_uuid"])


def _create_services():
    op.create_table(
        "services",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", _UUID, nullable=False),
        sa.Column("host", _NAME, nullable=False),
        sa.Column("binary", _NAME, nullable=False),
        sa.Column("topic", _NAME, nullable=False),
        sa.Column("availability_zone", _NAME, nullable=False),
        sa.Column("report_count", sa.Integer(), nullable=False),
        sa.Column("last_seen_epoch", sa.Double(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", _NAME),
        sa.Column("forced_down", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        sa.UniqueConstraint("host", "binary", name=op.f("uq_services_host_binary")),
        sa.UniqueConstraint("uuid", name=op.f("uq_services_uuid")),
    )
