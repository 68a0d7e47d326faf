"""Makes processes of functions in a moment: a process that has imported everything forks one for each connection.

``python -m infra.drills.history.in_process.process_source SOCKET URI DATABASE``: listens at a Unix socket until its
standard input ends. The first line of a connection says how its process is: ``held`` is the share of writes that are
held up, ``fault`` (``module:function`` or null) is called first: a test plants it. Then a line of JSON is a message, a
line comes back. No thread and no connection to the database is there before a fork.
"""

import json
import os
import selectors
import signal
import socket
import sys
from importlib import import_module

from chalicelib.monitoring.logger import logger
from infra.drills.history.in_process.function_process import FunctionProcess


def main(address: str, uri: str, database: str) -> None:
    """Fork a process for each connection until standard input ends."""
    logger().setLevel("CRITICAL")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(address)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in selector.select()):
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _serve(connection, uri, database)
                os._exit(0)
            connection.close()


def _serve(connection: socket.socket, uri: str, database: str) -> None:
    with connection, connection.makefile("rwb") as stream:
        how = json.loads(stream.readline())
        if how["fault"] is not None:
            module, _, name = how["fault"].partition(":")
            getattr(import_module(module), name)()
        function = FunctionProcess(uri, database, how["held"])
        stream.write(f"{os.getpid()}\n".encode())
        stream.flush()
        for line in stream:
            stream.write(json.dumps(function.answer(json.loads(line))).encode() + b"\n")
            stream.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
