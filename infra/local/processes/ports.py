"""Ports of this machine: finding free ones, and who holds the others."""

import socket

import psutil

from infra.errors import OperatorError
from infra.local.layout import HIGHEST_PORT

HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Return distinct ports that nobody holds right now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    try:
        return [int(open_socket.getsockname()[1]) for open_socket in sockets]
    finally:
        for open_socket in sockets:
            open_socket.close()


def require_free(ports: dict[str, int]) -> None:
    """Raise OperatorError for the first taken port; ``ports`` maps what it is for (``api``) to its number."""
    for purpose, port in ports.items():
        if not is_free(port):
            raise OperatorError(
                f"Port {port} ({purpose}) is taken{_holder(port)}. "
                f"End that program, or choose another port: make up {purpose.upper()}_PORT={_another(port)}"
            )


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now. Raises OperatorError where this user never may."""
    try:
        socket.create_server((HOST, port)).close()
    except PermissionError:
        raise OperatorError(f"Port {port} is for the system's own programs: choose one above 1023.") from None
    except OSError:
        return False
    return True


def _another(port: int) -> int:
    return port + 100 if port + 100 <= HIGHEST_PORT else port - 100


def _holder(port: int) -> str:
    try:
        listening = [found for found in psutil.net_connections("tcp") if found.status == psutil.CONN_LISTEN]
    except psutil.AccessDenied:  # macOS answers only root
        return ""
    for found in listening:
        if found.laddr and found.laddr.port == port and found.pid:
            return f" by {psutil.Process(found.pid).name()} (process {found.pid})"
    return ""
