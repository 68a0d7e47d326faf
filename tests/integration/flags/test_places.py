"""Where a deployment keeps people's ids: every place is gone through, on a real database."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pymongo.database import Database

from chalicelib.bootstrap.container import FlagAdapters, flag_operations
from chalicelib.bootstrap.places import dead_letters, places
from chalicelib.dead_letters import client
from chalicelib.flags.appconfig.deployment import Waiting
from chalicelib.flags.changes.patch import FlagPatch
from chalicelib.repositories.flag_changes import MongoFlagHistory
from tests.fakes.dead_letters import Place
from tests.unit.flags.rollout import REQUEST, TABLE, Rollout

GONE = "auth0|gone"


def test_an_erasure_leaves_the_id_in_none_of_them(migrated: Database[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    rollout, history = Rollout(), MongoFlagHistory(migrated)
    store = rollout.flags.overview.store
    new_store = rollout.flags.changes.publishing.new_store
    waiting = Waiting(lambda: rollout.appconfig.now, rollout.appconfig.pass_time)
    adapters = FlagAdapters(store, new_store, rollout.home, rollout.home, waiting)
    overview = rollout.flags.overview
    records = replace(rollout.records, history=history)
    flags = flag_operations(adapters, overview.decisions, records, rollout.gate, rollout.now)
    for users in ((GONE, "bob"), ("carol",)):
        flags.changes.set(TABLE, FlagPatch(test_users=users), replace(REQUEST, reason=f"{GONE} asked for it"))
    client.sqs.cache_clear()
    with mock_aws():
        place = Place(boto3.client("sqs", "us-east-1"))
        place.send(f'{{"userId": "{GONE}"}}')
        found = (*places(migrated, adapters, rollout.now), dead_letters(place.url))
        assert {kept.name: kept.forget(GONE, lambda: 60.0) for kept in found} == {
            "lists of the flags": 1,
            "old versions of the flags": 2,
            "records of operators": 2,
            "dead letters": 1,
        }
        assert [kept.forget(GONE, lambda: 60.0) for kept in found] == [0, 0, 0, 0]
        assert place.ids() == set()
    client.sqs.cache_clear()
    assert GONE not in str([*migrated["flag_changes"].find()])
    assert GONE not in str((rollout.appconfig.versions, rollout.appconfig.deployments))
    assert rollout.table().test_user_ids == ("bob", "carol")
