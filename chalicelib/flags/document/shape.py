"""The shape of a flag document: which features and rules it has, whatever people and percentages they say."""

from hashlib import sha256

from chalicelib.domain.json.canonical import canonical_bytes
from chalicelib.flags.document.flag_document import FlagDocument


def shape_of(document: FlagDocument) -> str:
    """A digest of the document without percentages, lists and times.

    A flag that is off, missing or malformed is as one at 0 %. Of what no flag of ours is, only the name counts: it
    decides nothing here.
    """
    said = {"retired": sorted(document.retired - document.unknown.keys()), "unknown": sorted(document.unknown)}
    return sha256(canonical_bytes(said)).hexdigest()[:12]
