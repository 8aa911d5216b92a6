# SPDX-License-Identifier: Apache-2.0
"""Which function answers which method on a channel."""

from pamqp import commands

from minova.broker import basic, errors, permissions, topology

_HANDLERS = {
    commands.Exchange.Declare: topology.exchange_declare,
    commands.Exchange.Delete: topology.exchange_delete,
    commands.Exchange.Bind: topology.exchange_bind,
    commands.Exchange.Unbind: topology.exchange_unbind,
    commands.Queue.Declare: topology.queue_declare,
    commands.Queue.Bind: topology.queue_bind,
    commands.Queue.Unbind: topology.queue_unbind,
    commands.Queue.Purge: topology.queue_purge,
    commands.Queue.Delete: topology.queue_delete,
    commands.Basic.Qos: basic.qos,
    commands.Basic.Consume: basic.consume,
    commands.Basic.Cancel: basic.cancel,
    commands.Basic.Get: basic.get,
    commands.Basic.Nack: basic.nack,
    commands.Basic.Reject: basic.reject,
    commands.Basic.Recover: basic.recover,
    commands.Basic.RecoverAsync: basic.recover_async,
    commands.Confirm.Select: basic.confirm_select,
    commands.Tx.Select: basic.tx_select,
    commands.Tx.Commit: basic.tx_commit,
    commands.Tx.Rollback: basic.tx_rollback,
    commands.Channel.Flow: basic.flow,
}


def call(channel, method):
    """Have a method answered.

    :raises errors.AMQPError: what the client did wrong
    """
    handler = _HANDLERS.get(type(method))
    if handler is None:
        raise errors.ConnectionException(503, "unimplemented method")
    permissions.check(channel, method)
    handler(channel, method)
