# SPDX-License-Identifier: Apache-2.0
"""After a storm: do records and guests agree, and do the records keep what the customers were promised."""

import sqlalchemy as sa

import minova.conf
from minova.chaos import checks
from minova.db import engine, networks
from minova.db.models import allocations, fixed_ips, instance_actions, instances
from minova.virt.store import Store


class Records:
    """The database and the hypervisors of a minova, read past all services; a context.

    :param config_files: those of its services.
    """

    def __init__(self, config_files):
        conf = minova.conf.CONF
        conf([part for path in config_files for part in ("--config-file", path)], project="minova")
        self._database = engine.Database()
        self._store = Store(conf.state_path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._database.dispose()
        self._store.close()

    def violations(self):
        """What is not true at rest, as sentences."""
        return checks.check(self._database, self._store)

    def network_ids(self):
        with self._database.reader() as conn:
            return [row.id for row in networks.find(conn)]

    def living(self):
        """All instances that are not deleted, by name."""
        with self._database.reader() as conn:
            rows = conn.execute(sa.select(instances).where(~instances.c.deleted)).all()
        return {row.display_name: row for row in rows}

    def counts(self):
        """How much there is of what has to be none once all servers are deleted."""
        wanted = {
            "instances": sa.select(instances.c.id).where(~instances.c.deleted),
            "claims": sa.select(allocations.c.host),
            "addresses": sa.select(fixed_ips.c.number).where(fixed_ips.c.instance_uuid.is_not(None)),
            "unfinished actions": sa.select(instance_actions.c.id).where(
                instance_actions.c.finish_time.is_(None)
            ),
        }
        with self._database.reader() as conn:
            counts = {
                name: conn.execute(sa.select(sa.func.count()).select_from(statement.subquery())).scalar_one()
                for name, statement in wanted.items()
            }
        with self._store.read() as connection:
            counts["guests"] = connection.execute("SELECT COUNT(*) FROM guest").fetchone()[0]
        return counts


def broken_promises(servers, living, unsure=lambda answer: False):
    """(sentence, uuid) of each server that is not what its customer was told; all are at rest.

    :param servers: ledger.Server by name.
    :param living: rows of instances by name.
    :param unsure: whether the database was cut off while a request ran: then nobody knows of its commit.
    """
    for name, server in servers.items():
        sentence = _broken_promise(server, living.get(name), unsure)
        if sentence:
            yield sentence, server.uuid or living[name].uuid
    for name in living.keys() - servers.keys():
        yield f"Instance {living[name].uuid} ({name}) was asked for by nobody.", living[name].uuid


def _broken_promise(server, row, unsure):
    answer = server.created
    if answer is None or not answer.given:
        # Nobody was promised anything: it may be there or not, and checks.py sees that it is not half there.
        return None
    what = f"Server {server.uuid or server.name}"
    if answer.status != 202:
        kept = row is None or (answer.status == 503 and unsure(answer))
        return None if kept else f"{what} was refused with {answer.status}, and is there."
    if row is None:
        return None if server.delete_sent else f"{what} was accepted, never deleted, and is gone."
    if row.uuid != server.uuid:
        return f"{what} has the name of instance {row.uuid}."
    if server.delete_accepted:
        return f"{what} was deleted, and is there in {row.vm_state}."
    return None
