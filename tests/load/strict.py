"""Judging answers: only what was asked for, or a refusal that the application states, counts as an answer."""

import json

from chalicelib.api.errors import PROBLEM_TYPE
from infra.drills.api import Reply, Sent, Transport

LATER = {429, 503}


class Strict:
    """A transport that notes what should not have come. ``unexpected`` is filled by many threads."""

    def __init__(self, transport: Transport) -> None:
        self.unexpected: list[str] = []
        self.refused_for_now = 0
        self._transport = transport

    def __call__(self, sent: Sent) -> Reply | None:
        """Pass a request on."""
        reply = self._transport(sent)
        if not is_stated(sent, reply):
            said = "no answer" if reply is None else f"{reply.status} {reply.body.decode(errors='replace')[:200]}"
            self.unexpected.append(f"{sent.method} {sent.path.partition('?')[0]}: {said}")
        elif reply is not None and reply.status in LATER:
            self.refused_for_now += 1
        return reply


def is_stated(sent: Sent, reply: Reply | None) -> bool:
    """Whether it is an answer, or a refusal with its type: of version 1 with its text; "later" says when."""
    if reply is None:
        return False
    if reply.status < 400:
        return True
    if reply.status in LATER:
        return "retry-after" in reply.headers and _has_type(sent, reply)
    return reply.status < 500 and _has_type(sent, reply)


def _has_type(sent: Sent, reply: Reply) -> bool:
    try:
        body = json.loads(reply.body)
    except ValueError:
        return False
    if sent.path.startswith("/v1/"):
        return bool(body.get("error"))
    return str(body.get("type", "")).startswith(PROBLEM_TYPE)
