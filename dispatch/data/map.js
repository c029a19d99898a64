"use strict";
// The page: what is known at the chosen instant, on the map, in the list and in the lanes.
const DATA = JSON.parse(document.getElementById("data").textContent);
const BASEMAP = JSON.parse(document.getElementById("basemap").textContent);
const STEPS = 1000, PLAY_MS = 40000, RAISED = new Set(["open", "quiet", "closed", "withdrawn"]);
const byId = (id) => document.getElementById(id);

for (const history of DATA.incidents) {
  for (const r of history) {
    r.raised = Date.parse(r.raised_at); r.updated = Date.parse(r.updated_at); r.first = Date.parse(r.first_voice_at); r.closed = r.closed_at ? Date.parse(r.closed_at) : null;
  }
}
const TRUTH = DATA.truth ? [...DATA.truth.events.map((e) => ({ ...e, decoy: false })), ...DATA.truth.decoys.map((e) => ({ ...e, decoy: true }))] : [];
const SPAN = DATA.span.map((at) => Date.parse(at));
const view = { now: SPAN[1], chosen: null, truth: true, silent: false, lang: DATA.lang, playing: null };

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const map = L.map("map", { preferCanvas: false, zoomControl: false, attributionControl: false, worldCopyJump: true, minZoom: 2, maxZoom: 14, zoomSnap: 0.5, keyboardPanDelta: 120 });
map.createPane("ground").style.zIndex = 150;
map.createPane("truth").style.zIndex = 380;
L.control.zoom({ position: "bottomleft" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomleft" }).addTo(map);
L.control.attribution({ prefix: false, position: "bottomright" }).addAttribution(BASEMAP.attribution).addTo(map);
const ground = new Ground(BASEMAP, () => Object.fromEntries(["land", "border", "coast", "town", "halo"].map((name) => [name, colour(name)])));
const marks = L.layerGroup().addTo(map), truths = L.layerGroup().addTo(map);

function known() {
  const shown = [];
  for (const history of DATA.incidents) {
    const past = history.filter((r) => r.updated <= view.now && r.raised <= view.now);
    if (!past.length) continue;
    const revision = past[past.length - 1], state = stateOf(revision), raised = past.some((r) => RAISED.has(stateOf(r)));
    if (raised || view.silent) shown.push({ history: past, revision, state, chosen: revision.incident_id === view.chosen });
  }
  return shown.sort((a, b) => b.revision.raised - a.revision.raised || (a.revision.incident_id < b.revision.incident_id ? -1 : 1));
}

function nearestTruth(revision) {
  const near = TRUTH.map((e) => ({ name: e.place || e.name, km: map.distance([e.lat, e.lon], [revision.lat, revision.lon]) / 1000, decoy: e.decoy, radius: e.felt_radius_km || e.radius_km }))
    .filter((e) => e.km <= e.radius).sort((a, b) => a.km - b.km)[0];
  return near || null;
}

// Where a label may stand beside its dot, in order of liking: direction of Leaflet, offset, and the corner of the box from the dot.
const SIDES = [["right", [10, 0], (w, h) => [10, -h / 2]], ["left", [-10, 0], (w, h) => [-10 - w, -h / 2]], ["top", [0, -10], (w, h) => [-w / 2, -10 - h]], ["bottom", [0, 10], (w, h) => [-w / 2, 10]]];
const ruler = document.createElement("canvas").getContext("2d");

// Find a side where the whole label is in the window and covers no other label and no other dot; null when there is none.
function sideFor(at, lines, taken) {
  ruler.font = "600 15px system-ui, 'DejaVu Sans', sans-serif";
  const width = Math.max(...lines.map((line, n) => ruler.measureText(line).width * (n ? 0.82 : 1))) + 18, height = 44;
  for (const [direction, offset, corner] of SIDES) {
    const [dx, dy] = corner(width, height), box = [at.x + dx, at.y + dy, at.x + dx + width, at.y + dy + height];
    const whole = box[0] > 0 && box[1] > 0 && box[2] < map.getSize().x && box[3] < map.getSize().y - 16;
    if (whole && !taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])) {
      return { at: { direction, offset }, box };
    }
  }
  return null;
}

