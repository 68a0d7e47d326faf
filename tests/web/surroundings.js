/** A document without a browser, an application and an issuer that answer from memory. */

import { createHash } from "node:crypto";

const PACKAGES = new URL("../../.environments/javascript/node_modules/", import.meta.url);
export const WEB = new URL("../../chalicelib/web/", import.meta.url);

// A frame is drawn at once. It is here before Preact is loaded, which otherwise waits 100 ms before effects run.
globalThis.requestAnimationFrame = setImmediate;
globalThis.cancelAnimationFrame = clearImmediate;

/** Put an empty document in place of the one before; components render into the element that it returns. */
export async function newDocument() {
  const { Window } = await import(new URL("happy-dom/lib/index.js", PACKAGES));
  const window = new Window({ url: "http://localhost:3100/api/" });
  for (const name of ["document", "Event", "CustomEvent", "location", "addEventListener", "removeEventListener"]) {
    globalThis[name] =
      typeof window[name] === "function" && !name.endsWith("Event") ? window[name].bind(window) : window[name];
  }
  const root = document.createElement("div");
  document.body.append(root);
  return root;
}

/**
 * Draw one component as the page does. ``fetch`` answers for the application; ``around.value`` is what the component
 * gets, ``around.select`` was called with each change of the selection.
 */
export async function shown(Component, fetch, { language = "en", props = {}, ...more } = {}) {
  const [{ html, render }, { Api }, { Drafts, Surrounded }, { Formats }, { WORDS }] = await Promise.all(
    ["vendor/preact.js", "page/api.js", "page/component.js", "page/formats.js", "page/words.js"].map(
      (path) => import(new URL(path, WEB)),
    ),
  );
  const root = await newDocument();
  const value = {
    words: WORDS[language],
    formats: new Formats(language),
    api: new Api("", "t", () => {}, fetch),
    drafts: new Drafts(),
    selection: { meter: "power", from: null, to: null },
    ...more,
  };
  const draw = () => render(html`<${Surrounded.Provider} value=${{ ...value }}><${Component} ...${props} /><//>`, root);
  value.select ??= (change) => {
    value.selection = { ...value.selection, ...change };
    draw();
  };
  draw();
  return { root, value };
}

/** Let effects run and promises settle until a condition holds. */
export async function until(condition, what) {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`it never came to this: ${what ?? condition}`);
}

export class MemoryStorage {
  kept = new Map();

  getItem(name) {
    return this.kept.get(name) ?? null;
  }

  setItem(name, value) {
    this.kept.set(name, value);
  }

  removeItem(name) {
    this.kept.delete(name);
  }
}

export const json = (body, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** What a component's route answers: it says which backend has answered, and why. */
export function answerOf(backend, reason, body, status = 200) {
  const answer = json(body, status);
  answer.headers.set("X-Backend", backend);
  answer.headers.set("X-Flag-Reason", reason);
  return answer;
}

/** An issuer; ``claims`` change what its ID token says. */
export class FakeIssuer {
  url = "http://localhost:3110";
  claims = {};

  fetch = async (url, options = {}) => {
    if (String(url).endsWith("/.well-known/openid-configuration")) {
      return json({
        issuer: this.url,
        authorization_endpoint: `${this.url}/authorize`,
        token_endpoint: `${this.url}/token`,
        id_token_signing_alg_values_supported: ["EdDSA"],
      });
    }
    const sent = new URLSearchParams(String(options.body));
    const challenge = createHash("sha256").update(sent.get("code_verifier")).digest("base64url");
    if (sent.get("code") !== "a-code" || challenge !== this.asked.get("code_challenge")) {
      return json({ error: "invalid_grant" }, 400);
    }
    return json({ access_token: "opaque", token_type: "Bearer", expires_in: 3600, id_token: this.idToken() });
  };

  /** Note what the page asked for, as the browser would bring it. */
  visit = (url) => {
    this.asked = new URL(url).searchParams;
  };

  /** The address to which a person who signed in is sent back. */
  back(changes = {}) {
    const query = new URLSearchParams({ code: "a-code", state: this.asked.get("state"), ...changes });
    return new URL(`${this.asked.get("redirect_uri")}?${query}`);
  }

  idToken() {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.url,
      aud: "energy-monitor",
      sub: "home",
      iat: now,
      exp: now + 3600,
      nonce: this.asked.get("nonce"),
      ...this.claims,
    };
    const encoded = [{ alg: "EdDSA", kid: "a" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    return [...encoded, Buffer.from("signature").toString("base64url")].join(".");
  }
}

const figure = (value, quality = "measured") => ({ value, quality });

/** The dashboard of a household with electricity and without gas. */
export function dashboard(version = 7, changes = {}) {
  const nothing = { value: null, quality: null };
  const names = [
    "monthSoFar",
    "lastMonth",
    "sameMonthLastYear",
    "changePercent",
    "yearSoFar",
    "lastYearSoFar",
    "yearChangePercent",
    "averagePerDay",
    "projection",
  ];
  const empty = Object.fromEntries(names.map((name) => [name, nothing]));
  const summary = {
    day: "2024-03-15",
    monthSoFar: figure(1234.56),
    lastMonth: figure(300, "interpolated"),
    sameMonthLastYear: figure(250),
    changePercent: figure(20, "interpolated"),
    yearSoFar: figure(900),
    lastYearSoFar: figure(1000),
    yearChangePercent: figure(-10),
    averagePerDay: figure(10.256),
    projection: figure(400, "extrapolated"),
    lastReading: { date: "2024-02-29T22:59:59.999Z", amount: 51234.567, ageDays: 15, quality: "measured" },
    ...changes,
  };
  return {
    meters: [
      { type: "power", sourceVersion: version, summary },
      { type: "gas", sourceVersion: 0, summary: { ...empty, day: "2024-03-15", lastReading: null } },
    ],
  };
}
