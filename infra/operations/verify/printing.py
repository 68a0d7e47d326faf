"""Printing a comparison of both sides and the display, and the documents that no reader can use."""

from chalicelib.domain.backends.sync_mode import Side, SyncMode
from chalicelib.domain.meters.walks import UnreadableDocument, Verification
from infra.operations.printing import FINDINGS_SHOWN, console, counted, print_comparison, printable

COLLECTIONS = {Side.OLD: "energies", Side.NEW: "source_energy_readings"}


def print_verification(seen: Verification, limit: int = FINDINGS_SHOWN) -> None:
    """A comparison of both sides and the display, for people."""
    print_comparison(seen, limit)
    _print_unreadable(seen)
    if seen.mode is not SyncMode.DUAL_WRITE:
        console.print(f"the mode is {seen.mode}: one side rests, so the sides were not compared")


def _print_unreadable(seen: Verification) -> None:
    """What no reader can use, on both sides: it stays where it is until somebody corrects it."""
    unreadable = seen.unreadable
    if not unreadable.count:
        return
    for document in unreadable.documents:
        console.print(printable(_unreadable_line(document)), markup=False)
    console.print(
        f"{counted(unreadable.count, 'unreadable document')}, the first {len(unreadable.documents)} are named; "
        f"correct them where they are, then: python -m infra sync{_or_from_copies(seen)}"
    )


def _or_from_copies(seen: Verification) -> str:
    """The other way, where the old side is damaged and the new one has good copies."""
    copies = any(each.twin and each.collection == "energies" for each in seen.unreadable.documents)
    if seen.mode is not SyncMode.DUAL_WRITE or not copies:
        return ""
    return "; or look at what the good copies would mend: python -m infra repair --from new"


def _unreadable_line(document: UnreadableDocument) -> str:
    owner = f"user {document.user}" if document.user else "no user"
    copy = f"good copy: {document.twin}" if document.twin else "there is no good copy"
    return f"{document.collection} {document.document} ({owner}): {document.problem}; {copy}"
