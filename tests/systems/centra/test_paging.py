"""A list is read to its end, or the reader says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from auditor.errors import IncompleteSnapshotError, RefusedError, SchemaDriftError
from auditor.systems.centra.client import CentraClient
from auditor.systems.centra.notes import Notes
from auditor.systems.centra.paging import Reader
from auditor.systems.centra.people import CUSTOMERS
from auditor.systems.centra.places import STORES
from tests.systems.centra.fake import Answer, FakeCentra, connection, tenant_of
from tests.systems.centra.samples import customer, store

if TYPE_CHECKING:
    from auditor.model.stream import Page
    from auditor.systems.centra.listing import Source

NO_CONNECTION = ("Query.customerConnection",)


def three_pages(**options: Any) -> FakeCentra:
    rows = [customer(number) for number in range(1, 501)]
    return FakeCentra(rows={"customers": rows}, **options)


def read(fake: FakeCentra, source: Source[Any] = CUSTOMERS) -> list[Page]:
    return list(Reader(source, tenant_of(fake)).pages())


def ids(pages: list[Page]) -> list[str]:
    return [
        row for page in pages for row in page.tables["centra_customer"]["customer_id"].to_pylist()
    ]


def every_id() -> list[str]:
    return [str(number) for number in range(1, 501)]


def page_of(answer: Answer) -> Any:
    return answer["data"]["page"]


@pytest.mark.parametrize("absent", [(), NO_CONNECTION], ids=["connection", "plain"])
def test_every_row_is_read_once(absent: tuple[str, ...]):
    assert ids(read(three_pages(absent=absent))) == every_id()


@pytest.mark.parametrize("absent", [(), NO_CONNECTION], ids=["connection", "plain"])
def test_an_empty_list_is_read_to_its_end(absent: tuple[str, ...]):
    assert ids(read(FakeCentra(absent=absent))) == []


def test_a_page_says_how_many_rows_it_held_and_how_many_there_are():
    assert [(page.rows, page.total) for page in read(three_pages())] == [
        (200, 500),
        (200, 500),
        (100, 500),
    ]


def test_a_plain_list_is_read_to_a_short_page_with_nothing_behind():
    fake = three_pages(absent=NO_CONNECTION)
    read(fake)
    assert [v["page"] for v in fake.variables if "page" in v] == [1, 2, 3]
    assert "page: 501," in next(text for text in fake.queries if "boundaries" in text)


def test_a_list_is_read_in_an_order_that_the_tenant_has():
    fake = three_pages()
    read(fake)
    assert all("sort: [id_ASC]" in text for text in fake.asked("customerConnection"))


def test_a_list_without_that_order_is_read_without():
    fake = FakeCentra(rows={"stores": [store(1)]})
    read(fake, STORES)
    assert not any("sort" in text for text in fake.asked("stores"))


def test_a_tenant_without_the_list_is_told():
    fake = FakeCentra(absent=("Query.stores",))
    with pytest.raises(SchemaDriftError, match=r"^Centra has no list of stores\.$"):
        read(fake, STORES)


def repeat_page(_: Answer) -> Answer:
    rows = [customer(number) for number in range(1, 201)]
    return {"data": {"page": connection(rows, total=500, cursor="other", more=True)}}


def repeat_cursor(answer: Answer) -> Answer:
    page_of(answer)["pageInfo"]["endCursor"] = "200"
    return answer


def shrink(answer: Answer) -> Answer:
    page_of(answer)["totalCount"] = 499
    return answer


def lose_rows(answer: Answer) -> Answer:
    del page_of(answer)["edges"][50:]
    return answer


def lose_cursor(answer: Answer) -> Answer:
    page_of(answer)["pageInfo"]["endCursor"] = None
    return answer


def end_early(answer: Answer) -> Answer:
    page_of(answer)["pageInfo"]["hasNextPage"] = False
    return answer


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (repeat_page, "Centra's list of customers repeated a page."),
        (repeat_cursor, "Centra's list of customers gave the same cursor twice."),
        (lose_rows, "Centra's list of customers promised 500 records and gave 350."),
        (lose_cursor, "Centra's list of customers says that it goes on, but not where."),
        (end_early, "Centra's list of customers promised 500 records and gave 400."),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_connection_that_goes_wrong_is_incomplete(spoil: Any, sentence: str):
    with pytest.raises(IncompleteSnapshotError) as caught:
        read(three_pages(spoil={2: spoil}))
    assert str(caught.value) == sentence


def test_what_was_read_before_a_fault_is_kept():
    reader = Reader(CUSTOMERS, tenant_of(three_pages(spoil={3: repeat_page})))
    kept: list[Page] = []
    with pytest.raises(IncompleteSnapshotError):
        kept.extend(reader.pages())
    assert [page.rows for page in kept] == [200, 200]


def test_a_plain_list_that_repeats_a_page_is_incomplete():
    def repeat(_: Answer) -> Answer:
        return {"data": {"page": [customer(number) for number in range(1, 201)]}}

    with pytest.raises(IncompleteSnapshotError, match="repeated a page"):
        read(three_pages(absent=NO_CONNECTION, spoil={2: repeat}))


def test_a_plain_list_that_cuts_a_page_is_incomplete():
    def cut(answer: Answer) -> Answer:
        del page_of(answer)[150:]
        return answer

    with pytest.raises(IncompleteSnapshotError, match="cut a page short"):
        read(three_pages(absent=NO_CONNECTION, spoil={2: cut}))


def cut(answer: Answer) -> Answer:
    del page_of(answer)[50:]
    return answer


def empty(answer: Answer) -> Answer:
    page_of(answer).clear()
    return answer


@pytest.mark.parametrize("spoil", [cut, empty])
def test_rows_that_a_last_page_withheld_once_are_read(spoil: Any):
    assert ids(read(three_pages(absent=NO_CONNECTION, spoil={3: spoil}))) == every_id()


@pytest.mark.parametrize(
    ("spoil", "sentence"), [(cut, "repeated a page"), (empty, "withholds rows at its end")]
)
def test_rows_that_a_last_page_withholds_make_a_plain_list_incomplete(spoil: Any, sentence: str):
    spoiled = dict.fromkeys(range(3, 20), spoil)
    with pytest.raises(IncompleteSnapshotError, match=sentence):
        read(three_pages(absent=(*NO_CONNECTION, "Counters.customers"), spoil=spoiled))


def test_a_plain_list_is_held_against_the_counter_of_the_tenant():
    with pytest.raises(IncompleteSnapshotError, match="promised 501 records and gave 500"):
        read(three_pages(absent=NO_CONNECTION, counter=501))


def test_a_counter_of_another_shape_is_drift():
    fake = three_pages(absent=NO_CONNECTION, counter="many")
    with pytest.raises(SchemaDriftError, match="counts in another shape"):
        read(fake)


def test_a_connection_without_rows_in_its_schema_is_drift():
    with pytest.raises(SchemaDriftError, match=r"no field CustomerConnection\.edges"):
        read(three_pages(absent=("CustomerConnection.edges",)))


@pytest.mark.parametrize("missing", ["Query.counters", "Counters.customers"])
def test_a_tenant_without_a_counter_is_not_asked_for_it(missing: str):
    fake = three_pages(absent=(*NO_CONNECTION, missing))
    assert ids(read(fake)) == every_id()
    assert not any("counters" in text for text in fake.queries if "__schema" not in text)


def test_rows_that_come_twice_are_kept_once():
    def overlap(answer: Answer) -> Answer:
        page_of(answer)["edges"].insert(0, {"node": customer(200)})
        return answer

    assert ids(read(three_pages(spoil={2: overlap}))) == every_id()


def test_a_row_that_comes_behind_the_cursor_is_read_by_a_second_pass():
    fake = three_pages()

    def touch(answer: Answer) -> Answer:
        fake.rows["customers"].insert(0, customer(0))
        return answer

    fake.spoil[1] = touch
    assert sorted(map(int, ids(read(fake)))) == list(range(501))


@pytest.mark.parametrize("absent", [(), NO_CONNECTION], ids=["connection", "plain"])
@pytest.mark.parametrize("gone", [1, 300])
def test_a_list_from_which_a_row_is_deleted_meanwhile_is_read_once_more(
    gone: int, absent: tuple[str, ...]
):
    fake = three_pages(absent=absent)

    def delete(answer: Answer) -> Answer:
        fake.rows["customers"] = [row for row in fake.rows["customers"] if row["id"] != gone]
        return answer

    fake.spoil[1] = delete
    assert set(ids(read(fake))) >= {*every_id()} - {str(gone)}


def test_a_list_that_shrinks_whenever_it_is_read_is_incomplete():
    spoil = dict.fromkeys((2, 4, 6), shrink)
    with pytest.raises(IncompleteSnapshotError) as caught:
        read(three_pages(spoil=spoil))
    sentence = "Centra's list of customers shrank from 500 to 499 while it was read."
    assert str(caught.value) == sentence


def test_a_plain_list_that_changes_whenever_it_is_read_is_incomplete():
    fake = three_pages(absent=NO_CONNECTION)

    def delete(answer: Answer) -> Answer:
        del fake.rows["customers"][0]
        return answer

    fake.spoil = dict.fromkeys(range(1, 20), delete)
    with pytest.raises(IncompleteSnapshotError, match="was changed while it was read"):
        read(fake)


def test_rows_that_keep_coming_behind_the_cursor_make_a_list_incomplete():
    fake = three_pages()

    def touch(answer: Answer) -> Answer:
        fake.rows["customers"].insert(0, customer(1000 + len(fake.rows["customers"])))
        return answer

    fake.spoil = dict.fromkeys(range(1, 20), touch)
    with pytest.raises(IncompleteSnapshotError, match=r"promised \d+ records and gave"):
        read(fake)


def test_a_list_that_did_not_grow_is_read_once():
    fake = three_pages(spoil={2: lose_rows})
    with pytest.raises(IncompleteSnapshotError):
        read(fake)
    assert fake.pages == 3


def test_an_odd_row_is_set_aside_and_counted():
    def break_row(answer: Answer) -> Answer:
        page_of(answer)["edges"][0]["node"]["createdAt"] = None
        return answer

    pages = read(three_pages(spoil={2: break_row}))
    assert (len(ids(pages)), [len(page.aside) for page in pages]) == (499, [0, 1, 0])


def test_a_row_with_a_value_out_of_range_is_set_aside():
    fake = FakeCentra(rows={"customers": [customer(1), customer(2, totalOrders=2**40)]})
    page = read(fake)[0]
    assert (ids([page]), page.aside[0].reason) == (["1"], "a value out of range")


def test_what_needs_a_permission_that_can_be_spared_is_left_out():
    fake = three_pages(denied={"Customer.totalOrders:read": "totalOrders"})
    page = read(fake)[0]
    assert "totalOrders" not in fake.queries[-1]
    assert page.rows == 200


def test_the_permission_is_found_out_once():
    fake = three_pages(denied={"Customer.totalOrders:read": "totalOrders"})
    read(fake)
    assert sum("totalOrders" in text for text in fake.asked("customerConnection")) == 1


def test_a_permission_that_cannot_be_spared_is_named_alone():
    denied = {"Customer.totalOrders:read": "totalOrders", "Customer:read": "customerConnection"}
    with pytest.raises(RefusedError, match=r"grant Customer:read to the token"):
        read(three_pages(denied=denied))


def test_a_permission_that_is_still_lacking_without_its_field_is_named():
    denied = {"Customer.totalOrders:read": "customerConnection"}
    with pytest.raises(RefusedError, match=r"grant Customer\.totalOrders:read"):
        read(three_pages(denied=denied))


def test_every_page_of_a_connection_says_where_to_go_on():
    assert [page.cursor for page in read(three_pages())] == ["200:200", "400:400", "500:500"]


def test_reading_goes_on_behind_a_cursor():
    pages = list(Reader(CUSTOMERS, tenant_of(three_pages())).pages(cursor="400:400"))
    assert ids(pages) == every_id()[400:]


def test_what_was_read_before_a_cursor_counts_towards_the_promise():
    fake = three_pages()
    del fake.rows["customers"][450:]
    with pytest.raises(IncompleteSnapshotError, match="promised 450 records and gave 460"):
        list(Reader(CUSTOMERS, tenant_of(fake)).pages(cursor="410:400"))


def test_a_plain_list_cannot_be_gone_on_with():
    reader = Reader(CUSTOMERS, tenant_of(three_pages(absent=NO_CONNECTION)))
    with pytest.raises(IncompleteSnapshotError, match="cannot be gone on with"):
        list(reader.pages(cursor="400:400"))


def test_several_passes_cannot_be_gone_on_with():
    pages = list(Reader(CUSTOMERS, tenant_of(three_pages())).pages([{}, {}]))
    assert {page.cursor for page in pages} == {None}


def test_what_is_left_out_is_noted():
    notes = Notes()
    fake = three_pages(
        absent=("Customer.isAnonymized",), denied={"Customer.totalOrders:read": "totalOrders"}
    )
    list(Reader(CUSTOMERS, tenant_of(fake), notes).pages())
    assert notes() == (
        "Centra has no field Customer.isAnonymized.",
        "Customer.totalOrders was not read; grant Customer.totalOrders:read to the token.",
    )


def test_pages_grow_to_what_the_pace_allows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CentraClient, "fitting_size", lambda *_: 50)
    fake = three_pages()
    assert ids(read(fake)) == every_id()
    assert [text.count("first: 50") for text in fake.asked("customerConnection")] == [0, *[1] * 6]


def test_pages_of_a_plain_list_all_have_one_size(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CentraClient, "fitting_size", lambda *_: 50)
    fake = three_pages(absent=NO_CONNECTION)
    read(fake)
    assert len(set(fake.asked("customers"))) == 1
