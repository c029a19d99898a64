"use strict";
// The list, the detail of one signal, and the lanes of time. Every text enters by textContent: data is never markup.
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function stateOf(revision) {
  if (revision.msg_type === "Cancel" && revision.state !== "explained") return revision.reason === "closed" ? "closed" : "withdrawn";
  return revision.state;
}

function looks(state) {
  return state === "withdrawn" ? "closed" : state;
}

function sign(revision, state) {
  return el("span", { class: `sign ${looks(state)}`, "aria-hidden": "true" }, SIGNS[revision.hazard] || "?");
}

function clock(at, lang, withDay = false) {
  const format = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC" };
  if (withDay) Object.assign(format, { day: "2-digit", month: "2-digit", second: undefined });
  return new Intl.DateTimeFormat(lang === "fr" ? "fr-FR" : "en-GB", format).format(at);
}

function drawList(view, words, lang, choose) {
  const items = view.map(({ revision, state, chosen }) => el("li", {}, el("button",
    { type: "button", "aria-current": chosen ? "true" : null, "data-incident": revision.incident_id, onclick: () => choose(revision.incident_id) },
    sign(revision, state),
    el("span", { class: "what" }, words.hazard[revision.hazard] || revision.hazard),
    el("span", { class: "when" }, clock(revision.raised, lang)),
    el("span", { class: "line" }, el("span", { class: "where" }, placed(revision.place, words)),
      el("span", { class: "heard" }, `${words.voicesShort(revision.voices)} · ${words[state] || state}`)))));
  document.getElementById("list").replaceChildren(...(items.length ? items : [el("li", { class: "none" }, words.none)]));
}

function drawDetail(entry, history, nearest, words, lang, close) {
  const box = document.getElementById("detail"), wasHidden = box.hidden;
  box.hidden = !entry;
  if (!entry) return box.replaceChildren();
  const i = entry.revision, scroll = wasHidden ? 0 : box.scrollTop;
  const row = (name, value) => (value === null || value === "" ? [] : [el("dt", {}, name), el("dd", {}, value)]);
  const part = (name, items) => [el("h3", {}, name), el("ul", {}, ...(items.length ? items : [words.nobody]).map((item) => el("li", {}, told(item, words))))];
  const top = Math.max(i.evidence, i.threshold) * 1.15 || 1;
  const meter = el("div", { class: `meter ${looks(entry.state)}`, role: "img", "aria-label": `${words.evidence} ${i.evidence}, ${words.threshold} ${i.threshold}` }, el("i"), el("b"));
  meter.firstChild.style.width = `${100 * Math.max(0, i.evidence) / top}%`;
  meter.lastChild.style.left = `${100 * i.threshold / top}%`;
  const kinds = Object.entries(i.hazards).sort((a, b) => b[1] - a[1]).slice(0, 4).map(([name, share]) => `${words.hazard[name] || name} ${Math.round(share * 100)} %`);
  box.replaceChildren(
    el("button", { class: "shut", type: "button", "aria-label": words.close, onclick: close }, "×"),
    el("h2", {}, `${words.hazard[i.hazard] || i.hazard} · ${placed(i.place, words)}`),
    el("div", { class: "chips" }, el("span", { class: `chip ${looks(entry.state)}` }, words[entry.state] || entry.state), el("span", { class: "chip" }, i.evaluation === "unjudged" ? words.unjudged : i.evaluation),
      el("span", { class: "chip" }, `${words.raised} ${clock(i.raised, lang)}`)),
    el("p", { class: "say" }, words.says(i, words.hazard[i.hazard] || i.hazard) || i.sentence),
    el("dl", {}, ...row(words.where, `${i.lat.toFixed(4)}, ${i.lon.toFixed(4)}`), ...row(words.radius, `${number(i.radius_km, lang)} / ${number(i.r50_km, lang)} km`),
      ...row(words.voices, `${i.voices} (${words.witnesses} ${i.witnesses}, ${words.located} ${i.located_voices}${i.denials ? `, ${words.denials} ${i.denials}` : ""})`),
      ...row(words.networks, i.networks.join(", ")), ...row(words.hazards, kinds.join(", ")),
      ...row(words.first, clock(i.first, lang)), ...row(words.updated, clock(i.updated, lang)),
      ...row(words.usual, `${number(i.expected, lang)} / ${span(i.window_ms, lang)} (${i.warm ? words.warm : words.cold})`),
      ...row(words.forgery, String(i.forgery_cost)),
      ...(nearest ? row(words.real, `${nearest.name} : ${number(nearest.km, lang)} km ${words.error}`) : [])),
    el("h3", {}, words.evidence), meter, el("div", { class: "soft" }, `${number(i.evidence, lang, 3)} (${words.threshold} ${number(i.threshold, lang, 3)}, ${words.sure})`),
    ...part(words.reported, i.reported), ...part(words.inferred, i.inferred), ...part(words.unknown, i.unknown),
    ...(i.zones && i.zones.length ? [el("h3", {}, words.zones), zoneTable(i.zones, words, lang)] : []),
    el("h3", {}, words.terms), el("div", { class: "terms" }, ...i.terms.map((term) => el("span", {}, term))),
    el("h3", {}, words.history),
    el("table", {}, el("thead", {}, el("tr", {}, ...[words.at, words.reason, words.place, "r90", words.voices].map((name) => el("th", {}, name)))),
      el("tbody", {}, ...history.map((r) => el("tr", {}, ...[clock(r.updated, lang), words.why[r.reason] || r.reason, placed(r.place, words), `${number(r.radius_km, lang)} km`, r.voices].map((cell) => el("td", {}, String(cell))))))));
  box.scrollTop = scroll;
  if (wasHidden) box.focus({ preventScroll: true });
}

