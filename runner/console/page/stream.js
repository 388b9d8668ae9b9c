// The live line to the runner: server-sent events, read so that silence and refusals are heard too.

import { Refused, reach, refusal } from "./api.js";

// The runner says something at least every 15 s; a line that is silent for longer is cut.
const SILENCE = 20_000;
const WAITS = [500, 1_000, 2_000, 5_000, 10_000];

/** `heard(document)` for each status, `lost(error)` once the line broke, until it is `closed`. */
export class Line {
  constructor({ heard, lost }) {
    Object.assign(this, { heard, lost, tries: 0, cut: null, timer: 0, open: false });
  }

  /** Tries now, whatever it was waiting for. */
  async connect() {
    clearTimeout(this.timer);
    this.cut?.abort();
    const mine = (this.cut = new AbortController());
    this.open = true;
    try {
      await this.listen(mine);
      throw new Refused("The runner ended the connection.");
    } catch (error) {
      if (this.cut !== mine || !this.open) return;
      this.broke(error);
    }
  }

  /** Until somebody connects again. */
  close() {
    this.open = false;
    clearTimeout(this.timer);
    this.cut?.abort();
  }

  broke(error) {
    this.cut = null;
    const status = error instanceof Refused ? error.status : 0;
    const wait = Math.max(WAITS[Math.min(this.tries, WAITS.length - 1)], (error.after ?? 0) * 1000);
    this.tries += 1;
    if (status !== 401) this.timer = setTimeout(() => this.connect(), wait);
    this.lost(error instanceof Refused ? error : new Refused("The connection to the runner broke."));
  }

  async listen(mine) {
    let watch = setTimeout(() => mine.abort(new Refused("The runner has said nothing for 20 s.")), SILENCE);
    try {
      const response = await reach("api/stream", { signal: mine.signal, headers: { Accept: "text/event-stream" } });
      if (!response.ok) throw refusal(response, await response.json().catch(() => null));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(() => mine.abort(new Refused("The runner has said nothing for 20 s.")), SILENCE);
        text = this.take(text + value);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  /** Tells of each whole event; returns what has only begun. */
  take(text) {
    const events = text.split("\n\n");
    const rest = events.pop();
    for (const event of events) {
      const lines = event.split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (!lines.includes("event: status") || !data.length) continue;
      this.tries = 0;
      this.heard(JSON.parse(data.join("\n")));
    }
    return rest;
  }
}
