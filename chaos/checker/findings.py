"""What a comparison found."""

from dataclasses import dataclass, field


@dataclass
class Findings:
    """Each entry names what is wrong."""

    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ledger: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.doubled or self.lost or self.ledger)
