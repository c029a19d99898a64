"use strict";
// The board follows the stream: lists, map, the open sheet, what is said aloud. The server renders all markup and escapes it.
const $ = (id) => document.getElementById(id);
const live = new Live(FACTS.seq), bell = new Bell();
const RING_MS = 8000;
let chosen = FACTS.chosen, clockAt = FACTS.clock;

// ---- the lists
const lists = Object.fromEntries([...document.querySelectorAll(".list")].map((list) => [list.dataset.section, list]));
const rows = () => [...document.querySelectorAll(".row")];
const shownRows = () => rows().filter((row) => row.offsetParent !== null);

function place(row) {
  const list = lists[row.dataset.section], raised = Number(row.dataset.raised);
  const after = [...list.children].find((other) => Number(other.dataset.raised) < raised);
  list.insertBefore(row, after || null);
}

function count() {
  for (const [name, list] of Object.entries(lists)) {
    document.querySelector(`[data-count=${name}]`).textContent = list.children.length;
    document.querySelector(`[data-none=${name}]`).hidden = list.children.length > 0;
  }
  const waiting = unseen();
  document.title = `${waiting.length ? `(${waiting.length}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
}

const isUnseen = (row) => row.dataset.section === "open" && !JSON.parse(row.dataset.seen).includes(FACTS.centre);
const unseen = () => rows().filter(isUnseen);

function mark(id) {
  for (const row of rows()) {
    row.classList.toggle("unseen", isUnseen(row));
    if (row.dataset.id === id) row.querySelector("a").setAttribute("aria-current", "true");
    else row.querySelector("a").removeAttribute("aria-current");
  }
}

// ---- the map
const map = L.map("map", { zoomSnap: 0.25, attributionControl: true, worldCopyJump: false, maxZoom: 14, minZoom: 2 });
map.createPane("ground").style.zIndex = 150;
map.attributionControl.setPrefix(false).addAttribution("Natural Earth · IGN · GeoNames");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const ground = new Ground(BASEMAP, () => Object.fromEntries(["land", "border", "coast", "town", "halo"].map((name) => [name, colour(name)]))).addTo(map);
L.control.scale({ imperial: false }).addTo(map);
map.setView([46.6, 2.4], 5.5);
const marks = new Map();
const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

function draw(data) {
  marks.get(data.id)?.remove();
  marks.delete(data.id);
  if (data.section === "past" && data.id !== chosen) return;
  const ink = colour(data.state) || colour("open"), silent = data.section === "silent";
  const group = L.featureGroup([
    L.circle([data.lat, data.lon], { radius: Math.max(data.r90, 0.2) * 1000, color: ink, weight: 1.5, dashArray: silent ? "3 5" : null, fillOpacity: 0.05, interactive: false }),
    L.circle([data.lat, data.lon], { radius: Math.max(data.r50, 0.1) * 1000, stroke: false, fillColor: ink, fillOpacity: 0.18, interactive: false }),
    L.circleMarker([data.lat, data.lon], { radius: silent ? 5 : 8, color: ink, weight: 2.5, fillColor: ink, fillOpacity: silent ? 0 : 0.75, dashArray: silent ? "2 3" : null }),
    // Where people tell of a mass event.
    ...(data.section === "open" ? data.zones : []).map((zone) => L.circle([zone.lat, zone.lon], { radius: zone.km * 1000, color: ink, weight: 1, fillColor: ink, fillOpacity: 0.12, className: "zone" }).bindTooltip(zone.label, { direction: "top" })),
  ]);
  group.getLayers()[2].bindTooltip(data.label, { direction: "top" });
  group.on("click", () => open(data.id));
  group.data = data;
  marks.set(data.id, group.addTo(map));
}

function look(id) {
  const data = marks.get(id)?.data;
  if (data) map.fitBounds(L.latLng(data.lat, data.lon).toBounds(Math.max(data.r90, 4) * 2600), { maxZoom: 11, animate: moves() });
}

function lookAtAll() {
  const open = [...marks.values()].filter((group) => group.data.section === "open").map((group) => [group.data.lat, group.data.lon]);
  if (open.length) map.fitBounds(L.latLngBounds(open).pad(0.3), { maxZoom: 8, animate: moves() });
}

// ---- the sheet
let asked = 0;
async function show(id) {
  const ask = ++asked, answer = await fetch(`/incidents/${encodeURIComponent(id)}?part=sheet`, { headers: { accept: "text/html" } });
  if (ask !== asked) return false;
  if (!answer.ok) { toast(await answer.text()); return false; }
  const sheet = $("sheet"), top = sheet.scrollTop, wasOpen = Boolean(sheet.querySelector("details[open]")), kept = {};
  for (const field of sheet.querySelectorAll("select")) kept[field.id] = field.value;
  const focused = sheet.contains(document.activeElement) ? document.activeElement.value || document.activeElement.id : null;
  const same = sheet.querySelector(".sheet")?.dataset.id === id;
  sheet.innerHTML = await answer.text();
  sheet.hidden = false;
  if (same) {
    sheet.scrollTop = top;
    for (const [name, value] of Object.entries(kept)) if ($(name)) $(name).value = value;
    if (wasOpen) sheet.querySelector("details")?.setAttribute("open", "");
    if (focused) [...sheet.querySelectorAll("button, select")].find((one) => one.value === focused || one.id === focused)?.focus();
  }
  ages();
  return true;
}

async function open(id, { push = true } = {}) {
  const before = chosen;
  chosen = id;
  if (!(await show(id))) { chosen = before; return; }
  if (push) history.pushState({ id }, "", `/incidents/${encodeURIComponent(id)}`);
  document.body.classList.add("with-sheet");
  map.invalidateSize();
  mark(id);
  look(id);
  $("sheet").focus({ preventScroll: true });
  see(id);
}

function shut({ push = true } = {}) {
  const was = chosen;
  chosen = null;
  $("sheet").hidden = true;
  $("sheet").replaceChildren();
  document.body.classList.remove("with-sheet");
  map.invalidateSize();
  mark(null);
  if (push) history.pushState({}, "", "/");
  document.querySelector(`#row-${CSS.escape(was || "")} a`)?.focus({ preventScroll: true });
}

// Opening an open signal is seeing it; it is written down for the centre, and the sound stops there.
function see(id) {
  const row = $(`row-${id}`);
  if (FACTS.decides && row?.classList.contains("unseen")) decide(id, { decision: "seen" }, { quiet: true });
}

// The decision is about what stood on the screen, not about what came since.
function shownRevision(id) {
  const sheet = $("sheet").querySelector(".sheet");
  return sheet?.dataset.id === id ? sheet.querySelector("[name=revision]")?.value || "" : "";
}

async function decide(id, fields, { quiet = false } = {}) {
  const answer = await fetch(`/incidents/${encodeURIComponent(id)}/verdicts`, {
    method: "POST", headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ csrf: FACTS.csrf, revision: shownRevision(id), ...fields }),
  });
  const told = await answer.json();
  if (!answer.ok) toast(FACTS.words.refused.replace("{0}", told.error));
  else if (!quiet) toast(told.said);
  return answer.ok;
}