function drawMarks(shown, words) {
  marks.clearLayers();
  const dashes = { watch: "2 6", explained: "2 6", quiet: "8 6", closed: "3 4", withdrawn: "3 4" };
  const points = shown.map(({ revision: r }) => map.latLngToContainerPoint([r.lat, r.lon]));
  const taken = points.map((p) => [p.x - 8, p.y - 8, p.x + 8, p.y + 8]);
  // The chosen one and the open ones get their labels first.
  const order = shown.map((entry, n) => [entry, n]).sort(([a], [b]) => b.chosen - a.chosen || (b.state === "open") - (a.state === "open"));
  for (const [{ revision: r, state, chosen }, n] of order) {
    const ink = colour(looks(state)), done = state === "closed" || state === "withdrawn";
    const style = { color: ink, weight: chosen ? 3 : 1.8, dashArray: dashes[state] || null, fillColor: ink, interactive: false };
    L.circle([r.lat, r.lon], { ...style, radius: r.radius_km * 1000, fillOpacity: done ? 0.04 : 0.1 }).addTo(marks);
    L.circle([r.lat, r.lon], { ...style, radius: r.r50_km * 1000, weight: 0, fillOpacity: done ? 0.1 : 0.28 }).addTo(marks);
    for (const z of done ? [] : r.zones || []) {
      L.circle([z.lat, z.lon], { ...style, weight: 1.2, dashArray: null, className: "zone", radius: z.radius_km * 1000, fillOpacity: 0.14, interactive: chosen })
        .bindTooltip(`${z.place} · ${words.voicesShort(z.voices)}`, { className: `mark ${looks(state)}`, direction: "top" }).addTo(marks);
    }
    const dot = L.circleMarker([r.lat, r.lon], { radius: chosen ? 10 : 8, color: colour("panel"), weight: 2, fillColor: ink, fillOpacity: done ? 0.75 : 1, className: "dot" });
    const lines = [words.hazard[r.hazard] || r.hazard, `${placed(r.place, words)} · ${words.voicesShort(r.voices)}`];
    const side = done && !chosen ? null : sideFor(points[n], lines, taken.filter((_, m) => m !== n));
    if (side) taken.push(side.box);
    dot.bindTooltip(el("span", {}, lines[0], el("small", {}, lines[1])), { permanent: side !== null, direction: "right", offset: [10, 0], ...(side ? side.at : {}), className: `mark ${looks(state)}`, opacity: 1 });
    dot.on("click", () => choose(r.incident_id)).addTo(marks);
    dot.getElement().setAttribute("data-incident", r.incident_id);
    if (chosen) dot.bringToFront();
  }
}

function drawTruth(words) {
  truths.clearLayers();
  if (!view.truth) return;
  for (const e of TRUTH) {
    if (Date.parse(e.start) > view.now) continue;
    const ink = colour(e.decoy ? "soft" : "truth");
    const icon = L.divIcon({ className: "", iconSize: [20, 20], iconAnchor: [10, 10], html: "" });
    const mark = L.marker([e.lat, e.lon], { icon, pane: "truth", keyboard: false, alt: e.name }).addTo(truths);
    mark.getElement().append(svg("svg", { width: 20, height: 20, viewBox: "0 0 20 20" }, svg("path", { d: e.decoy ? "M4 4L16 16M16 4L4 16" : "M10 1L19 10L10 19L1 10Z", fill: "none", stroke: ink, "stroke-width": 2.2 })));
    mark.bindTooltip(el("span", {}, `${e.place || e.name} : ${e.decoy ? words.decoy : words.expected}`), { className: "mark truth", direction: "top", offset: [0, -8] });
  }
}

function draw() {
  const words = WORDS[view.lang], shown = known();
  const entry = shown.find(({ chosen }) => chosen) || null;
  drawList(shown, words, view.lang, choose);
  drawDetail(entry, entry ? entry.history : [], entry && view.truth ? nearestTruth(entry.revision) : null, words, view.lang, () => choose(null));
  drawLanes([...shown].reverse(), SPAN, view.now, words, view.lang, choose);
  drawMarks(shown, words);
  drawTruth(words);
  byId("now").textContent = `${clock(view.now, view.lang)} UTC`;
  byId("counts").textContent = words.counts(shown.length, shown.filter(({ state }) => state === "open").length);
  byId("clock").value = String(Math.round(STEPS * (view.now - SPAN[0]) / (SPAN[1] - SPAN[0] || 1)));
  byId("clock").setAttribute("aria-valuetext", clock(view.now, view.lang));
}

