"""A network between the application and MongoDB that can go silent: bytes are swallowed, nothing is closed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 65_536


class Line:
    """One connection through the proxy; a dead one never carries anything again."""

    def __init__(self, near: socket.socket, far: socket.socket) -> None:
        self.dead = False
        self.ends = (near, far)
        for source, target in (self.ends, self.ends[::-1]):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if not self.dead:
                    target.sendall(data)
            if not self.dead:
                target.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for end in self.ends:
            end.close()


class SilentNetwork:
    """A proxy on loopback to a server's port."""

    def __init__(self, server_port: int) -> None:
        self._server = ("127.0.0.1", server_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[Line] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where to connect to."""
        return int(self._listener.getsockname()[1])

    def lose_connections(self) -> None:
        """As after a freeze: what was open carries nothing any more, without an error; what is new works."""
        for line in self._lines:
            line.dead = True

    def close(self) -> None:
        self._listener.close()
        for line in self._lines:
            line.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._lines.append(Line(near, socket.create_connection(self._server)))


@contextmanager
def silent_network(server_port: int) -> Iterator[SilentNetwork]:
    """A proxy for as long as the block runs."""
    network = SilentNetwork(server_port)
    try:
        yield network
    finally:
        network.close()