$("sheet").addEventListener("submit", async (event) => {
  event.preventDefault();
  const pressed = event.submitter?.value, form = event.target, fields = { decision: pressed };
  if (pressed === "rejected") {
    const reason = form.querySelector("#reason");
    if (!reason.value) { reason.focus(); if (reason.showPicker) try { reason.showPicker(); } catch { /* no gesture: the focus is enough */ } return; }
    fields.reason = reason.value;
  }
  if (pressed === "duplicate") {
    const other = form.querySelector("#other");
    if (!other.value) { other.focus(); return; }
    fields.duplicate_of = other.value;
  }
  if (pressed === "already_known") fields.known_mins = form.querySelector("#known").value;
  await decide(chosen, fields);
});
$("sheet").addEventListener("change", (event) => {
  if (event.target.id === "reason" && event.target.value) document.querySelector("[data-key=r]").focus();
});
$("sheet").addEventListener("click", (event) => {
  if (event.target.closest(".shut")) { event.preventDefault(); shut(); }
});
document.querySelector("#side").addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (row && !event.ctrlKey && !event.metaKey) { event.preventDefault(); open(row.dataset.id); }
});
addEventListener("popstate", () => {
  const id = /^\/incidents\/(.+)$/.exec(location.pathname)?.[1];
  if (id) open(decodeURIComponent(id), { push: false }); else shut({ push: false });
});

