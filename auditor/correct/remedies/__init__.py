"""Remedies by name: one function each, from a finding to what is done about it."""

from auditor.correct.remedies import catalogue, consent, fulfilment, identity, sales
from auditor.correct.remedies.remedy import REMEDIES, Case, Left, Outcome

__all__ = ["REMEDIES", "Case", "Left", "Outcome", "catalogue", "consent", "fulfilment"]
__all__ += ["identity", "sales"]
