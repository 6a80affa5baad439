"""A backend with a plausible bug: it takes entries with equal identities for equal entries."""

from telltale_spec import AgreementWalArtifact, AgreementWalEntry


class IdempotentWal:
    def __init__(self) -> None:
        self.entries: list[AgreementWalEntry] = []
        self.identities: set[str] = set()

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.entries, entry)).validate_monotonic_escalations()
        if entry.stable_identity() not in self.identities:
            self.identities.add(entry.stable_identity())
            self.entries.append(entry)

    def read_since(self, tick: int) -> list[AgreementWalEntry]:
        return [entry for entry in self.entries if entry.tick > tick]

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries))
