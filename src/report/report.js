// Makes the headings of sortable tables into buttons. Numbers sort as numbers, text by the
// reader's language, cells with nothing in them (–) always last.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const value = (row, column) => {
    const text = row.cells[column].textContent;
    return text === "–" ? "" : /^[\d,.]+$/.test(text) ? text.replaceAll(",", "") : text;
  };
  const compare = (a, b) =>
    a !== "" && b !== "" && !isNaN(a) && !isNaN(b) ? a - b : a.localeCompare(b);
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const best_first = heading.classList.contains("n") ? "descending" : "ascending";
      const other = best_first === "ascending" ? "descending" : "ascending";
      const order = heading.getAttribute("aria-sort") === best_first ? other : best_first;
      headings.forEach((each) => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...body.rows].map((row) => [value(row, column), row]);
      rows.sort(([a], [b]) => (a === "") - (b === "") || sign * compare(a, b));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
