"""The direction lock: what no plan may hold, whoever made it and whatever the settings say.

Behind it stands the lock of the writing clients, which knows bytes instead of changes.

Source:
    DESIGN 8, 6: no opt-in, no deletion, merge, block, launch or anonymisation.
"""

# No `from __future__ import annotations` here: singledispatch reads these annotations.

from collections.abc import Iterable
from functools import singledispatch

from auditor.config import Settings
from auditor.config.systems import CONTACT_FIELDS
from auditor.errors import ForbiddenWriteError
from auditor.model.plan import (
    OPTED_OUT,
    CatalogueCells,
    Change,
    ContactFields,
    EventFiring,
    ListMember,
    NewContact,
    NewsletterFlag,
    SalesLines,
)


def require_lawful(changes: Iterable[Change], settings: Settings) -> None:
    """Return when every change, and the undo of each, may be made.

    Raises:
        ForbiddenWriteError: one may not; nothing of the plan is sent.
    """
    for change in changes:
        for request in (change.request, change.undo):
            if request is not None and not _is_lawful(request, settings):
                raise ForbiddenWriteError(
                    f"The plan holds a change that is never made ({change.id}, {change.remedy}); "
                    "nothing of it was sent."
                )


@singledispatch
def _is_lawful(_request: object, _settings: Settings) -> bool:
    """Allow nothing that is not named below."""
    return False


@_is_lawful.register
def _(request: ContactFields, settings: Settings) -> bool:
    """Allow opting out, and the fields that the settings map; Emarsys owns the subscription status."""
    opt_in, mapped = _opt_in_fields(settings), _mapped_fields(settings)
    return bool(request.set) and all(
        value == OPTED_OUT if field in opt_in else field in mapped
        for field, value in request.set.items()
    )


@_is_lawful.register
def _(request: NewContact, settings: Settings) -> bool:
    fields = {request.key_field, *request.set}
    return fields <= _mapped_fields(settings) - _opt_in_fields(settings)


@_is_lawful.register
def _(request: ListMember, settings: Settings) -> bool:
    return request.list_name == settings.emarsys.quarantine_list


@_is_lawful.register
def _(request: NewsletterFlag, settings: Settings) -> bool:
    return request.opt_in == OPTED_OUT and request.opt_in_field in _opt_in_fields(settings)


@_is_lawful.register
def _(request: CatalogueCells, settings: Settings) -> bool:
    """Allow the columns that the auditor compares; an item is never added, renamed or taken away."""
    catalogue = settings.emarsys.catalogue
    columns = {"title", "category", "available", "price", "msrp"}
    columns |= set(settings.catalogue.own_columns.values())
    is_pushed = catalogue is not None and catalogue.push
    return is_pushed and bool(request.set) and set(request.set) <= columns


@_is_lawful.register
def _(request: EventFiring, settings: Settings) -> bool:
    is_ours = request.event in settings.emarsys.events.values()
    return bool(request.trigger_id) and is_ours and request.key_field in _mapped_fields(settings)


@_is_lawful.register
def _(request: SalesLines, settings: Settings) -> bool:
    return bool(request.lines) and settings.emarsys.sales is not None


def _mapped_fields(settings: Settings) -> set[str]:
    """Return the fields that the settings name: of another nothing could be read back."""
    return {*settings.emarsys.field_names}


def _opt_in_fields(settings: Settings) -> set[str]:
    """Return the field that every account has, and the one that the settings name."""
    return {str(CONTACT_FIELDS["opt_in"]), str(settings.emarsys.fields["opt_in"])}
