/** Asking the application. A person never sees a meter at an older version than before, whichever backend answers. */

/** @typedef {{type: string, sourceVersion: number}} Versioned */

/** An answer that is no success; ``status`` 0: none came. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
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
   * @param {string} token
   * @param {() => void} onExpired called when the application does not take the token any more
   * @param {typeof globalThis.fetch} fetch
   */
  constructor(base, token, onExpired, fetch) {
    this.base = base;
    this.token = token;
    this.onExpired = onExpired;
    this.fetch = fetch;
    this.versions = new Versions();
  }

  /**
   * What a component shows; asked once more, and consistently, where it is older than what was shown before.
   * @template Body
   * @param {string} component
   * @param {Record<string, string>} query
   * @param {(body: Body) => Versioned[]} metersOf
   * @returns {Promise<Body>} Throws a Problem.
   */
  async show(component, query, metersOf) {
    let body = await this.read(component, query);
    if (metersOf(body).some((meter) => this.versions.isOld(meter))) {
      body = await this.read(component, { ...query, consistent: "true" });
    }
    for (const meter of metersOf(body)) this.versions.note(meter);
    return body;
  }

  /**
   * @param {string} component
   * @param {Record<string, string>} query
   */
  async read(component, query) {
    const asked = new URLSearchParams(query).toString();
    return this.send("GET", `/components/${component}${asked && `?${asked}`}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async send(method, path) {
    const headers = { Accept: "application/json", Authorization: `Bearer ${this.token}` };
    const ask = this.fetch; // a browser's fetch is no method of this object
    const response = await ask(this.base + path, { method, headers }).catch((error) => {
      throw new Problem(0, String(error));
    });
    if (response.status === 401) this.onExpired();
    const body = await response.json().catch(() => ({}));
    if (!response.ok) throw new Problem(response.status, body.detail ?? response.statusText);
    return body;
  }
}
