"""The page in a real browser: search, filters, details, print, dark mode, and silence on the wire."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from playwright.sync_api import expect, sync_playwright

from auditor.report.write import write_report
from tests.report import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")

SALES = "sales.missing_order"
CONSENT = "consent.withdrawn_but_opted_in"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    record = examples.record(examples.rich_audit())
    out = tmp_path_factory.mktemp("out")
    path = write_report(record, examples.all_stored(record.audit), out, examples.TEMPLATES)
    return path.as_uri()


@contextlib.contextmanager
def opened_page(browser: Browser, address: str, **options: Any) -> Iterator[Page]:
    with contextlib.closing(browser.new_context(**options)) as context:
        opened = context.new_page()
        opened.goto(address)
        yield opened


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page that a test may do anything to."""
    with opened_page(browser, address, reduced_motion="reduce") as opened:
        yield opened


@pytest.fixture(scope="module")
def untouched(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page that tests only look at."""
    with opened_page(browser, address) as opened:
        yield opened


@pytest.fixture(scope="module")
def searched(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page where an order was searched for."""
    with opened_page(browser, address) as opened:
        search(opened, "100018")
        yield opened


@pytest.fixture(scope="module")
def filtered(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page where a column of a table was filtered."""
    with opened_page(browser, address) as opened:
        details_of(opened, CONSENT).locator("summary").click()
        column = opened.get_by_label("Filter by state")
        column.and_(opened.locator(f'[id^="rows-{CONSENT}"]')).fill("worse")
        yield opened


@pytest.fixture(scope="module")
def scriptless(browser: Browser, address: str) -> Iterator[Page]:
    """Give a page that runs no scripts, for tests that only look at it."""
    with opened_page(browser, address, java_script_enabled=False) as opened:
        yield opened


class Heard(NamedTuple):
    """What a page did while it was opened and searched."""

    alerts: list[str]
    said: list[str]
    requested: list[str]


@pytest.fixture(scope="module")
def heard(browser: Browser, address: str) -> Iterator[Heard]:
    found = Heard([], [], [])
    with contextlib.closing(browser.new_page()) as page:
        page.on("dialog", lambda dialog: found.alerts.append(dialog.message))
        page.on("console", lambda message: found.said.append(message.text))
        page.on("pageerror", lambda error: found.said.append(str(error)))
        page.on("request", lambda request: found.requested.append(request.url))
        page.goto(address)
        page.wait_for_load_state("networkidle")
        search(page, "100018")
        yield found


def visible_rows(page: Page, check: str) -> list[str]:
    """Return the subjects of the rows of a check that are not filtered out."""
    found: list[str] = page.evaluate(
        """id => Array.from(document.getElementById(id).querySelectorAll("tbody tr"))
            .filter(row => !row.hidden).map(row => row.cells[0].firstChild.textContent)""",
        f"rows-{check}",
    )
    return found


def pages_of(page: Page, check: str) -> str | None:
    """Return what the pager of a check says, in a closed table too."""
    said: str | None = details_of(page, check).locator(".pager span").text_content()
    return said


def details_of(page: Page, check: str):
    return page.locator("details.rows").filter(has=page.locator(f'[id="rows-{check}"]'))


def is_open(page: Page, check: str) -> bool:
    opened: bool = details_of(page, check).evaluate("details => details.open")
    return opened


def search(page: Page, text: str) -> None:
    page.get_by_label("Search all rows in this page").fill(text)
    expect(page.locator("#search-hits")).to_have_text(re.compile("found") if text else "")


def test_search_leaves_only_the_rows_that_hold_every_word(page: Page):
    search(page, "shipped 100018")
    assert visible_rows(page, SALES) == ["order 100018"]


def test_search_opens_what_it_found_and_nothing_else(searched: Page):
    assert (is_open(searched, SALES), is_open(searched, CONSENT)) == (True, False)


def test_search_says_how_much_it_found(searched: Page):
    assert searched.locator("#search-hits").inner_text() == "1 row found."


def test_an_emptied_search_restores_the_page(page: Page):
    details_of(page, CONSENT).locator("summary").click()
    search(page, "100018")
    search(page, "")
    assert (is_open(page, SALES), is_open(page, CONSENT)) == (False, True)
    assert pages_of(page, SALES) == "Page 1 of 5"


def test_search_takes_hostile_text_as_text(page: Page):
    search(page, "<script>alert(1)</script>")
    assert visible_rows(page, CONSENT) == ["contact 990000"]


def test_a_column_filter_looks_at_its_column_only(filtered: Page):
    assert visible_rows(filtered, CONSENT) == ["contact 990002", "contact 990006", "contact 990010"]


def test_a_column_filter_says_how_much_it_left(filtered: Page):
    assert "3 of 12 rows found." in details_of(filtered, CONSENT).inner_text()


def test_a_column_filter_leaves_other_tables_alone(filtered: Page):
    assert pages_of(filtered, SALES) == "Page 1 of 5"


def test_a_link_to_rows_opens_them(page: Page):
    page.get_by_role("link", name=f"See its rows of {SALES}").click()
    expect(details_of(page, SALES)).to_have_attribute("open", "")


def test_details_open_by_keyboard(page: Page):
    details_of(page, SALES).locator("summary").focus()
    page.keyboard.press("Enter")
    assert is_open(page, SALES)


def test_the_first_key_stop_skips_to_the_verdict(page: Page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"


def test_hostile_text_runs_nothing(heard: Heard):
    assert heard.alerts == []


def test_the_page_breaks_no_rule_of_its_own_policy(heard: Heard):
    assert heard.said == []


def test_nothing_is_requested_but_the_page(heard: Heard, address: str):
    assert heard.requested == [address]


def test_the_policy_lets_no_script_reach_out(untouched: Page):
    outcome = untouched.evaluate(
        "fetch('https://example.com/').then(() => 'sent', error => error.constructor.name)"
    )
    assert outcome == "TypeError"


def test_the_page_follows_the_scheme_of_the_reader(page: Page):
    paper = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        paper[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(251, 251, 252)", "dark": "rgb(20, 23, 27)"}


def test_paper_shows_closed_rows_and_no_controls(page: Page):
    page.emulate_media(media="print")
    table = details_of(page, SALES).locator("table")
    assert (table.bounding_box() or {"height": 0})["height"] > 1_000
    assert not page.locator("#search").is_visible()


def test_no_width_scrolls_sideways(page: Page):
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    for width in (360, 400, 768, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_there_are_no_dead_controls(scriptless: Page):
    assert scriptless.locator("input:visible").count() == 0


def test_without_scripts_all_rows_are_in_one_page(scriptless: Page):
    rows = scriptless.locator(f'[id="rows-{SALES}"] tbody tr')
    assert (rows.count(), scriptless.locator(".pager:not([hidden])").count()) == (212, 0)


def test_without_scripts_a_link_to_rows_still_opens_them(browser: Browser, address: str):
    with opened_page(browser, address, java_script_enabled=False) as page:
        page.get_by_role("link", name=f"See its rows of {SALES}").click()
        expect(details_of(page, SALES).locator("table")).to_be_visible()


def open_sales(page: Page):
    details = details_of(page, SALES)
    details.locator("summary").click()
    return details


def test_rows_come_in_pages_of_fifty(untouched: Page):
    assert len(visible_rows(untouched, SALES)) == 50


def test_the_next_page_goes_on_where_the_first_ends(page: Page):
    details = open_sales(page)
    first = visible_rows(page, SALES)
    details.get_by_role("button", name="Next").click()
    assert set(visible_rows(page, SALES)).isdisjoint(first)
    assert pages_of(page, SALES) == "Page 2 of 5"


def test_there_is_nothing_before_the_first_page(page: Page):
    details = open_sales(page)
    expect(details.get_by_role("button", name="Previous")).to_be_disabled()


def test_there_is_nothing_after_the_last_page(page: Page):
    details = open_sales(page)
    for _ in range(4):
        details.get_by_role("button", name="Next").click()
    expect(details.get_by_role("button", name="Next")).to_be_disabled()
    assert len(visible_rows(page, SALES)) == 12


def test_few_rows_have_no_pages(untouched: Page):
    assert details_of(untouched, CONSENT).locator(".pager").get_attribute("hidden") is not None


def test_a_column_sorts_by_what_it_holds_and_not_by_how_it_is_written(page: Page):
    details = open_sales(page)
    for _ in range(2):
        details.get_by_role("button", name="Money").click()
    assert visible_rows(page, SALES)[:2] == ["order 100228", "order 100227"]


def test_the_sorted_column_says_so_to_a_screen_reader(page: Page):
    details = open_sales(page)
    details.get_by_role("button", name="Since").click()
    head = details.locator("thead th", has_text="Since")
    assert head.get_attribute("aria-sort") == "ascending"


def test_sorting_keeps_the_search(page: Page):
    search(page, "10001")
    details_of(page, SALES).get_by_role("button", name="Subject").click()
    assert visible_rows(page, SALES) == ["order 100017", "order 100018", "order 100019"]


def test_a_picture_follows_the_dark(browser: Browser, address: str):
    fills = set()
    for scheme in ("light", "dark"):
        with opened_page(browser, address, color_scheme=scheme) as opened:
            bar = opened.locator("#picture .mark-rect path").first
            fills.add(bar.evaluate("bar => getComputedStyle(bar).fill"))
    assert len(fills) == 2
