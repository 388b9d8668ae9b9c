// Speaks with the runner: one JSON document at a time, and its errors as they were meant.

/** What the runner refused, or that it could not be reached (`status` 0). */
export class Refused extends Error {
  constructor(message, { hint = "", status = 0, after = 0 } = {}) {
    super(message);
    Object.assign(this, { hint, status, after });
  }
}

// An answer that takes longer than this is not waited for.
const PATIENCE = 20_000;

/** What the page does wherever the runner asks who is there. */
export const door = { closed: () => {} };

export async function get(path, parameters = {}, { signal } = {}) {
  const chosen = Object.entries(parameters).filter(([, value]) => value !== "" && value != null && value !== false);
  const query = new URLSearchParams(chosen.map(([name, value]) => [name, value === true ? "1" : value]));
  const search = query.toString();
  return await answer(`api/${path}${search ? `?${search}` : ""}`, { signal });
}

export async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return await answer(`api/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function answer(url, options) {
  const late = AbortSignal.timeout(PATIENCE);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  const response = await reach(url, { ...options, signal });
  const document = await response.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return null;
  });
  if (response.ok && document !== null) return document;
  throw refusal(response, document);
}

/** An answer of any kind; `Refused` where there was none. */
export async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError" || error instanceof Refused) throw error;
    const silent = error.name === "TimeoutError";
    throw new Refused(silent ? "The runner does not answer." : "The runner can't be reached.", { hint: "Nothing is known of what was asked for: look before you ask again." });
  }
}

/** What an answer that isn't the wanted one says. A 401 also opens the door to log in. */
export function refusal(response, document) {
  const { message, hint } = document?.error ?? {};
  const after = Number(response.headers.get("Retry-After")) || 0;
  const said = new Refused(message || `The runner answered ${response.status}.`, { hint: hint || "", status: response.status, after });
  if (response.status === 401) door.closed(said);
  return said;
}

/**
 * Reads one document anew whenever it has changed, never twice at once.
 * `read(signal)` gets it, `shown` says whether anybody would see it.
 */
export class Feed {
  constructor({ read, show, failed = () => {}, shown = () => true }) {
    Object.assign(this, { read, show, failed, shown });
    this.running = null;
    this.stale = false;
    this.revision = undefined;
  }

  /** It is of this revision now. */
  changed(revision) {
    if (revision === this.revision) return;
    this.revision = revision;
    this.stale = true;
    this.wake();
  }

  /** Somebody can see it now, or it is not known any more whether it is as it was. */
  wake() {
    if (this.stale && !this.running && this.shown()) this.run();
  }

  /** It is asked for otherwise than before: what is under way is of no use. */
  again() {
    this.running?.abort();
    this.running = null;
    this.run();
  }

  async run() {
    const mine = (this.running = new AbortController());
    this.stale = false;
    let failure = null;
    try {
      const document = await this.read(mine.signal);
      if (this.running === mine) this.show(document);
    } catch (error) {
      failure = error;
    }
    if (this.running !== mine) return;
    this.running = null;
    if (failure) {
      this.revision = undefined; // the next word of the stream asks again
      if (!(failure instanceof Refused)) throw failure;
      this.failed(failure);
    } else this.wake();
  }
}