// ---- words and times
let toastTimer = 0;
function toast(text) {
  $("toast").textContent = text;
  $("toast").hidden = false;
  $("say").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

function ages() {
  const clock = new Intl.DateTimeFormat(FACTS.lang === "fr" ? "fr-FR" : "en-GB", { hour: "2-digit", minute: "2-digit", timeZone: FACTS.zone });
  $("clock").textContent = clockAt ? clock.format(clockAt) : "–";
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const secs = Math.max(0, Math.floor((clockAt - Date.parse(time.dateTime)) / 1000));
    time.textContent = secs < 60 ? FACTS.words.ago_s.replace("{0}", secs) : secs < 7200 ? FACTS.words.ago_min.replace("{0}", Math.floor(secs / 60)) : FACTS.words.ago_h.replace("{0}", Math.floor(secs / 3600));
  }
}

// ---- the stream
live.addEventListener("link", ({ detail }) => {
  $("link").textContent = detail ? FACTS.words.live : FACTS.words.lost;
  $("link").classList.toggle("warn", !detail);
});
live.addEventListener("clock", ({ detail }) => { clockAt = detail.at; ages(); });
live.addEventListener("status", ({ detail }) => {
  $("down").hidden = !detail.down.length;
  $("down").querySelector("b").textContent = detail.down.join(", ");
});
let again = 0;
live.addEventListener("change", ({ detail }) => {
  const old = $(`row-${detail.id}`), held = old?.contains(document.activeElement);
  old?.remove();
  if (detail.gone) {
    marks.get(detail.id)?.remove();
    marks.delete(detail.id);
  } else {
    const box = document.createElement("ol");
    box.innerHTML = detail.row;
    const row = box.firstElementChild;
    place(row);
    if (held) row.querySelector("a").focus({ preventScroll: true });
    draw(detail.mark);
    if (detail.say) $(detail.kind === "incident" ? "shout" : "say").textContent = detail.say;
    if (!old && row.dataset.section === "open" && !chosen) lookAtAll();
  }
  mark(chosen);
  count();
  if (detail.id === chosen) { clearTimeout(again); again = setTimeout(() => show(chosen), 150); }
  if (detail.kind === "incident" && unseen().some((row) => row.dataset.id === detail.id) && !old) bell.ring();
});
setInterval(() => { if (unseen().length) bell.ring(); }, RING_MS);

// ---- keys (WCAG 2.1.4: the one-letter keys can be turned off)
const letters = $("letters");
try { letters.checked = localStorage.getItem("letters") !== "off"; } catch { /* storage is off: they are on */ }
letters.addEventListener("change", () => { try { localStorage.setItem("letters", letters.checked ? "on" : "off"); } catch { /* it holds for this page */ } });
$("help").addEventListener("click", () => $("keys").showModal());
$("sound").addEventListener("click", () => {
  const on = bell.toggle();
  $("sound").setAttribute("aria-pressed", String(on));
  $("sound").textContent = on ? $("sound").dataset.on : $("sound").dataset.off;
});

function step(by) {
  const shown = shownRows();
  if (!shown.length) return;
  const at = shown.findIndex((row) => row.contains(document.activeElement) || (row.dataset.id === chosen && !shown.some((one) => one.contains(document.activeElement))));
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  next.querySelector("a").focus();
  next.scrollIntoView({ block: "nearest" });
}

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const inMap = event.target.closest("#map");
  const key = event.key.toLowerCase();
  if (key === "escape" && chosen) shut();
  else if ((event.key === "ArrowDown" && !inMap && !event.target.closest("#sheet")) || (letters.checked && key === "j")) step(1);
  else if ((event.key === "ArrowUp" && !inMap && !event.target.closest("#sheet")) || (letters.checked && key === "k")) step(-1);
  else if (!letters.checked) return;
  else if (key === "?") $("keys").showModal();
  else if (key === "s") $("sound").click();
  else if (chosen && document.querySelector(`[data-key="${CSS.escape(key)}"]`)) document.querySelector(`[data-key="${CSS.escape(key)}"]`).click();
  else return;
  event.preventDefault();
});
document.addEventListener("theme", () => { ground.redraw(); for (const group of [...marks.values()]) draw(group.data); });

for (const data of FACTS.marks) draw(data);
if (chosen) { document.body.classList.add("with-sheet"); map.invalidateSize(); look(chosen); see(chosen); } else lookAtAll();
mark(chosen);
count();
ages();
document.documentElement.dataset.ready = "true";