// The zones of a mass event: where people tell of it, since when, and what they report.
function zoneTable(zones, words, lang) {
  const reports = (z) => Object.entries(z.consequences).sort((a, b) => b[1] - a[1]).map(([name, n]) => `${words.told[name] || name} ${n}`).join(", ");
  return el("table", { class: "zones" }, el("thead", {}, el("tr", {}, ...[words.place, words.voices, words.first, words.reported].map((name) => el("th", {}, name)))),
    el("tbody", {}, ...zones.map((z) => el("tr", {}, ...[z.place, z.voices, clock(Date.parse(z.first_at), lang), reports(z)].map((cell) => el("td", {}, String(cell)))))));
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// One lane a signal: a bar from the first voice to the end that thickens with the voices, and a tick at the raise.
function drawLanes(shown, span, now, words, lang, choose) {
  const chart = document.getElementById("lanes"), width = chart.clientWidth || 800, height = 92, foot = 16;
  const x = (at) => ((at - span[0]) / (span[1] - span[0] || 1)) * width;
  const lane = Math.min(15, (height - foot) / Math.max(1, shown.length)), parts = [];
  const step = [5, 10, 15, 30, 60, 120, 360, 720, 1440, 10080].map((m) => m * 60000).find((s) => (span[1] - span[0]) / s <= Math.max(3, width / 90)) || 604800000;
  for (let at = Math.ceil(span[0] / step) * step; at < span[1]; at += step) {
    parts.push(svg("line", { class: "grid", x1: x(at), x2: x(at), y1: 0, y2: height - foot }),
      svg("text", { x: x(at) + 3, y: height - 3 }, step >= 86400000 ? clock(at, lang, true) : clock(at, lang).slice(0, 5)));
  }
  shown.forEach(({ history, state, revision, chosen }, index) => {
    const group = svg("g", { class: `lane ${looks(state)}` }), middle = lane * (index + 0.5);
    history.forEach((r, n) => {
      const from = x(n ? r.updated : r.first), to = Math.max(from + 2, x(history[n + 1] ? history[n + 1].updated : r.closed || Math.min(now, span[1])));
      const thick = Math.min(lane - 1, 2 + 2.2 * Math.log2(1 + r.voices));
      group.append(svg("rect", { x: from, y: middle - thick / 2, width: to - from, height: thick, fill: "var(--c)", opacity: chosen ? 1 : 0.7 }));
    });
    group.append(svg("line", { x1: x(history[0].raised), x2: x(history[0].raised), y1: middle - lane / 2, y2: middle + lane / 2, stroke: "var(--ink)", "stroke-width": 2 }),
      svg("title", {}, `${words.hazard[revision.hazard] || revision.hazard}, ${placed(revision.place, words)}`));
    group.addEventListener("click", () => choose(revision.incident_id));
    parts.push(group);
  });
  parts.push(svg("line", { class: "now", x1: x(now), x2: x(now), y1: 0, y2: height - foot }));
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  chart.setAttribute("aria-label", words.time);
  chart.replaceChildren(...parts);
}
