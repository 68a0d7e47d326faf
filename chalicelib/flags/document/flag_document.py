"""The flag document: all flags, as JSON in AppConfig and back.

A flag that cannot be read is set apart with the reason, and the others count. Names that no flag has are kept as they
are: they decide nothing here, and a rollback must not fail because of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256
from typing import Any

from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.flags.document.feature_codec import MalformedFlagError, feature_of, flag_of
from chalicelib.flags.document.flag import Flag
from chalicelib.flags.document.names import FLAGS


class MalformedDocumentError(EnergyMonitorError):
    """Raised for a document that is no JSON object of features."""


@dataclass(frozen=True, slots=True)
class FlagDocument:
    """The flags of one document. ``malformed``: what is wrong with those that cannot be read, ``tombstones``: which of
    these say that they are retired.

    ``version`` is a digest of the content, so that a function and an operator name the same document the same way.
    """

    flags: Mapping[str, Flag]
    malformed: Mapping[str, str] = field(default_factory=dict)
    tombstones: frozenset[str] = frozenset()
    unknown: Mapping[str, Any] = field(default_factory=dict)
    version: str = ""

    @property
    def retired(self) -> frozenset[str]:
        """Names that may never be used again."""
        foreign = {name for name, feature in self.unknown.items() if isinstance(feature, dict) and "retired" in feature}
        buried = self.tombstones - self.flags.keys()
        return frozenset(foreign | buried | {name for name, flag in self.flags.items() if flag.retired})

    def flag(self, name: str, now: int) -> Flag:
        """A flag; what is missing or malformed decides "old" already, and becomes one that is off."""
        return self.flags.get(name) or Flag(name, now, now, retired=name in self.retired)

    def with_flags(self, *changed: Flag) -> "FlagDocument":
        """The document with these flags in place of the ones before, malformed or not."""
        flags = {**self.flags, **{flag.name: flag for flag in changed}}
        malformed = {name: problem for name, problem in self.malformed.items() if name not in flags}
        ordered = {name: flags[name] for name in FLAGS if name in flags}
        return replace(self, flags=ordered, malformed=malformed, version="")

    def completed(self, now: int) -> "FlagDocument":
        """The document with every flag there is."""
        return self.with_flags(*(self.flag(name, now) for name in FLAGS))


# Who waits for a change sees the same document again with each look: what was read of the last ones is kept.
@lru_cache(maxsize=4)
def read(content: bytes) -> FlagDocument:
    """The document in its JSON form. Raises MalformedDocumentError."""
    flags: dict[str, Flag] = {}
    malformed: dict[str, str] = {}
    features = _features(content)
    for name in FLAGS:
        if name in features:
            try:
                flags[name] = flag_of(name, features[name])
            except MalformedFlagError as error:
                malformed[name] = str(error)
    tombstones = frozenset(name for name in malformed if _is_tombstone(features[name]))
    unknown = {name: feature for name, feature in features.items() if name not in FLAGS}
    return FlagDocument(flags, malformed, tombstones, unknown, version_of(content))


def written(document: FlagDocument) -> bytes:
    """The document in the form that is deployed. A malformed flag has no form: replace it first."""
    features = {name: feature_of(flag) for name, flag in document.flags.items()}
    return json.dumps({**features, **document.unknown}, indent=1, ensure_ascii=False).encode()


def version_of(content: bytes) -> str:
    """What a document is called, by its content."""
    return sha256(content).hexdigest()[:12]


def _is_tombstone(feature: Any) -> bool:
    return isinstance(feature, dict) and bool(feature.get("retired"))


def _features(content: bytes) -> dict[str, Any]:
    try:
        features = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedDocumentError(f"the flag document is not JSON: {error}"[:300]) from error
    if not isinstance(features, dict):
        raise MalformedDocumentError(f"the flag document is a JSON {type(features).__name__}, not an object of flags")
    return features
