"use strict";
// The offline ground: land, borders and names, drawn on one canvas below everything else.
const Ground = L.Layer.extend({
  // `shade` may give a département a fill of its own, by its code.
  initialize(basemap, colours, shade = null) {
    this._colours = colours;
    this._shade = shade;
    this._towns = basemap.towns;
    this._layers = [this._decode(basemap.world), this._decode(basemap.france)];
    // Two sources disagree by a few kilometres along the land border of France: there a band of land is laid under both.
    this._seams = basemap.france.seams.map((flat) => this._project(flat, basemap.france.scale));
  },

  onAdd(map) {
    this._map = map;
    this._canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", map.getPane("ground"));
    map.on("moveend zoomend resize viewreset", this.redraw, this);
    this.redraw();
  },

  onRemove(map) {
    this._canvas.remove();
    map.off("moveend zoomend resize viewreset", this.redraw, this);
  },

  _project(flat, scale) {
    const points = [];
    let x = 0, y = 0;
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i]; y += flat[i + 1];
      const latitude = Math.max(-85, Math.min(85, y * scale)) * Math.PI / 180;
      points.push([(x * scale + 180) / 360, (1 - Math.log(Math.tan(latitude) + 1 / Math.cos(latitude)) / Math.PI) / 2]);
    }
    return points;
  },

  // Pieces become Mercator points once (world width 1), each shape a list of rings with its bounds.
  _decode(topology) {
    const pieces = topology.arcs.map((flat) => this._project(flat, topology.scale));
    return topology.shapes.flatMap(([code, , rings]) => rings.map((indices) => {
      const ring = [];
      for (const index of indices) {
        const piece = index >= 0 ? pieces[index] : pieces[~index].slice().reverse();
        for (let i = ring.length ? 1 : 0; i < piece.length; i++) ring.push(piece[i]);
      }
      const xs = ring.map((p) => p[0]), ys = ring.map((p) => p[1]);
      return { ring, code, box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] };
    }));
  },

  redraw() {
    const map = this._map, size = map.getSize(), ratio = window.devicePixelRatio || 1;
    const canvas = this._canvas, colours = this._colours();
    canvas.width = size.x * ratio; canvas.height = size.y * ratio;
    canvas.style.width = `${size.x}px`; canvas.style.height = `${size.y}px`;
    const corner = map.containerPointToLayerPoint([0, 0]);
    L.DomUtil.setPosition(canvas, corner);
    const world = 256 * 2 ** map.getZoom(), shift = map.getPixelOrigin().add(corner);
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.lineJoin = "round";
    pen.beginPath();
    for (const seam of this._seams) seam.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x * world - shift.x, y * world - shift.y));
    pen.strokeStyle = colours.land;
    pen.lineWidth = world * 0.12 / 360;
    pen.stroke();
    this._layers.forEach((shapes, level) => {
      pen.beginPath();
      for (const { ring, box } of shapes) {
        if (box[2] * world < shift.x || box[0] * world > shift.x + size.x || box[3] * world < shift.y || box[1] * world > shift.y + size.y) continue;
        ring.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x * world - shift.x, y * world - shift.y));
        pen.closePath();
      }
      pen.fillStyle = colours.land;
      pen.fill("evenodd");
      if (level && this._shade) this._fill(pen, shapes, world, shift);
      pen.strokeStyle = level ? colours.border : colours.coast;
      pen.lineWidth = level ? 0.8 : 1;
      pen.stroke();
    });
    this._names(pen, size, colours);
  },

  _fill(pen, shapes, world, shift) {
    for (const { ring, code } of shapes) {
      const fill = this._shade(code);
      if (!fill) continue;
      const one = new Path2D();
      ring.forEach(([x, y], i) => one[i ? "lineTo" : "moveTo"](x * world - shift.x, y * world - shift.y));
      one.closePath();
      pen.fillStyle = fill;
      pen.fill(one);
    }
  },

  // Large towns first; a name that would touch another is left out.
  _names(pen, size, colours) {
    const map = this._map, zoom = map.getZoom(), taken = [];
    const least = zoom < 4 ? 3e6 : zoom < 5 ? 1e6 : zoom < 6 ? 3e5 : zoom < 7 ? 1e5 : zoom < 8 ? 5e4 : zoom < 9 ? 2e4 : 0;
    const bounds = map.getBounds().pad(0.05);
    pen.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    pen.textBaseline = "middle";
    for (const [name, lat, lon, people] of this._towns) {
      if (people < least) break;
      if (!bounds.contains([lat, lon])) continue;
      const at = map.latLngToContainerPoint([lat, lon]), width = pen.measureText(name).width;
      const box = [at.x - 4, at.y - 9, at.x + width + 10, at.y + 9];
      if (taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3])) continue;
      taken.push(box);
      pen.fillStyle = colours.town;
      pen.fillRect(at.x - 1.5, at.y - 1.5, 3, 3);
      pen.lineWidth = 3; pen.strokeStyle = colours.halo;
      pen.strokeText(name, at.x + 6, at.y);
      pen.fillText(name, at.x + 6, at.y);
    }
  },
});
