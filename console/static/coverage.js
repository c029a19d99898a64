"use strict";
// The coverage as a map; the table beside it says the same. There is no colour for "all is well".
const STATES = JSON.parse(document.getElementById("states").textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const map = L.map("map", { zoomSnap: 0.25, maxZoom: 10, minZoom: 3 });
map.createPane("ground").style.zIndex = 150;
map.attributionControl.setPrefix(false).addAttribution("Natural Earth · IGN · GeoNames");
const ground = new Ground(
  BASEMAP,
  () => Object.fromEntries(["land", "border", "coast", "town", "halo"].map((name) => [name, colour(name)])),
  (code) => (STATES[code] ? colour(`cover-${STATES[code]}`) : null),
).addTo(map);
map.fitBounds([[41.3, -5.2], [51.1, 9.6]]);
document.addEventListener("theme", () => ground.redraw());
document.documentElement.dataset.ready = "true";
