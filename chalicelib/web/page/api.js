/** Asking the application. A person never sees a meter at an older version than before, whichever backend answers. */

/** @typedef {{type: string, sourceVersion: number}} Versioned */

const PATIENCE_MS = 60_000;

/** An answer that is no success; ``status`` 0: none came. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, code?: string, details?: any, errors?: {where: string, reason: string}[]}} body
   */
  constructor(status, body) {
    super(body.detail);
    this.status = status;
    /** What is asked back: LOWER_THAN_PREVIOUS and the like. */
    this.code = body.code ?? null;
    this.details = body.details ?? null;
    this.errors = body.errors ?? [];
  }
}

/** The highest version of each meter that was shown or written. */
export class Versions {
  constructor() {
    /** @type {Map<string, number>} */
    this.highest = new Map();
  }

  /** @param {Versioned} answer */
  isOld({ type, sourceVersion }) {
    return sourceVersion < (this.highest.get(type) ?? 0);
  }

  /** @param {Versioned} answer */
  note({ type, sourceVersion }) {
    this.highest.set(type, Math.max(sourceVersion, this.highest.get(type) ?? 0));
  }
}

export class Api {
  /**
   * @param {string} base what stands before each path, such as /api
   * @param {string} token empty: nobody is asked, as without network
   * @param {() => void} onExpired called when the application does not take the token any more
   * @param {typeof globalThis.fetch} fetch
   * @param {import("./device.js").Device | null} [device] what keeps readings and figures; null: nothing, or not yet
   */
  constructor(base, token, onExpired, fetch, device = null) {
    this.base = base;
    this.token = token;
    this.onExpired = onExpired;
    this.fetch = fetch;
    this.versions = new Versions();
    /** @type {Set<(written: Set<string>) => void>} */
    this.listeners = new Set();
    this.device = device;
    /** Whether nobody answered. */
    this.isAway = false;
    /** @type {Map<string, import("./device.js").Last>} */
    this.shown = new Map();
  }

  /**
   * Be told which meters were written, after each write. Returns how to stop it.
   * @param {(written: Set<string>) => void} listener
   */
  onWritten(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /**
   * What a component shows; asked once more, and consistently, where it is older than what was shown before.
   * @template {object} Body
   * @param {string} component
   * @param {Record<string, string>} query
   * @param {(body: Body) => Versioned[]} metersOf
   * @param {boolean} [consistent] ask consistently at once: after a write
   * @returns {Promise<Body>} Throws a Problem.
   */
  async show(component, query, metersOf, consistent = false) {
    const path = `/components/${component}`;
    const insisting = { ...query, consistent: "true" };
    const body = await this.remembered(component, query, async () => {
      const { body: found } = await this.send("GET", path, { query: consistent ? insisting : query });
      const isOld = metersOf(found).some((meter) => this.versions.isOld(meter));
      return isOld ? (await this.send("GET", path, { query: insisting })).body : found;
    });
    for (const meter of metersOf(body)) this.versions.note(meter);
    return body;
  }

  /**
   * What ``ask`` finds; where nobody answers what it found last, with when that was as ``asOf``.
   * @template {object} Body
   * @param {string} component
   * @param {Record<string, string>} query
   * @param {() => Promise<Body>} ask
   * @returns {Promise<Body & {asOf?: number}>} Throws a Problem.
   */
  async remembered(component, query, ask) {
    const name = `${component}?${new URLSearchParams(query)}`;
    try {
      const body = await ask();
      this.isAway = false;
      this.remember(name, body);
      if ("zone" in body) this.remember("zone", body.zone);
      return body;
    } catch (problem) {
      if (/** @type {Problem} */ (problem).status !== 0) throw problem;
      this.isAway = true;
      this.device?.onAway();
      const [last, zone] = await Promise.all([name, "zone"].map((each) => this.last(each)));
      if (!last) throw problem;
      return { zone: zone?.body, ...last.body, asOf: last.at };
    }
  }

  /**
   * @param {string} name
   * @param {unknown} body
   */
  remember(name, body) {
    const last = { body, at: Date.now() };
    this.shown.set(name, last);
    this.device?.keep(name, last).catch(() => {});
  }

  /** @param {string} name */
  async last(name) {
    return this.shown.get(name) ?? this.device?.last(name).catch(() => null);
  }

  /**
   * Write something, and tell everybody who shows one of its meters.
   * @template Body
   * @param {"POST" | "PUT" | "DELETE"} method
   * @param {string} path such as /components/energy_forms
   * @param {Sent} sent
   * @param {(body: Body, headers: Headers) => Versioned[]} metersOf what was written, none for a preview
   * @returns {Promise<{body: Body, headers: Headers}>} Throws a Problem.
   */
  async write(method, path, sent, metersOf) {
    const answer = await this.send(method, path, sent);
    const meters = metersOf(answer.body, answer.headers);
    for (const meter of meters) this.versions.note(meter);
    const written = new Set(meters.map((meter) => meter.type));
    if (written.size) for (const listener of this.listeners) listener(written);
    return answer;
  }

  /**
   * @typedef {object} Sent
   * @property {Record<string, string>} [query]
   * @property {unknown} [json] sent as JSON
   * @property {BodyInit} [file] sent as it is
   * @property {Record<string, string>} [headers]
   */

  /**
   * @param {string} method
   * @param {string} path
   * @param {Sent} [sent]
   * @returns {Promise<{body: any, headers: Headers}>} ``body`` is text where it is no JSON. Throws a Problem.
   */
  async send(method, path, { query = {}, json, file, headers = {} } = {}) {
    const asked = new URLSearchParams(query).toString();
    const isJson = json !== undefined;
    if (!this.token) lost("nobody is signed in");
    const ask = this.fetch; // a browser's fetch is no method of this object
    const response = await ask(this.base + path + (asked && `?${asked}`), {
      method,
      headers: {
        Accept: "application/json",
        Authorization: `Bearer ${this.token}`,
        ...(isJson && { "Content-Type": "application/json" }),
        ...headers,
      },
      body: isJson ? JSON.stringify(json) : file,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch(lost);
    if (response.status === 401) this.onExpired();
    const isAnswerJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
    const body = await (isAnswerJson ? response.json() : response.text()).catch(lost);
    if (!response.ok) throw new Problem(response.status, isAnswerJson ? body : { detail: response.statusText });
    return { body, headers: response.headers };
  }
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function lost(error) {
  throw new Problem(0, { detail: String(error) });
}
