"""Free and taken ports."""

import os
import socket

import pytest

from infra.errors import OperatorError
from infra.local.processes.ports import HOST, _another, free_ports, is_free, require_free


def test_free_ports_are_distinct_and_free() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    require_free({str(port): port for port in ports})


def test_the_port_proposed_instead_is_one() -> None:
    assert (_another(3100), _another(65_500)) == (3200, 65_400)


def test_a_taken_port_is_refused_with_its_holder_and_the_way_out() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(OperatorError, match=rf"Port {port} \(api\) is taken.*{os.getpid()}.*API_PORT="):
            require_free({"api": port})
