/**
 * What the page measures for comparing the two backends: how long an answer takes and how long it takes to draw, how
 * long a touch or a key waits, and what fails. Measuring never fails a person and never lets one wait.
 */

/** @typedef {import("../page/api.js").Api} Api */
/** @typedef {{component: string, backend: string, kind: "fetch" | "render" | "interaction" | "error", elapsedMs: number, error?: string}} Measurement */

const PATH = "/components/measurements";
const EVERY_MS = 30_000;
const BATCH = 100;
const KEPT = 500;
const PATIENCE_MS = 20_000;
const LONGEST_MS = 600_000;
const SLOW_MS = 40; // what is quicker is not reported by browsers
const NO_ANSWER = "NoAnswer";

/**
 * Measure until ``signal`` says that it is enough.
 * @param {Api} api
 * @param {number} expiresAt when the token ends
 * @param {AbortSignal} signal
 */
export function measure(api, expiresAt, signal) {
  const measurements = new Measurements(api, expiresAt);
  const interactions = new Interactions(measurements);
  const changes = watchVisibility(signal, () => {
    interactions.take();
    measurements.send();
  });
  const note = (/** @type {import("../page/api.js").Noticed} */ noticed) => {
    if (noticed.kind === "broke") measurements.add(noticed.component, "error", 0, { error: noticed.error });
    else if (noticed.kind === "answer") noteAnswer(measurements, noticed);
    else if (noticed.at > changes.last) measurements.add(noticed.component, "render", noticed.elapsedMs);
  };
  for (const noticed of api.noticed) note(noticed);
  const stops = [api.onNoticed(note), interactions.observe()];
  const timer = setInterval(() => measurements.send(), EVERY_MS);
  signal.addEventListener("abort", () => {
    clearInterval(timer);
    for (const stop of stops) stop();
  });
}

/**
 * @param {Measurements} measurements
 * @param {import("../page/api.js").Answer} answer
 */
function noteAnswer(measurements, { component, status, elapsedMs, backend }) {
  if (status === 200) measurements.add(component, "fetch", elapsedMs, { backend });
  else
    measurements.add(component, "error", 0, {
      backend,
      error: status ? `Status${Math.floor(status / 100)}xx` : NO_ANSWER,
    });
}

/**
 * When the page was last shown or hidden: nothing is drawn meanwhile. A person who leaves may not come back.
 * @param {AbortSignal} signal
 * @param {() => void} onLeave
 */
function watchVisibility(signal, onLeave) {
  const changes = { last: document.visibilityState === "visible" ? 0 : performance.now() };
  const changed = () => {
    changes.last = performance.now();
    if (document.visibilityState === "hidden") onLeave();
  };
  document.addEventListener("visibilitychange", changed, { signal });
  addEventListener("pagehide", onLeave, { signal });
  return changes;
}

/** How long somebody waits for what they did, where the browser measures it. */
class Interactions {
  /** @param {Measurements} measurements */
  constructor(measurements) {
    this.measurements = measurements;
    /** @type {{id: number, measurement: Measurement | null}} of the last one: it has several events */
    this.last = { id: 0, measurement: null };
    /** @type {PerformanceObserver | null} */
    this.observer = null;
  }

  /** Returns how to stop. */
  observe() {
    if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes("event")) return () => {};
    this.observer = new PerformanceObserver((list) => this.noteAll(list.getEntries()));
    this.observer.observe(/** @type {any} */ ({ type: "event", durationThreshold: SLOW_MS, buffered: true }));
    return () => this.observer?.disconnect();
  }

  /** Note what the browser has not reported yet: it may not report it any more once the page was left. */
  take() {
    this.noteAll(this.observer?.takeRecords() ?? []);
  }

  /** @param {PerformanceEntryList} entries */
  noteAll(entries) {
    for (const entry of entries) this.note(/** @type {any} */ (entry));
  }

  /** @param {{interactionId: number, duration: number, target: Element | null}} entry */
  note({ interactionId: id, duration, target }) {
    const component = target?.closest?.(".made-up") ? null : target?.closest?.("[data-component]");
    if (!id || !component) return;
    if (id !== this.last.id) {
      const name = component.getAttribute("data-component") ?? "";
      this.last = { id, measurement: this.measurements.add(name, "interaction", duration) };
    } else if (this.last.measurement) {
      this.last.measurement.elapsedMs = Math.max(this.last.measurement.elapsedMs, duration);
    }
  }
}

/** What was measured and not sent yet: the oldest goes where there is too much. */
class Measurements {
  /**
   * @param {Api} api
   * @param {number} expiresAt
   */
  constructor(api, expiresAt) {
    this.api = api;
    this.expiresAt = expiresAt;
    /** @type {Measurement[]} */
    this.kept = [];
    /** @type {Measurement[]} that a collector did not take: they are sent again */
    this.again = [];
    this.isSending = false;
  }

  /**
   * @param {string} component
   * @param {Measurement["kind"]} kind
   * @param {number} elapsedMs
   * @param {{backend?: string | null, error?: string}} [more] ``backend``: else who gave the last answer; of nobody
   *   nothing is measured
   */
  add(component, kind, elapsedMs, { backend = null, error } = {}) {
    const by = backend ?? this.api.last.get(component)?.backend;
    if (!by) return null;
    const rounded = Math.min(Math.max(Math.round(elapsedMs * 10) / 10, 0), LONGEST_MS);
    /** @type {Measurement} */
    const measurement = { component, backend: by, kind, elapsedMs: rounded, ...(error && { error }) };
    this.kept.push(measurement);
    if (this.kept.length > KEPT) this.kept.shift();
    return measurement;
  }

  async send() {
    const isAgain = this.again.length > 0;
    const batch = isAgain ? this.again : this.kept.slice(0, BATCH);
    if (this.isSending || !batch.length || Date.now() >= this.expiresAt) return;
    if (isAgain) this.again = [];
    else this.kept = this.kept.slice(BATCH);
    this.isSending = true;
    const isTaken = await this.taken(batch);
    this.isSending = false;
    if (!isTaken && !isAgain) this.again = batch;
  }

  /**
   * Whether there is nothing to be sent again.
   * @param {Measurement[]} measurements
   */
  async taken(measurements) {
    const ask = this.api.fetch;
    try {
      const response = await ask(this.api.base + PATH, {
        method: "POST",
        headers: { Authorization: `Bearer ${this.api.token}`, "Content-Type": "application/json" },
        body: JSON.stringify({ measurements }),
        keepalive: true, // the page may be gone
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      await response.text(); // a browser calls an answer that nobody reads a failure
      return response.status < 500;
    } catch {
      return false;
    }
  }
}