function drawWords() {
  const words = WORDS[view.lang];
  document.documentElement.lang = view.lang;
  byId("title").textContent = DATA.title;
  for (const id of ["lang", "theme", "truth", "silent", "heading", "notice", "hint"]) byId(id).textContent = words[id];
  byId("play").textContent = view.playing ? words.pause : words.play;
  byId("truth").hidden = !TRUTH.length;
  byId("map").setAttribute("aria-label", words.map); byId("side").setAttribute("aria-label", words.list); byId("clock").setAttribute("aria-label", words.time);
  const legend = byId("legend"), entries = ["open", "quiet", "closed", "watch", "explained"].map((state) => el("li", {}, el("span", { class: `sign ${state}` }), words[state]));
  if (TRUTH.length) entries.push(el("li", {}, el("span", { class: "sign truth" }), words.expected));
  legend.querySelector("summary").textContent = words.legend;
  legend.querySelector("ul").replaceChildren(...entries);
  legend.querySelector("p").textContent = words.shades;
}

function choose(id) {
  view.chosen = id;
  draw();
  const entry = id && known().find(({ chosen }) => chosen);
  if (entry) {
    const bounds = L.latLng(entry.revision.lat, entry.revision.lon).toBounds(Math.max(8, entry.revision.radius_km * 2.6) * 1000);
    const side = Math.min(400, map.getSize().x * 0.45);
    map.fitBounds(bounds, { paddingTopLeft: [20, 50], paddingBottomRight: [side, 30], animate: false, maxZoom: 11 });
  }
}

function setNow(at) {
  view.now = Math.max(SPAN[0], Math.min(SPAN[1], at));
  draw();
}

function play(wanted) {
  cancelAnimationFrame(view.playing);
  view.playing = null;
  if (wanted) {
    if (view.now >= SPAN[1]) view.now = SPAN[0];
    let last = performance.now();
    const tick = (instant) => {
      if (instant - last > 60) { setNow(view.now + (instant - last) * (SPAN[1] - SPAN[0]) / PLAY_MS); last = instant; }
      if (view.now >= SPAN[1]) return play(false);
      view.playing = requestAnimationFrame(tick);
    };
    view.playing = requestAnimationFrame(tick);
  }
  drawWords();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  if (map.hasLayer(ground)) { ground.redraw(); draw(); }
}

function move(step) {
  const ids = known().map(({ revision }) => revision.incident_id), at = ids.indexOf(view.chosen);
  if (ids.length) choose(ids[Math.max(0, Math.min(ids.length - 1, at < 0 ? 0 : at + step))]);
  byId("list").querySelector("[aria-current]")?.focus();
}

function home() {
  const points = (DATA.incidents.length ? DATA.incidents.flat() : TRUTH).map((r) => [r.lat, r.lon]);
  // Metropolitan France when all lies in or near it: the ground is most detailed there.
  const france = L.latLngBounds([[41.2, -5.4], [51.2, 9.7]]);
  map.fitBounds(points.length && !points.every((p) => france.contains(p)) ? L.latLngBounds(points).pad(0.12) : france, { animate: false });
}

byId("clock").addEventListener("input", (event) => { play(false); setNow(SPAN[0] + (SPAN[1] - SPAN[0]) * event.target.value / STEPS); });
byId("play").addEventListener("click", () => play(!view.playing));
byId("lang").addEventListener("click", () => { view.lang = view.lang === "fr" ? "en" : "fr"; drawWords(); draw(); });
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
for (const name of ["truth", "silent"]) byId(name).addEventListener("click", (event) => { view[name] = !view[name]; event.currentTarget.setAttribute("aria-pressed", String(view[name])); draw(); });
document.addEventListener("keydown", (event) => {
  const inMap = event.target.closest("#map"), inSlider = event.target.id === "clock";
  if (event.key === "Escape") choose(null);
  else if (event.key === " " && event.target.tagName !== "BUTTON" && event.target.tagName !== "SUMMARY") { event.preventDefault(); play(!view.playing); }
  else if (!inMap && !inSlider && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); move(event.key === "ArrowDown" ? 1 : -1); }
  else if (!inMap && !inSlider && (event.key === "ArrowLeft" || event.key === "ArrowRight")) { event.preventDefault(); play(false); setNow(view.now + (event.key === "ArrowRight" ? 1 : -1) * (SPAN[1] - SPAN[0]) / 100); }
});
window.addEventListener("resize", draw);

setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
byId("legend").open = window.innerWidth > 800;
home();
ground.addTo(map);
map.on("moveend", () => drawMarks(known(), WORDS[view.lang]));
drawWords();
draw();
document.documentElement.dataset.ready = "true";
