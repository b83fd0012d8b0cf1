"use strict";
(() => {
  const one = (query, root = document) => root.querySelector(query);
  const all = (query, root = document) => [...root.querySelectorAll(query)];
  const map = one("#map"), search = one("#q"), status = one("#status"), detail = one("#detail");
  const boxes = all(".v"), arrows = all(".e"), tables = all("table");
  const say = (text) => { status.textContent = text; };
  const nameOf = (box) => one("title", box).textContent.split("\n")[0];

  // The part of the map that is seen.
  const whole = map.viewBox.baseVal;
  const full = { x: whole.x, y: whole.y, w: whole.width, h: whole.height };
  let seen = { ...full };
  const show = () => map.setAttribute("viewBox", [seen.x, seen.y, seen.w, seen.h].map((n) => n.toFixed(1)).join(" "));
  const zoom = (factor, cx = seen.x + seen.w / 2, cy = seen.y + seen.h / 2) => {
    const w = Math.min(Math.max(seen.w * factor, 120), full.w * 4), real = w / seen.w;
    seen = { x: cx - (cx - seen.x) * real, y: cy - (cy - seen.y) * real, w, h: seen.h * real };
    show();
  };
  const pan = (dx, dy) => { seen.x += seen.w * dx; seen.y += seen.h * dy; show(); };
  const fit = () => { seen = { ...full }; show(); };
  const bring = (box) => {
    const at = box.transform.baseVal.consolidate().matrix, w = Math.min(full.w, 1100), h = w * (full.h / full.w);
    const ratio = map.clientHeight / Math.max(map.clientWidth, 1);
    seen = { x: at.e + 84 - w / 2, y: at.f + 20 - (w * ratio) / 2, w, h: Number.isFinite(ratio) ? w * ratio : h };
    show();
  };
  const point = (event) => {
    const at = map.createSVGPoint();
    at.x = event.clientX; at.y = event.clientY;
    return at.matrixTransform(map.getScreenCTM().inverse());
  };

  // The object that is looked at.
  let chosen = null;
  const clear = () => {
    chosen = null;
    map.classList.remove("choosing");
    for (const part of all(".chosen,.near", map)) part.classList.remove("chosen", "near");
    for (const row of all("tr[aria-selected=true]")) row.setAttribute("aria-selected", "false");
    detail.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: "Choose an object to see its references." }));
  };
  const list = (heading, found, end) => {
    const title = Object.assign(document.createElement("b"), { textContent: `${heading} (${found.length})` });
    const items = document.createElement("ul");
    for (const arrow of found) {
      const other = boxes[Number(arrow.dataset[end])];
      const item = document.createElement("li"), button = document.createElement("button"), name = document.createElement("bdi");
      name.textContent = nameOf(other);
      button.append(name);
      button.addEventListener("click", () => choose(other, true));
      item.append(button, ` ${one("title", arrow).textContent}`);
      items.append(item);
    }
    return [title, items];
  };
  const choose = (box, move) => {
    clear();
    chosen = box;
    const number = box.id.slice(1);
    const out = arrows.filter((arrow) => arrow.dataset.s === number), into = arrows.filter((arrow) => arrow.dataset.t === number);
    map.classList.add("choosing");
    box.classList.add("chosen");
    for (const arrow of [...out, ...into]) {
      arrow.classList.add("near");
      for (const end of ["s", "t"]) boxes[Number(arrow.dataset[end])].classList.add("near");
    }
    for (const row of all("tr[data-v]")) row.setAttribute("aria-selected", String(row.dataset.v.split(" ").includes(number)));
    const [name, id] = one("title", box).textContent.split("\n");
    const heading = Object.assign(document.createElement("h3"), { textContent: name, dir: "auto" });
    const kind = Object.assign(document.createElement("p"), { className: "note", textContent: one(".k", box).textContent });
    const key = Object.assign(document.createElement("p"), { className: "note", textContent: id || "" });
    detail.replaceChildren(heading, kind, key, ...list("Refers to", out, "t"), ...list("Is referred to by", into, "s"));
    if (move) bring(box);
    say(`${name}: refers to ${out.length}, is referred to by ${into.length}`);
  };
  const chooseRow = (row) => {
    const numbers = (row.dataset.v || "").split(" ").filter(Boolean);
    if (!numbers.length) return say("Not in the picture");
    choose(boxes[Number(numbers[0])], true);
    for (const number of numbers.slice(1)) boxes[Number(number)].classList.add("chosen");
  };

  // Search: rows and boxes that hold all words.
  const rows = all("tbody tr"), texts = rows.map((row) => row.textContent.toLowerCase());
  const labels = boxes.map((box) => `${one("title", box).textContent} ${one(".k", box).textContent}`.toLowerCase());
  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text) => words.every((word) => text.includes(word));
    rows.forEach((row, at) => { row.hidden = !has(texts[at]); });
    const hits = boxes.filter((box, at) => { const hit = words.length > 0 && has(labels[at]); box.classList.toggle("hit", hit); return hit; });
    for (const table of tables) rove(table);
    say(words.length ? `${hits.length} in the picture, ${rows.filter((row) => !row.hidden).length} rows` : "");
    return hits;
  };

  // Tables: one row of each can be reached by Tab, the others by arrow keys.
  const open = (table) => all("tbody tr", table).filter((row) => !row.hidden);
  function rove(table, row) {
    const rows = open(table);
    const keep = row || rows.find((other) => other.tabIndex === 0) || rows[0];
    for (const other of all("tbody tr", table)) other.tabIndex = other === keep ? 0 : -1;
  }
  for (const table of tables) {
    rove(table);
    table.addEventListener("click", (event) => { const row = event.target.closest("tbody tr"); if (row) { rove(table, row); chooseRow(row); } });
    table.addEventListener("keydown", (event) => {
      const rows = open(table), at = rows.indexOf(document.activeElement);
      if (at < 0) return;
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 }[event.key];
      if (to !== undefined) {
        const row = rows[Math.min(Math.max(to, 0), rows.length - 1)];
        rove(table, row);
        row.focus();
      } else if (event.key === "Enter" || event.key === " ") {
        chooseRow(rows[at]);
      } else {
        return;
      }
      event.preventDefault();
    });
  }

  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const hits = find();
    if (hits.length) choose(hits[0], true);
    event.preventDefault();
  });
  map.addEventListener("click", (event) => { const box = event.target.closest(".v"); if (box) choose(box, false); });
  map.addEventListener("wheel", (event) => { event.preventDefault(); const at = point(event); zoom(event.deltaY > 0 ? 1.15 : 0.87, at.x, at.y); }, { passive: false });
  let drag = null;
  map.addEventListener("pointerdown", (event) => { if (!event.target.closest(".v")) { drag = point(event); map.setPointerCapture(event.pointerId); } });
  map.addEventListener("pointermove", (event) => { if (drag) { const at = point(event); seen.x += drag.x - at.x; seen.y += drag.y - at.y; show(); } });
  for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, () => { drag = null; });
  map.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (move) { pan(...move); event.preventDefault(); }
    if (event.key === "n" || event.key === "p") {
      const at = chosen ? boxes.indexOf(chosen) : event.key === "n" ? -1 : 0, count = boxes.length;
      if (count) choose(boxes[(at + (event.key === "n" ? 1 : count - 1) + count) % count], true);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") { search.value = ""; find(); clear(); fit(); return; }
    if (event.target === search) return;
    const action = { "/": () => search.focus(), "+": () => zoom(0.8), "=": () => zoom(0.8), "-": () => zoom(1.25), "0": fit, m: () => map.focus() }[event.key];
    if (action) { action(); event.preventDefault(); }
  });
  one("#in").addEventListener("click", () => zoom(0.8));
  one("#out").addEventListener("click", () => zoom(1.25));
  one("#fit").addEventListener("click", fit);
  clear();
})();
