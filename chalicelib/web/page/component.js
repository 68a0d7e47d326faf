/** What every component is made of: its surroundings, loading what it shows, its frame, and texts that are kept. */

import {
  Component,
  createContext,
  html,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "../vendor/preact.js";

/** @typedef {"power" | "gas"} Meter */

/**
 * What the components look at together: a meter, and local dates (the last included) or null for all there is.
 * @typedef {{meter: Meter, from: string | null, to: string | null}} Selection
 */

/**
 * @typedef {object} Surroundings
 * @property {import("./words.js").Words} words
 * @property {import("./formats.js").Formats} formats
 * @property {import("./api.js").Api} api
 * @property {Drafts} drafts
 * @property {Selection} selection
 * @property {(change: Partial<Selection>) => void} select
 * @property {string} user
 * @property {(farewell?: Farewell | null) => void} signOut
 * @property {any} [Corner] what is loaded for the place below a component
 * @property {any} [Mark] what an operator sees there
 */

/** What is left to say to somebody who is signed out. @typedef {(props: {words: Surroundings["words"], formats: Surroundings["formats"]}) => any} Farewell */

export const Surrounded = createContext(/** @type {Surroundings | null} */ (null));

/** @returns {Surroundings} */
export function useSurroundings() {
  const found = useContext(Surrounded);
  if (!found) throw new Error("a component is outside of the page");
  return found;
}

/**
 * @template Body
 * @typedef {object} Loaded
 * @property {Body | null} body what was loaded last
 * @property {boolean} failed whether the last attempt failed; ``body`` may be older then
 * @property {() => void} load try again
 * @property {number} [since] when ``body`` was there, on this page's clock
 */

/**
 * Load what a component shows: at first, after a write to one of its meters, when somebody comes back to the page, and
 * on request. An answer that another one has overtaken is not shown.
 * @template Body
 * @param {(consistent: boolean) => Promise<Body>} ask another function loads again
 * @param {readonly Meter[]} meters
 * @param {string} [subject] what it is about: of another subject nothing is shown meanwhile
 * @returns {Loaded<Body>}
 */
export function useLoaded(ask, meters, subject = meters.join()) {
  const { api } = useSurroundings();
  const [state, setState] = useState(
    /** @type {{body: Body | null, failed: boolean, subject: string, since?: number}} */ ({
      body: null,
      failed: false,
      subject,
    }),
  );
  const latest = useRef(0);
  const load = useCallback(
    (consistent = false) => {
      latest.current += 1;
      const turn = latest.current;
      const show = (/** @type {typeof setState} */ set) => (/** @type {any} */ change) =>
        turn === latest.current && set(change);
      ask(consistent).then(
        (body) => show(setState)({ body, failed: false, subject, since: performance.now() }),
        () =>
          show(setState)((/** @type {typeof state} */ before) => ({
            body: before.subject === subject ? before.body : null,
            failed: true,
            subject,
          })),
      );
    },
    [ask],
  );
  useEffect(() => load(), [load]);
  useEffect(() => api.onWritten((written) => meters.some((meter) => written.has(meter)) && load(true)), [load]);
  useEffect(() => {
    const comeBack = () => document.visibilityState === "visible" && load();
    document.addEventListener("visibilitychange", comeBack);
    addEventListener("online", comeBack);
    return () => {
      document.removeEventListener("visibilitychange", comeBack);
      removeEventListener("online", comeBack);
    };
  }, [load]);
  const { body, failed } = state.subject === subject ? state : { body: null, failed: false };
  return { body, failed, load: () => load(), since: state.since };
}

/**
 * The frame of a component: its heading, and what is to say about loading. Its children are shown in every state but
 * the one in which nothing was ever loaded: they draw a skeleton while there is nothing yet.
 * @param {{name: string, component?: string, title: string, loaded: Loaded<unknown>, children?: unknown}} props
 */
export function Section({ name, component = name, title, loaded, children }) {
  const { words, formats, api } = useSurroundings();
  const { body, failed, load, since: at } = loaded;
  const { asOf, zone = "UTC" } = /** @type {{asOf?: number, zone?: string}} */ (body ?? {});
  const isLoading = !body && !failed;
  useLayoutEffect(() => {
    if (!body || !at) return;
    const painted = () => api.notice({ kind: "drawn", component, at, elapsedMs: performance.now() - at });
    requestAnimationFrame(() => setTimeout(painted));
  }, [body]);
  return html`
    <section id=${name} data-component=${component} class="component" aria-labelledby=${`${name}-title`} aria-busy=${isLoading}>
      <h2 id=${`${name}-title`}>${title}</h2>
      <div role="status">
        ${isLoading && html`<p class="spoken">${words.loading}</p>`}
        ${asOf && html`<p class="as-of">${words.offline.asOf(formats.moment(new Date(asOf).toISOString(), zone))}</p>`}
        ${failed && html`<p>${body ? words.notCurrent : words.failed} <button type="button" class="inline" onClick=${load}>${words.tryAgain}</button></p>`}
      </div>
      ${(body || isLoading) && children}
      <${Below} component=${component} />
    </section>
  `;
}

/**
 * The place below a component for what is loaded once the page is there: who answered, and what somebody says of it.
 * @param {{component: string}} props
 */
export function Below({ component }) {
  const { Corner } = useSurroundings();
  return html`<footer class="corner">${Corner && html`<${Corner} component=${component} />`}</footer>`;
}

/**
 * Keeps what breaks while it is drawn from taking the rest of the page with it.
 * @extends {Component<{component?: string, children?: any}, {broken: boolean}>}
 */
export class Alone extends Component {
  static contextType = Surrounded;
  state = { broken: false };

  /** @param {Error} error */
  componentDidCatch(error) {
    const { component } = this.props;
    if (component) this.context.api.notice({ kind: "broke", component, error: error.name });
  }

  static getDerivedStateFromError() {
    return { broken: true };
  }

  render() {
    if (!this.state.broken) return this.props.children;
    return html`<${Broken} tryAgain=${() => this.setState({ broken: false })} />`;
  }
}

/** @param {{tryAgain: () => void}} props */
function Broken({ tryAgain }) {
  const { words } = useSurroundings();
  return html`<p role="alert">${words.failed} <button type="button" class="inline" onClick=${tryAgain}>${words.tryAgain}</button></p>`;
}

/**
 * One of the meters.
 * @param {{name: string, meter: Meter, choose: (meter: Meter) => void}} props ``name`` of the group of radios
 */
export function MeterChoice({ name, meter, choose }) {
  const { words } = useSurroundings();
  return html`
    <fieldset class="meter-choice">
      <legend class="spoken">${words.meter}</legend>
      ${Object.entries(words.meters).map(
        ([value, text]) => html`
          <label class=${value}>
            <input type="radio" name=${name} value=${value} checked=${value === meter} onChange=${() => choose(/** @type {Meter} */ (value))} />${text}
          </label>
        `,
      )}
    </fieldset>
  `;
}

let tries = 0;

/**
 * Load a module that is no part of the first view. A browser keeps that loading it has failed: another try has another
 * name.
 * @param {() => Promise<any>} load
 * @param {string} url of the module
 * @returns {Promise<any>}
 */
export function later(load, url) {
  return load().catch(() => {
    tries += 1;
    return import(`${url}?again=${tries}`);
  });
}

/** Texts that somebody has typed and not sent: they outlive a view, and a new sign-in of the same person. */
export class Drafts {
  /** @param {Record<string, unknown>} [kept] */
  constructor(kept = {}) {
    this.kept = kept;
  }

  /** @param {string} name */
  has(name) {
    return name in this.kept;
  }
}

/**
 * State under a name that is kept until it is dropped by setting it to null.
 * @template Value
 * @param {string} name
 * @param {Value} initial plain data
 * @returns {[Value, (value: Value | null) => void]}
 */
export function useDraft(name, initial) {
  const { drafts } = useSurroundings();
  const [value, setValue] = useState(/** @type {Value} */ (drafts.kept[name] ?? initial));
  const set = (/** @type {Value | null} */ changed) => {
    if (changed === null) delete drafts.kept[name];
    else drafts.kept[name] = changed;
    setValue(changed ?? initial);
  };
  return [value, set];
}
