"""The values that one slot of a meter may have, by acknowledged writes, unknown ones and answers. Pure."""

from dataclasses import dataclass, field

from infra.drills.history.operations import Amount, Operation

NOTHING: frozenset[Amount] = frozenset({None})


@dataclass(slots=True)
class SlotState:
    """``certain``: what may be there by what is known; one value, or several after an unknown write.

    ``late``: what an unknown write may still leave there, and until when (seconds): its function may be at work.
    ``by``: the operation that says it.
    """

    certain: frozenset[Amount] = NOTHING
    late: dict[Amount, float] = field(default_factory=dict)
    by: Operation | None = None

    @property
    def possible(self) -> frozenset[Amount]:
        """Everything that an answer may show."""
        return self.certain.union(self.late) if self.late else self.certain

    def written(self, amount: Amount, write: Operation) -> None:
        """A write was acknowledged: what was to come before it began has come, or never will."""
        self.late = {value: until for value, until in self.late.items() if until >= write.began}
        self.certain = frozenset({amount})
        self.by = write

    def doubted(self, amount: Amount, until: float) -> None:
        """Nobody knows what became of a write."""
        self.late[amount] = until

    def seen(self, amount: Amount, read: Operation) -> bool:
        """An answer shows what is there; returns whether that may be. What may not be changes nothing."""
        if self.late:
            over = [value for value, until in self.late.items() if until < read.began]
            self.certain = self.certain.union(over)
            for value in over:
                del self.late[value]
        if amount not in self.certain and amount not in self.late:
            return False
        if len(self.certain) > 1 or amount not in self.certain:
            self.certain, self.by = frozenset({amount}), read
        return True
