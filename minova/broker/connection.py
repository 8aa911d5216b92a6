# SPDX-License-Identifier: Apache-2.0
"""A client's connection: its frames in, its channels, its writes in batches, its heartbeats, its end.

handshake.py leads it from the first octet to Connection.Open.
"""

import asyncio
import itertools
import logging
import time

from pamqp import commands

from minova.broker import errors, frame, handshake, method
from minova.broker.channel import Channel
from minova.broker.liveness import Liveness

LOG = logging.getLogger(__name__)

# Do not let one batch of writes grow beyond: the C library gives larger blocks back to the system, which has to find
# pages for each new one.
_FLUSH_AT_BYTES = 64 * 1024
_WRITE_BUFFER_HIGH_BYTES = 512 * 1024  # above, no more deliveries
_WRITE_BUFFER_LIMIT_BYTES = 8 * 1024 * 1024  # above, nothing more is read from the client either

_CHANNEL_OPEN = commands.Channel.Open.index.to_bytes(4)
_CHANNEL_CLOSE = commands.Channel.Close.index.to_bytes(4)
_CHANNEL_CLOSE_OK = commands.Channel.CloseOk.index.to_bytes(4)


class Connection(asyncio.Protocol):
    """One socket; asyncio calls the methods that asyncio.Protocol documents."""

    def __init__(self, server):
        self.server = server
        self.name = ""  # "client address -> broker address", as RabbitMQ names connections
        self.label = ""  # the name and what the client calls itself: for the log
        self.peer_host, self.peer_port = "", 0  # the client's IP address and port
        self.host, self.port = "", 0  # where it was accepted
        self.user = None  # an access.User, once it has logged in
        self.vhost = None
        self.wants_cancel_notify = False
        self.wants_blocked_notify = False
        self.owned_queues = set()  # exclusive queues
        self.client_properties = {}
        self.auth_mechanism = ""
        self.heartbeat_seconds = 0
        self.connected_at = time.time()
        self.received_octets = self.received_count = 0
        self.sent_octets = self.sent_count = 0
        self.frame_max = server.settings.frame_max
        self.channel_max = server.settings.channel_max
        self.writable = True
        self.is_closing = False
        self.is_blocked = False  # nothing is read, for want of memory
        self._memory = server.memory
        self._loop = asyncio.get_running_loop()
        self._transport = None
        self._reader = frame.FrameReader(self.frame_max)
        self._handshake = handshake.Handshake(self)
        self._channels = {}
        self._closing_channels = set()  # ids whose Channel.CloseOk has not come
        self._frames_left = None  # an iterator, while nothing is read from a client that does not read
        self._output = []
        self._output_size = 0
        self._liveness = Liveness(self, self._loop, server.settings.write_timeout)

    # asyncio.Protocol

    def connection_made(self, transport):
        self._transport = transport
        transport.set_write_buffer_limits(high=_WRITE_BUFFER_HIGH_BYTES)
        self.peer_host, self.peer_port = _address(transport, "peername")
        self.host, self.port = _address(transport, "sockname")
        self.name = f"{self.peer_host}:{self.peer_port} -> {self.host}:{self.port}"
        self.label = self.name
        self.server.connections.add(self)
        self.server.churn.connection_created += 1
        self._liveness.await_login(self.server.settings.handshake_timeout)
        LOG.debug("[connection: %s] accepted", self.label)

    def data_received(self, data):
        self._liveness.heard = True
        self.received_count += 1
        self.received_octets += len(data)
        self._guard(self._handle_data, data)

    def pause_writing(self):
        self.writable = False
        if not self.is_closing:
            self._liveness.await_reader()

    def resume_writing(self):
        self._liveness.reader_is_back()
        if self.is_closing:
            return
        self.writable = True
        for channel in list(self._channels.values()):
            channel.unpark_consumers()
        if self._frames_left is not None:
            self._loop.call_soon(self._resume_reading)

    def connection_lost(self, exc):
        if not self.is_closing:
            LOG.info("[connection: %s] client unexpectedly closed TCP connection", self.label)
        self.is_closing = True
        self.writable = False
        self._liveness.stop()
        self.server.connections.discard(self)
        self.server.churn.connection_closed += 1
        self._release()
        LOG.debug("[connection: %s] closed%s", self.label, f": {exc}" if exc else "")

    # For the other parts of the broker

    @property
    def channels(self):
        """The open channels."""
        return list(self._channels.values())

    @property
    def is_open(self):
        """Whether the handshake has ended, and the connection has not."""
        return self._handshake is None and not self.is_closing

    def write(self, data):
        """Send octets, together with all others of this turn of the event loop."""
        if not self._output:
            self._loop.call_soon(self.flush)
        self._output.append(data)
        self._output_size += len(data)
        if self._output_size > _FLUSH_AT_BYTES:
            self.flush()

    def flush(self):
        if not self._output:
            return
        self._transport.write(b"".join(self._output))
        self.sent_count += 1
        self.sent_octets += self._output_size
        self._output.clear()
        self._output_size = 0
        self._liveness.written = True

    def unsent_octets(self):
        """Return how much of what was written waits here."""
        return self._output_size + self._transport.get_write_buffer_size()

    @property
    def channel_count(self):
        return len(self._channels)

    def unblock(self):
        """There is memory again."""
        if not self.is_blocked:
            return
        self.is_blocked = False
        if self.wants_blocked_notify:
            self.send(commands.Connection.Unblocked())
        self._resume_reading()

    def delivered_octets(self):
        """Return how much of what was written has left for the client."""
        return self.sent_octets - self._transport.get_write_buffer_size()

    def send(self, reply):
        """Send a method of pamqp's on channel 0."""
        self.write(method.encode(0, reply))

    def set_limits(self, frame_max, channel_max, heartbeat_seconds):
        """Take over what the handshake negotiated."""
        self.frame_max = self._reader.frame_max = frame_max
        self.channel_max = channel_max
        self.heartbeat_seconds = heartbeat_seconds
        self._liveness.start_heartbeats(heartbeat_seconds)

    def opened(self):
        """The handshake has ended well."""
        self._liveness.logged_in()
        self._handshake = None

    def close_because(self, error, method_index=b""):
        """Tell the client why its connection ends, and end it when it has answered or does not.

        `method_index` are the four octets that name the method at fault, if a method is.
        """
        if self.is_closing:
            return
        level = logging.DEBUG if error.code == errors.CONNECTION_FORCED else logging.WARNING
        LOG.log(level, "[connection: %s] closing: %s", self.label, error.reply_text)
        self.is_closing = True
        self._release()
        if self._handshake is not None and not self._handshake.may_close(error):
            self.hang_up()
            return
        self.send(
            commands.Connection.Close(
                error.code,
                error.reply_text,
                *_method_ids(b"" if isinstance(error, errors.FrameException) else method_index),
            )
        )
        self._liveness.await_end()

    def hang_up(self):
        """Close the socket after what has been written to it."""
        self.is_closing = True
        self.flush()
        self._transport.close()
        self._liveness.await_end()  # it may never read that

    def abort(self):
        self._transport.abort()

    # Frames

    def _guard(self, handle, *args):
        """Handle what the client sent; whatever is wrong with it, only this connection ends."""
        try:
            handle(*args)
        except errors.ConnectionException as err:
            self.close_because(err)
        except Exception:  # the process's edge: a defect must cost this connection only
            LOG.exception("[connection: %s] failed", self.label)
            self.close_because(errors.internal_error())

    def _handle_data(self, data):
        if self._handshake is not None and not self._handshake.has_header:
            data = self._handshake.take_header(data)
        self._handle_frames(self._reader.frames(data))

    def _handle_frames(self, frames):
        for kind, channel_id, payload in frames:
            # Before the header, for once it is taken the body must be let come: else contents that are cut in half
            # could fill the memory, and none of them ever end.
            if kind == frame.HEADER and self._memory.is_high and not self.is_closing:
                self._pause_reading(itertools.chain([(kind, channel_id, payload)], frames))
                self._block()
                return
            self._handle_frame(kind, channel_id, payload)
            if not self.writable and self._transport.get_write_buffer_size() > _WRITE_BUFFER_LIMIT_BYTES:
                # It asks on without reading the answers.
                self._pause_reading(frames)
                return

    def _pause_reading(self, frames_left):
        """Read nothing more; what has come already waits too."""
        self._frames_left = frames_left
        self._transport.pause_reading()

    def _block(self):
        """There is no memory for what the client publishes."""
        LOG.info("[connection: %s] blocked: low on memory", self.label)
        self.is_blocked = True
        if self.wants_blocked_notify:
            self.send(commands.Connection.Blocked("low on memory"))

    def _resume_reading(self):
        if self._frames_left is None or self.is_blocked or self._transport.is_closing():
            return
        frames, self._frames_left = self._frames_left, None
        self._transport.resume_reading()
        self._guard(self._handle_frames, frames)

    def _handle_frame(self, kind, channel_id, payload):
        if self.is_closing:
            self._handle_frame_while_closing(kind, channel_id, payload)
        elif kind == frame.HEARTBEAT:
            _check_heartbeat(channel_id, payload)
        elif channel_id in self._channels:
            self._handle_channel_frame(self._channels[channel_id], kind, payload)
        elif channel_id == 0:
            self._handle_connection_frame(kind, payload)
        elif self._handshake is not None:
            raise errors.ConnectionException(503, f"channel {channel_id} before connection.open")
        else:
            self._handle_stray_frame(kind, channel_id, payload)

    def _handle_channel_frame(self, channel, kind, payload):
        try:
            if kind == frame.METHOD and payload[:4] == _CHANNEL_CLOSE:
                channel.check_between_messages()
                self._close_channel(channel)
            elif kind == frame.METHOD and payload[:4] == _CHANNEL_OPEN:
                self.close_because(
                    errors.ConnectionException(504, "second 'channel.open' seen"), _CHANNEL_OPEN
                )
            else:
                channel.handle_frame(kind, payload)
        except errors.ChannelException as err:
            self._fail_channel(channel, err)
        except errors.ConnectionException as err:
            self.close_because(err, channel.method_index)

    def _handle_connection_frame(self, kind, payload):
        if kind != frame.METHOD:
            raise errors.FrameException(505, errors.describe_frame(kind, payload))
        request = method.decode_method(payload)
        if isinstance(request, commands.Connection.Close):
            self.is_closing = True
            self._release()
            self.send(commands.Connection.CloseOk())
            self.hang_up()
        elif self._handshake is not None:
            self._continue_handshake(request, payload[:4])
        elif isinstance(request, commands.Connection.UpdateSecret):
            self.send(commands.Connection.UpdateSecretOk())  # passwords here do not run out
        else:
            error = errors.ConnectionException(504, "unexpected method in connection state running")
            self.close_because(error, payload[:4])

    def _continue_handshake(self, request, method_index):
        try:
            self._handshake.handle(request)
        except errors.AuthenticationFailed:
            raise
        except errors.ConnectionException as err:
            self.close_because(err, method_index)

    def _handle_stray_frame(self, kind, channel_id, payload):
        index = payload[:4] if kind == frame.METHOD else b""
        if channel_id in self._closing_channels:
            if index == _CHANNEL_CLOSE:
                self.write(method.encode(channel_id, commands.Channel.CloseOk()))
            elif index == _CHANNEL_CLOSE_OK:
                self._closing_channels.discard(channel_id)
            return
        if index == _CHANNEL_OPEN:
            self._open_channel(channel_id)
        elif kind != frame.METHOD:
            raise errors.no_method()
        else:
            self.close_because(errors.ConnectionException(504, "expected 'channel.open'"), index)

    def _handle_frame_while_closing(self, kind, channel_id, payload):
        if channel_id or kind != frame.METHOD:
            return
        request = method.decode_method(payload)
        if isinstance(request, commands.Connection.Close):
            self.send(commands.Connection.CloseOk())
            self.hang_up()
        elif isinstance(request, commands.Connection.CloseOk):
            self.hang_up()

    # Channels

    def _open_channel(self, channel_id):
        if len(self._channels) >= self.channel_max:  # RabbitMQ counts channels, whatever their numbers
            raise errors.ConnectionException(
                530,
                f"number of channels opened ({self.channel_max}) has reached the negotiated channel_max "
                f"({self.channel_max})",
            )
        self._channels[channel_id] = Channel(self, channel_id)
        self.server.churn.channel_created += 1
        self.write(method.encode(channel_id, commands.Channel.OpenOk()))

    def _close_channel(self, channel):
        del self._channels[channel.id]
        channel.release()
        channel.send(commands.Channel.CloseOk())

    def _fail_channel(self, channel, error):
        LOG.info("[connection: %s] channel %d closed: %s", self.label, channel.id, error.reply_text)
        del self._channels[channel.id]
        self._closing_channels.add(channel.id)
        channel.release()
        channel.send(commands.Channel.Close(error.code, error.reply_text, *_method_ids(channel.method_index)))

    def _release(self):
        """Give back all that the client holds."""
        self.writable = False  # or what one channel gives back would be delivered to the next
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.release()
        for queue in list(self.owned_queues):
            self.vhost.delete_queue(queue)


def _check_heartbeat(channel_id, payload):
    if payload:
        raise errors.frame_error(frame.HEARTBEAT, payload)
    if channel_id:
        raise errors.FrameException(505, errors.describe_frame(frame.HEARTBEAT, payload))


def _address(transport, name):
    """Return (IP address, port); a socket that is gone already has neither."""
    return (transport.get_extra_info(name) or ("unknown", 0))[:2]


def _method_ids(method_index):
    """Return class id and method id of a method's four octets; (0, 0) for none."""
    return int.from_bytes(method_index[:2]), int.from_bytes(method_index[2:4])
