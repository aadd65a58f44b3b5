"use strict";
(() => {
  const PAGE = 50;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const search = document.getElementById("search");
  const blocks = all("details.rows").map((details) => ({
    details,
    body: details.querySelector("tbody"),
    rows: all("tbody tr", details),
    filters: all("thead input", details),
    output: details.querySelector("output"),
    pager: details.querySelector(".pager"),
    hits: null,
    page: 0,
    texts: null,
    wasOpen: false,
  }));

  // Lower-cased once per table, on its first use: a page may hold twelve thousand rows.
  const texts = (block) => {
    block.texts ??= new Map(block.rows.map((row) =>
      [row, Array.from(row.cells, (cell) => cell.textContent.toLowerCase())]));
    return block.texts;
  };

  // Only one page of a table is laid out at a time.
  const show = (block) => {
    const hits = block.hits ?? block.rows;
    const pages = Math.max(1, Math.ceil(hits.length / PAGE));
    block.page = Math.min(Math.max(block.page, 0), pages - 1);
    const shown = new Set(hits.slice(block.page * PAGE, (block.page + 1) * PAGE));
    for (const row of block.rows) row.hidden = !shown.has(row);
    block.pager.hidden = pages === 1;
    block.pager.querySelector("span").textContent = `Page ${block.page + 1} of ${pages}`;
    for (const button of all("button", block.pager)) {
      const target = block.page + Number(button.dataset.turn);
      button.disabled = target < 0 || target >= pages;
    }
  };

  const filter = (block, words) => {
    const wanted = block.filters.map((input) => input.value.trim().toLowerCase());
    const isIdle = !words.length && !wanted.some(Boolean);
    block.hits = isIdle ? null : block.rows.filter((row) => {
      const cells = texts(block).get(row);
      return wanted.every((text, column) => !text || cells[column]?.includes(text)) &&
        words.every((word) => cells.some((text) => text.includes(word)));
    });
    block.page = 0;
    show(block);
    const hits = (block.hits ?? block.rows).length;
    block.output.textContent = isIdle ? "" : `${hits} of ${block.rows.length} rows found.`;
    return hits;
  };

  const words = () => search.value.toLowerCase().split(/\s+/).filter(Boolean);

  let isSearching = false;
  const find = () => {
    const wanted = words();
    let hits = 0;
    for (const block of blocks) {
      if (!isSearching) block.wasOpen = block.details.open;
      const found = filter(block, wanted);
      block.details.open = wanted.length ? found > 0 : block.wasOpen;
      hits += found;
    }
    isSearching = wanted.length > 0;
    document.getElementById("search-hits").textContent =
      isSearching ? `${hits} ${hits === 1 ? "row" : "rows"} found.` : "";
  };

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell?.dataset.order === undefined ? cell?.textContent ?? "" : Number(cell.dataset.order);
  };
  const compared = (one, other) => {
    if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
    return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
  };
  const sort = (block, head, column) => {
    const isUp = head.getAttribute("aria-sort") !== "ascending";
    for (const other of all("thead th", block.details)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
    block.rows.sort((one, other) => compared(keyOf(one, column), keyOf(other, column)) * (isUp ? 1 : -1));
    block.body.append(...block.rows);
    filter(block, words());
  };

  const makeSortable = (block) => {
    all("thead tr:first-child th", block.details).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => sort(block, head, column));
      head.replaceChildren(button);
    });
  };

  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    const details = target?.closest("details");
    if (details && !details.open) {
      details.open = true;
      target.scrollIntoView();
    }
  };

  if (search) {
    let timer = 0;
    search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(find, 120);
    });
    for (const block of blocks) {
      makeSortable(block);
      show(block);
      for (const input of block.filters) {
        input.addEventListener("input", () => filter(block, words()));
      }
      for (const button of all("button", block.pager)) {
        button.addEventListener("click", () => {
          block.page += Number(button.dataset.turn);
          show(block);
          block.details.querySelector(".scroller").scrollTop = 0;
        });
      }
    }
    for (const control of all(".controls")) control.hidden = false;
  }

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });
  addEventListener("hashchange", reveal);
  reveal();
})();
