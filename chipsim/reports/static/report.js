(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  const remembered = (() => { try { return localStorage.getItem("chipsim-theme"); } catch { return null; } })();
  if (remembered === "light" || remembered === "dark") root.dataset.theme = remembered;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("chipsim-theme", root.dataset.theme); } catch { /* private windows keep nothing */ }
  });

  const compare = (numeric, sign) => (a, b) => {
    if (a === b) return 0;
    if (a === "") return 1;
    if (b === "") return -1;
    return sign * (numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true }));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const numeric = head.classList.contains("num");
      const now = head.getAttribute("aria-sort");
      const order = now ? (now === "ascending" ? "descending" : "ascending") : (numeric ? "descending" : "ascending");
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", order);
      const by = compare(numeric, order === "ascending" ? 1 : -1);
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => by(a.cells[column].dataset.value, b.cells[column].dataset.value));
      table.tBodies[0].append(...rows);
    }));
  }

  for (const box of document.querySelectorAll("input[data-finds]")) {
    const rows = [...document.getElementById(box.dataset.finds).tBodies[0].rows];
    const said = box.closest(".find").querySelector("output");
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      said.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    });
  }

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  for (const place of document.querySelectorAll("[data-graph]")) {
    const facts = data.graphs[Number(place.dataset.graph)];
    const told = place.querySelector(".told");
    const tell = (name) => {
      const list = document.createElement("dl");
      for (const [key, text] of facts[name] || []) {
        const pair = document.createElement("div");
        pair.append(element("dt", key), element("dd", text));
        list.append(pair);
      }
      told.replaceChildren(element("h3", name), list);
      for (const link of place.querySelectorAll("[data-from]"))
        link.classList.toggle("lit", link.dataset.from === name || link.dataset.to === name);
      for (const node of place.querySelectorAll("[data-node]")) node.classList.toggle("lit", node.dataset.node === name);
    };
    for (const node of place.querySelectorAll("[data-node]"))
      for (const kind of ["pointerenter", "focus", "click"]) node.addEventListener(kind, () => tell(node.dataset.node));
  }
})();
