"use strict";
// The stream of changes: one connection, resumed by the browser with the number of the last event it saw.
const FACTS = JSON.parse(document.getElementById("facts").textContent);

class Live extends EventTarget {
  constructor(seq) {
    super();
    this.source = new EventSource(`/events?since=${seq}`);
    for (const name of ["change", "clock", "status"]) {
      this.source.addEventListener(name, (event) => this.dispatchEvent(new CustomEvent(name, { detail: JSON.parse(event.data) })));
    }
    this.source.addEventListener("reload", () => location.reload());
    this.source.addEventListener("open", () => this.dispatchEvent(new CustomEvent("link", { detail: true })));
    this.source.addEventListener("error", () => {
      this.dispatchEvent(new CustomEvent("link", { detail: false }));
      // The browser gives up for good when it is refused (signed out, too many viewers): look again by loading the page.
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
    });
    addEventListener("pagehide", () => this.source.close());
  }
}

// A short double tone, made here: no file, no network.
class Bell {
  constructor() { this.context = null; }
  get on() { return this.context !== null; }
  toggle() {
    if (this.on) { this.context.close(); this.context = null; } else { this.context = new AudioContext(); this.ring(); }
    return this.on;
  }
  ring() {
    if (!this.on) return;
    const start = this.context.currentTime;
    for (const [delay, pitch] of [[0, 660], [0.22, 880]]) {
      const tone = this.context.createOscillator(), loudness = this.context.createGain();
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0, start + delay);
      loudness.gain.linearRampToValueAtTime(0.25, start + delay + 0.02);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + delay + 0.2);
      tone.connect(loudness).connect(this.context.destination);
      tone.start(start + delay);
      tone.stop(start + delay + 0.21);
    }
  }
}
