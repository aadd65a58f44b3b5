"use strict";
(() => {
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const search = document.getElementById("search");
  const blocks = all("details.rows").map((details) => ({
    details,
    rows: all("tbody tr", details),
    filters: all("thead input", details),
    output: details.querySelector("output"),
    texts: null,
    wasOpen: false,
  }));

  // Lower-cased once per table, on its first use: a page may hold twelve thousand rows.
  const texts = (block) => {
    block.texts ??= block.rows.map((row) =>
      Array.from(row.cells, (cell) => cell.textContent.toLowerCase()));
    return block.texts;
  };

  const filter = (block, words) => {
    const wanted = block.filters.map((input) => input.value.trim().toLowerCase());
    const isIdle = !words.length && !wanted.some(Boolean);
    let hits = 0;
    block.rows.forEach((row, at) => {
      const isHit = isIdle || (
        wanted.every((text, column) => !text || texts(block)[at][column]?.includes(text)) &&
        words.every((word) => texts(block)[at].some((text) => text.includes(word))));
      row.hidden = !isHit;
      hits += isHit ? 1 : 0;
    });
    block.output.textContent = isIdle ? "" : `${hits} of ${block.rows.length} rows shown.`;
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
      for (const input of block.filters) {
        input.addEventListener("input", () => filter(block, words()));
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
