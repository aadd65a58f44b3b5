"""What the engine needs of a kind of request: to see its targets, and to send it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.correct.applying.journal import Receipt
    from auditor.model.plan import Change

Place: TypeAlias = Literal["before", "after", "sent", "other"]
Fate: TypeAlias = Literal["sent", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the target of a change stands.

    Attributes:
        place: `before`: as the change expects it. `after`: as the change would leave it. `sent`: what it
            sends was sent, and cannot be seen yet. `other`: the change no longer fits.
        note: Why it is `other`, in our words.
    """

    place: Place
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of one request.

    Attributes:
        fate: `sent`: it was taken. `failed`: nothing of it happened. `unknown`: only reading can tell.
        note: Why it failed, in our words.
        is_refusal: Credentials or permissions were refused: everything that follows would be too.
    """

    fate: Fate
    note: str | None = None
    is_refusal: bool = False


Asked = TypeVar("Asked")


def request_of(change: Change, kind: type[Asked]) -> Asked:
    """Return the request of a change, which is of this kind: the engine sorts changes by it."""
    assert isinstance(change.request, kind)  # noqa: S101 - see above
    return change.request


BEFORE, AFTER = Sight("before"), Sight("after")
SENT = Sending("sent")


class Writer(Protocol):
    """Reads and writes the targets of one kind of request."""

    @property
    def at_once(self) -> int:
        """Return how many changes one call may hold."""

    @property
    def shows_later(self) -> bool:
        """Return whether what is sent can be seen only some hours later."""

    @property
    def may_repeat(self) -> bool:
        """Return whether a request whose fate is unknown may be sent once more."""

    def look(self, changes: Sequence[Change]) -> Sequence[Sight]:
        """Return where the target of each change stands now.

        Raises:
            ReadError: a system does not tell.
            ConfigError: a system cannot be opened.
        """

    def send(self, changes: Sequence[Change]) -> Sequence[Sending]:
        """Send the changes, whose intents are committed; return what became of each.

        Raises:
            StoppedError: nothing may be sent any more; what was not sent yet was not.
            ForbiddenWriteError: the lock does not let it through; nothing was sent.
        """

    def shown(
        self, changes: Sequence[Change], receipts: Mapping[str, Receipt]
    ) -> Sequence[Sight | None]:
        """Return of changes that show later whether they do; None where nothing can be said yet.

        Raises:
            ReadError: a system does not tell.
        """


class SeenAtOnce(ABC):
    """A writer whose changes can be read back at once, and whose repetition changes nothing."""

    shows_later, may_repeat = False, True

    @abstractmethod
    def look(self, changes: Sequence[Change]) -> list[Sight]:
        """Return where the target of each change stands now."""

    def shown(
        self, changes: Sequence[Change], _receipts: Mapping[str, Receipt]
    ) -> list[Sight | None]:
        """Return what can be seen at once."""
        return list(self.look(changes))
