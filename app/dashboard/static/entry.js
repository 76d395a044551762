// What the phone form does beyond its fields: one tap for one more, a sentence that follows, and
// keeping what could not be sent. All text is set as text; nothing here makes markup.

const KEPT = "toren-kept";
const TRY_AGAIN = 15000;
const LATEST = 14 * 86400000; // older than this the tower takes no report
const waits = () => document.querySelector("#bewaard");

function kept() {
  try {
    const all = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
    return all.filter((each) => Date.now() - each.at < LATEST);
  } catch {
    return []; // a browser that keeps nothing
  }
}

function keep(reports) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(reports));
  } catch {
    // It is sent once, and the page says whether that went well.
  }
}

function drop(id) {
  keep(kept().filter((each) => each.id !== id));
}

function say(what) {
  const line = waits();
  if (!line) return;
  line.hidden = !what;
  line.textContent = what ? line.dataset[what] : "";
}

// The answer stands where the form stood; its first heading is read out.
function show(page) {
  const fresh = page && page.querySelector("main");
  if (!fresh) return;
  document.querySelector("main").replaceWith(document.importNode(fresh, true));
  document.title = page.title;
  for (const line of document.querySelectorAll("[data-line]")) follow(line);
  const heading = document.querySelector("main h1");
  if (heading) {
    heading.tabIndex = -1;
    heading.focus();
  }
  scrollTo(0, 0);
}

// The same report may be sent any number of times: its id was made with the form.
const under = new Set();
function send(report, here) {
  if (under.has(report.id)) return;
  under.add(report.id);
  const request = new XMLHttpRequest();
  request.open("POST", report.path);
  request.responseType = "document"; // parsed by the browser itself, scripts and all left dead
  request.timeout = 12000;
  request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
  const later = (what) => {
    under.delete(report.id);
    say(what);
  };
  request.addEventListener("load", () => {
    const { status } = request;
    if (status >= 500 || status === 429) return later("waits");
    // Somebody else may have signed in here since: it waits for whoever it is of.
    if (status === 401 || (status === 403 && !here)) return later("signin");
    under.delete(report.id);
    drop(report.id);
    if (here) show(request.response);
    else say(status < 400 ? "sent" : "refused");
  });
  for (const lost of ["error", "timeout", "abort"]) request.addEventListener(lost, () => later("waits"));
  const age = Math.max(0, Math.round((Date.now() - report.at) / 1000));
  request.send(`${report.body}&ageSeconds=${age}`);
}

// A kept report whose form is still on this page is answered here.
function sendKept() {
  const here = document.querySelector('form[data-keep] input[name="id"]');
  const ids = new Set([...document.querySelectorAll('form[data-keep] input[name="id"]')].map((each) => each.value));
  for (const report of kept()) send(report, Boolean(here) && ids.has(report.id));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-keep]")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  const report = { id: body.get("id"), path: form.getAttribute("action"), body: body.toString(), at: Date.now() };
  keep([...kept().filter((each) => each.id !== report.id), report]);
  say("sending");
  send(report, true);
});

addEventListener("online", sendKept);
setInterval(sendKept, TRY_AGAIN);

// One more or one fewer, without going to the tower for it.
document.addEventListener("click", (event) => {
  const button = event.target.closest('button[name="step"]');
  if (!button) return;
  event.preventDefault();
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const now = Number.parseInt(field.value || "0", 10);
  field.value = String(Math.min(9999, Math.max(0, (Number.isNaN(now) ? 0 : now) + (button.value.endsWith("+") ? 1 : -1))));
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

function numberOf(line, measure) {
  const field = document.getElementById(`${measure}:${line.dataset.line}`);
  return field && /^\d{1,4}$/.test(field.value) ? Number(field.value) : null;
}

// The sentence and the cells of one kind of places, as they are filled in now.
function follow(line) {
  const said = line.querySelector(".live-sentence");
  if (!said) return;
  const total = line.dataset.total ? Number(line.dataset.total) : numberOf(line, "physical");
  const [taken, closed] = [numberOf(line, "occupied"), numberOf(line, "closedPlaces")];
  const promised = numberOf(line, "reserved") ?? 0;
  const known = total !== null && taken !== null && closed !== null;
  const free = known ? total - closed - taken - promised : 0;
  const left = Math.max(0, free);
  const words = left === 1 ? said.dataset.one : said.dataset.more.replace("{n}", left);
  const text = said.dataset.closed.replace("{free}", words).replace("{n}", closed ?? 0);
  const over = free < 0 ? `. ${said.dataset.over.replace("{n}", -free)}` : "";
  said.textContent = known ? text + over : "";
  const cells = line.querySelectorAll(".cells i");
  const kinds = known
    ? ["taken", "promised", "free", "shut"].flatMap((kind, n) => Array([taken, promised, left, closed][n]).fill(kind))
    : [];
  cells.forEach((cell, n) => {
    cell.className = kinds[n] ?? "free";
  });
}

document.addEventListener("input", (event) => {
  const line = event.target.closest("[data-line]");
  if (line) follow(line);
});

if (kept().length) {
  say("waits");
  sendKept();
}
