/** Asking the application. A person never sees a meter at an older version than before, whichever backend answers. */

/** @typedef {{type: string, sourceVersion: number}} Versioned */

/**
 * What became of a request to a component, ``turn`` counts them; ``status`` 200: a success, 0: no answer
 * came. ``backend`` and ``reason`` are null where nobody says them.
 * @typedef {{component: string, turn: number, query: Record<string, string>, elapsedMs: number, status: number,
 *   backend: string | null, reason: string | null, meters: Versioned[]}} Answer
 */

/**
 * What the page notices: an answer, a component that was drawn (begun ``at``), or one that broke.
 * @typedef {{kind: "answer"} & Answer | {kind: "drawn", component: string, at: number, elapsedMs: number}
 *   | {kind: "broke", component: string, error: string}} Noticed
 */

const PATIENCE_MS = 60_000;
const KEPT = 100; // of what was noticed, for who begins to listen later
const COMPONENT = /^\/components\/(?!feedback)(\w+)/;

/** An answer that is no success; ``status`` 0: none came. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, code?: string, details?: any, opensAt?: string, errors?: {where: string, reason: string}[]}} body
   * @param {Headers} [headers]
   */
  constructor(status, body, headers) {
    super(body.detail);
    this.status = status;
    this.headers = headers;
    /** What is asked back, LOWER_THAN_PREVIOUS and the like; or ACCOUNT_ERASED, until ``opensAt``. */
    this.code = body.code ?? null;
    this.opensAt = body.opensAt;
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
   * @param {string} base the beginning of each path, such as /api
   * @param {string} token empty: nobody is asked, as without network
   * @param {() => void} onExpired called when the application does not take the token any more
   * @param {typeof globalThis.fetch} fetch
   * @param {import("../device/device.js").Device | null} [device] what keeps readings and figures; null: nothing, or not yet
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
    /** @type {Map<string, import("../device/device.js").Last>} */
    this.shown = new Map();
    /** Whether an operator wants the old backend to answer everything. */
    this.forcesOld = false;
    this.turns = 0;
    /** @type {Noticed[]} */
    this.noticed = [];
    /** @type {Map<string, Answer>} of each component what it has shown last, of several at once what was asked last */
    this.last = new Map();
    /** @type {Set<(noticed: Noticed) => void>} */
    this.witnesses = new Set();
  }

  /**
   * Call a witness with what the page notices, from now on. Returns how to stop it.
   * @param {(noticed: Noticed) => void} witness
   */
  onNoticed(witness) {
    this.witnesses.add(witness);
    return () => void this.witnesses.delete(witness);
  }

  /** @param {Noticed} noticed */
  notice(noticed) {
    this.noticed.push(noticed);
    if (this.noticed.length > KEPT) this.noticed.shift();
    for (const witness of this.witnesses) witness(noticed);
  }

  /** @param {boolean} forcesOld */
  force(forcesOld) {
    this.forcesOld = forcesOld;
    this.tell(new Set(["power", "gas"]));
  }

  /**
   * Call a listener with the meters that were written, after each write. Returns how to stop it.
   * @param {(written: Set<string>) => void} listener
   */
  onWritten(listener) {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /**
   * What a component shows; asked again, and consistently, where it is older than what was shown before.
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
      const { body: found } = await this.send("GET", path, { query: consistent ? insisting : query }, metersOf);
      const isOld = metersOf(found).some((meter) => this.versions.isOld(meter));
      return isOld ? (await this.send("GET", path, { query: insisting }, metersOf)).body : found;
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
      const [last, zone] = await Promise.all([name, "zone"].map((each) => this.recall(each)));
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
  async recall(name) {
    return this.shown.get(name) ?? this.device?.last(name).catch(() => null);
  }

  /**
   * Write something, and notify everybody who shows one of its meters.
   * @template Body
   * @param {"POST" | "PUT" | "DELETE"} method
   * @param {string} path such as /components/energy_forms
   * @param {Sent} sent
   * @param {(body: Body, headers: Headers) => Versioned[]} metersOf what was written, none for a preview
   * @returns {Promise<{body: Body, headers: Headers}>} Throws a Problem.
   */
  async write(method, path, sent, metersOf) {
    const answer = await this.send(method, path, sent, metersOf);
    const meters = metersOf(answer.body, answer.headers);
    for (const meter of meters) this.versions.note(meter);
    const written = new Set(meters.map((meter) => meter.type));
    if (written.size) this.tell(written);
    return answer;
  }

  /** @param {Set<string>} written */
  tell(written) {
    for (const listener of this.listeners) listener(written);
  }

  /**
   * @typedef {object} Sent
   * @property {Record<string, string>} [query]
   * @property {unknown} [json] sent as JSON
   * @property {BodyInit} [file] sent unchanged
   * @property {Record<string, string>} [headers]
   * @property {number} [patience] in milliseconds, until nobody answers
   */

  /**
   * @param {string} method
   * @param {string} path
   * @param {Sent} [sent]
   * @param {(body: any, headers: Headers) => Versioned[]} [metersOf] which an answer of a component shows
   * @returns {Promise<{body: any, headers: Headers}>} ``body`` is text where it is no JSON. Throws a Problem.
   */
  async send(method, path, sent = {}, metersOf = () => []) {
    if (!this.token) lost("nobody is signed in");
    const component = COMPONENT.exec(path)?.[1];
    if (!component) return this.ask(method, path, sent);
    const query = { ...sent.query, ...(this.forcesOld && { forceOld: "true" }) };
    const isShown = method === "GET" && path === `/components/${component}`;
    const began = performance.now();
    this.turns += 1;
    const turn = this.turns;
    const became = (
      /** @type {number} */ status,
      /** @type {Headers=} */ headers,
      /** @type {Versioned[]} */ meters,
    ) => {
      const [backend = null, reason = null] = ["X-Backend", "X-Flag-Reason"].map((name) => headers?.get(name));
      const elapsedMs = performance.now() - began;
      const answer = { component, turn, query, elapsedMs, status, backend, reason, meters };
      const isLast = turn > (this.last.get(component)?.turn ?? 0);
      if (isShown && isLast && status === 200) this.last.set(component, answer);
      this.notice({ kind: "answer", ...answer });
    };
    const answer = await this.ask(method, path, { ...sent, query }).catch((problem) => {
      became(problem.status, problem.headers, []);
      throw problem;
    });
    became(200, answer.headers, metersOf(answer.body, answer.headers));
    return answer;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Sent} sent
   * @returns {Promise<{body: any, headers: Headers}>}
   */
  async ask(method, path, { query = {}, json, file, headers = {}, patience = PATIENCE_MS }) {
    const asked = new URLSearchParams(query).toString();
    const isJson = json !== undefined;
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
      cache: "no-store", // waits for no earlier answer
      signal: AbortSignal.timeout(patience),
    }).catch(lost);
    const kind = response.headers.get("Content-Type") ?? "";
    if (kind.includes("html")) lost("a portal or proxy"); // the application never answers so
    if (response.status === 401) this.onExpired();
    const isAnswerJson = /\bjson\b/.test(kind);
    const body = await (isAnswerJson ? response.json() : response.text()).catch(lost);
    if (!response.ok)
      throw new Problem(response.status, isAnswerJson ? body : { detail: response.statusText }, response.headers);
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
