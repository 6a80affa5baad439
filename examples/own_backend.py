"""A backend of one's own: an append-only log, one CBOR entry a line, in hexadecimal."""

from pathlib import Path

from conformance import declares
from telltale_spec import AgreementWalArtifact, AgreementWalEntry, decode, encode


class LinesWal:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.touch()

    def append(self, entry: AgreementWalEntry) -> None:
        AgreementWalArtifact((*self.load().entries, entry)).validate_monotonic_escalations()
        with self.path.open("a") as file:
            file.write(encode(entry).hex() + "\n")

    def read_since(self, tick: int) -> tuple[AgreementWalEntry, ...]:
        return self.load().read_since(tick)

    def load(self) -> AgreementWalArtifact:
        lines = self.path.read_text().splitlines()
        entries = [decode(AgreementWalEntry, bytes.fromhex(line)) for line in lines]
        return AgreementWalArtifact(tuple(entries))


@declares("reopen", "exact-messages")
def make_wal(directory: Path) -> LinesWal:
    return LinesWal(directory / "log.txt")
