"""What the services need from the outside, as Protocols. Adapters: ``chalicelib.repositories``, ``chalicelib.events``;
fakes: ``infra/simulation/memory``.
"""
