// What a page does beyond its words: light or dark, reading a picture by key or pointer, and staying
// up to date.
// All text is set as text; nothing here makes markup.

const root = document.documentElement;

function remembered() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null; // a browser that keeps nothing
  }
}

function dress(theme) {
  if (theme) root.dataset.theme = theme;
}

dress(remembered());
for (const button of document.querySelectorAll("button.theme")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    dress(dark ? "light" : "dark");
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // It holds for this page only.
    }
  });
}

// The choice of a kind of bed takes effect at once; without this, the button does it.
for (const select of document.querySelectorAll("form select[name=zorg]")) {
  select.addEventListener("change", () => select.form.submit());
}

// A picture is read point by point: its table holds the words.
for (const figure of document.querySelectorAll("figure.chart")) {
  const drawn = figure.querySelector(".drawn");
  const rows = [...figure.querySelectorAll("table.numbers tbody tr")];
  const heads = [...figure.querySelectorAll("table.numbers thead th")].map((each) => each.textContent);
  if (!drawn || !drawn.querySelector(".fan") || !rows.length) continue;
  const said = document.createElement("p");
  said.className = "point";
  said.setAttribute("role", "status");
  drawn.append(said);
  drawn.tabIndex = 0;
  drawn.setAttribute("role", "group");
  drawn.setAttribute("aria-labelledby", `${figure.id}-titel`);
  let at = -1;
  const show = (n) => {
    at = Math.min(Math.max(n, 0), rows.length - 1);
    const cells = [...rows[at].children].map((each) => each.textContent);
    const words = cells.map((cell, i) => (i ? `${heads[i].toLowerCase()} ${cell}` : cell));
    said.textContent = words.filter((_, i) => cells[i] !== "–").join(" · ");
    said.classList.add("on");
  };
  drawn.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 7, PageUp: -7 }[event.key];
    if (step) show(at + step);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(rows.length - 1);
    else if (event.key === "Escape") said.classList.remove("on");
    else return;
    event.preventDefault();
  });
  drawn.addEventListener("pointermove", (event) => {
    const picture = [...drawn.querySelectorAll("svg.fan")].find((each) => each.clientWidth);
    if (!picture) return;
    const box = picture.getBoundingClientRect();
    const scale = picture.viewBox.baseVal.width / box.width;
    const [from, to] = [Number(picture.dataset.from), Number(picture.dataset.to)];
    const share = ((event.clientX - box.left) * scale - from) / (to - from);
    if (share >= 0 && share < 1) show(Math.floor(share * rows.length));
  });
  drawn.addEventListener("pointerleave", () => said.classList.remove("on"));
}

// One line to the tower says that something changed; the page is then asked for again, and the parts
// that differ are put in its place. What has the focus stays as it is until it has lost it.
const live = document.querySelector(".live");
const news = document.querySelector("#nieuws");

function ask(done) {
  const request = new XMLHttpRequest();
  request.open("GET", location.href);
  request.responseType = "document"; // parsed by the browser itself, scripts and all left dead
  request.addEventListener("load", () => request.status === 200 && done(request.response));
  request.send();
}

function titles(page) {
  return [...page.querySelectorAll(".alerts li.vol h3")].map((each) => each.textContent);
}

function put(fresh) {
  const before = new Set(titles(document));
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next || next.isEqualNode(part) || part.contains(document.activeElement)) continue;
    for (const each of next.querySelectorAll("details")) {
      const same = [...part.querySelectorAll("details")].find((old) => old.id && old.id === each.id);
      each.open = Boolean(same && same.open);
    }
    part.replaceWith(document.importNode(next, true));
  }
  const found = titles(fresh).filter((each) => !before.has(each));
  if (news && found.length) news.textContent = found.join(". ");
  const time = fresh.querySelector(".live time");
  if (time) live.querySelector("time").replaceWith(document.importNode(time, true));
}

// What is still being drawn is asked for again; without this the page itself is.
if (document.querySelector(".loading")) setTimeout(() => location.reload(), 1500);

let due = 0;
function refresh() {
  clearTimeout(due);
  due = setTimeout(() => ask(put), 300); // changes that come together are one
}

if (live && live.dataset.stream) {
  const stream = new EventSource(live.dataset.stream);
  const said = live.querySelector(".said");
  const calm = said.textContent;
  stream.addEventListener("open", () => {
    live.classList.add("on");
    live.classList.remove("lost");
    said.textContent = live.dataset.on;
  });
  stream.addEventListener("error", () => {
    if (!live.classList.contains("lost")) {
      const now = new Intl.DateTimeFormat("nl-NL", { hour: "2-digit", minute: "2-digit" }).format(new Date());
      live.classList.remove("on");
      live.classList.add("lost");
      said.textContent = `${live.dataset.lost} ${now} · ${calm}`;
    }
  });
  stream.addEventListener("changed", refresh);
  stream.addEventListener("anew", refresh);
  addEventListener("pagehide", () => stream.close());
  setInterval(refresh, 60000); // ages grow also when nobody says anything
}
