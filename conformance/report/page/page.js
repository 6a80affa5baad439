
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const viewer = byId("viewer");
  const body = byId("viewer-body");
  const form = byId("filters");
  const table = document.querySelector(".table");
  const rows = [...document.querySelectorAll("tr.requirement")];
  const title = document.title;
  let opener = null;

  document.documentElement.classList.add("scripted");
  for (const each of document.querySelectorAll("#filters, #save, .keys, .copy")) each.hidden = false;

  // Filters: a row is shown if it matches all of them, and a part if it has a row.

  const applyFilters = () => {
    const wanted = new FormData(form);
    const words = wanted.get("text").toLowerCase().split(/\s+/).filter(Boolean);
    const everything = wanted.has("all") || wanted.get("verdict") === "n/a";
    let count = 0;
    for (const row of rows) {
      const { verdicts, levels, applies } = row.dataset;
      const text = row.firstElementChild.textContent.toLowerCase();
      row.hidden = !(
        (everything || applies === "yes") &&
        (!wanted.get("verdict") || verdicts.split(" ").includes(wanted.get("verdict"))) &&
        (!wanted.get("level") || levels.split(" ").includes(wanted.get("level"))) &&
        (!wanted.get("part") || row.parentElement.dataset.part === wanted.get("part")) &&
        words.every((word) => text.includes(word))
      );
      count += row.hidden ? 0 : 1;
    }
    for (const part of document.querySelectorAll("tbody")) {
      part.hidden = !part.querySelector("tr.requirement:not([hidden])");
    }
    byId("shown").textContent = `${count} of ${rows.length} requirements`;
    if (table) {
      table.classList.toggle("everything", everything);
      table.hidden = count === 0;
      byId("nothing").hidden = count !== 0;
    }
  };
  form.addEventListener("input", applyFilters);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(applyFilters));

  // The panel: it borrows the article of a cell and gives it back.

  const cellsBeside = (cell) => {
    const column = cell.parentElement.cellIndex;
    return rows
      .filter((row) => !row.hidden)
      .map((row) => row.cells[column].querySelector("a.cell"))
      .filter((each) => each && (each === cell || each.offsetParent !== null));
  };
  const giveBack = () => {
    const shown = body.firstElementChild;
    if (shown) document.querySelector(`[data-place="${CSS.escape(shown.id)}"]`).replaceWith(shown);
  };
  const open = (cell) => {
    const article = byId(decodeURIComponent(cell.hash.slice(1)));
    giveBack();
    const place = document.createElement("span");
    place.dataset.place = article.id;
    article.replaceWith(place);
    body.append(article);
    opener = cell;
    const beside = cellsBeside(cell);
    const at = beside.indexOf(cell);
    byId("place").textContent = `${at + 1} of ${beside.length}`;
    byId("previous").disabled = at <= 0;
    byId("next").disabled = at === beside.length - 1;
    viewer.setAttribute("aria-label", `Evidence for ${cell.getAttribute("aria-label")}`);
    document.title = `${cell.getAttribute("aria-label")} - ${title}`;
    history.replaceState(null, "", cell.hash);
    if (!viewer.open) viewer.showModal();
    viewer.scrollTop = 0;
    article.focus({ preventScroll: true });
  };
  const step = (distance) => {
    const beside = cellsBeside(opener);
    const cell = beside[beside.indexOf(opener) + distance];
    if (cell) open(cell);
  };
  document.addEventListener("click", (event) => {
    const cell = event.target.closest("a.cell");
    if (cell && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(cell);
    }
  });
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("close", () => {
    giveBack();
    document.title = title;
    history.replaceState(null, "", location.pathname + location.search);
    opener.focus();
  });
  byId("close").addEventListener("click", () => viewer.close());
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));

  // Keys: arrows move between cells and between panels, a slash searches.

  const neighbour = (cell, key) => {
    if (key === "ArrowUp" || key === "ArrowDown") {
      const beside = cellsBeside(cell);
      return beside[beside.indexOf(cell) + (key === "ArrowUp" ? -1 : 1)];
    }
    const inRow = [...cell.closest("tr").querySelectorAll("a.cell")].filter((each) => each.offsetParent !== null);
    return inRow[inRow.indexOf(cell) + (key === "ArrowLeft" ? -1 : 1)];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !viewer.open && !event.target.closest("input, select")) {
      event.preventDefault();
      form.elements.text.focus();
    } else if (event.key.startsWith("Arrow") && event.target.matches("a.cell")) {
      const cell = neighbour(event.target, event.key);
      if (cell) {
        event.preventDefault();
        cell.focus();
        cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }
  });

  // A history that went well is copied to where it is asked for.

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.show-sample");
    if (!link) return;
    event.preventDefault();
    const holder = link.parentElement;
    const isShown = link.getAttribute("aria-expanded") === "true";
    link.setAttribute("aria-expanded", String(!isShown));
    if (isShown) {
      holder.nextElementSibling.remove();
    } else {
      holder.after(byId(decodeURIComponent(link.hash.slice(1))).querySelector(".timeline").cloneNode(true));
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      // Without the right to the clipboard, the text is at least selected.
      getSelection().selectAllChildren(code);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  byId("save").addEventListener("click", () => {
    const text = `${JSON.stringify(JSON.parse(byId("report").textContent), null, 2)}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "report.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  // A link to one cell opens it.

  const openFromAddress = () => {
    const hash = location.hash;
    const cell = hash && [...document.querySelectorAll("a.cell")].find((each) => each.hash === hash);
    if (cell) open(cell);
  };
  applyFilters();
  addEventListener("hashchange", openFromAddress);
  openFromAddress();
})();
