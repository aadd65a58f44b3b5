"""Every exception the auditor raises, grouped by what the caller does next.

    AuditorError
    |-- ConfigError               fix the settings, the environment or the command line   exit 2
    |   `-- StoreError            a store is unreachable, locked or of another version    exit 2
    |       `-- HeldError         another process holds the warehouse: wait, or read its copy     exit 2
    |-- ReadError                 a system could not be read                              exit 3
    |   |-- TransientReadError    retried; raised when the retries are spent              exit 3
    |   |-- RefusedError          credentials, permission or address: fix the settings    exit 2
    |   |-- SchemaDriftError      an answer is not of the agreed shape                    exit 3
    |   |-- IncompleteSnapshotError   a stream ended before its end                       exit 3
    |   `-- AbsentError           a stream that this account does not have: it is off     exit 3
    |-- UnsafePlanError           a person must raise a limit or make a new plan          exit 4
    |   |-- StalePlanError        digest, expiry or snapshot no longer match              exit 4
    |   |-- StoppedError          the kill switch, the window or a lost lease             exit 4
    |   `-- ForbiddenWriteError   a request that the auditor never sends                  exit 4
    |-- MachineError              our own disk, memory or store failed in the middle: mend it       exit 3
    |-- MissedError             what was planned was not done while it was of use         exit 3
    |-- ApplyError                a change failed; the receipts so far are in the ledger  exit 4
    `-- EndedError                the service has to end before the work is done          exit 130

A finding is a value, never an exception: an exception means that the audit could not do its job.
"""

from __future__ import annotations


class AuditorError(Exception):
    """Something kept the auditor from doing its job; the message is one sentence for a person."""

    exit_code = 2


class ConfigError(AuditorError):
    """The settings, the environment or the command line are wrong; nothing was read or written."""


class StoreError(ConfigError):
    """A store cannot be opened: unreachable, locked by another process, or of another version."""


class HeldError(StoreError):
    """Another process holds the file of the warehouse, which only one may."""


class ReadError(AuditorError):
    """A system could not be read; what was read so far is kept."""

    exit_code = 3


class TransientReadError(ReadError):
    """A fault that may pass: time-outs, 429, 5xx, a cut body. Raised once the retries are spent."""


class RefusedError(ReadError):
    """The system understood and refused: a dead token, a missing permission, a wrong address."""

    exit_code = 2


class SchemaDriftError(ReadError):
    """An answer is not of the shape the reference describes."""


class IncompleteSnapshotError(ReadError):
    """A stream ended before its end: a repeated cursor, a total that does not match."""


class AbsentError(ReadError):
    """A stream that an account need not have, and does not have; the snapshot calls it off."""


class MachineError(AuditorError):
    """The auditor's own machine failed in the middle: a full disk, a damaged file. What was written stands."""

    exit_code = 3


class UnsafePlanError(AuditorError):
    """A plan is over a limit or holds what may never be sent; a person has to decide."""

    exit_code = 4


class StalePlanError(UnsafePlanError):
    """A plan no longer fits: other digest, expired, or made from a superseded snapshot."""


class StoppedError(UnsafePlanError):
    """Writing had to stop before a request: the kill switch, the window, or another writer."""


class ForbiddenWriteError(UnsafePlanError):
    """A request that the auditor never sends, whoever asks for it: it was stopped before the network."""


class MissedError(AuditorError):
    """Something was planned for a time at which nothing ran; to do it now is of no use."""

    exit_code = 3


class ApplyError(AuditorError):
    """A change failed; the ledger holds the receipts of those before it."""

    exit_code = 4


class EndedError(AuditorError):
    """The work was asked to end before it was done; it goes on from there the next time."""

    exit_code = 130
