/** The operators' page as a whole: signing in and out, its screens, and when they were asked for last. */

import { Api } from "../page/api.js";
import { Alone, Drafts, later, Surrounded } from "../page/component.js";
import { useAppearance } from "../page/preferences.js";
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { consoleWords } from "./console_words.js";
import { Documented, Documents, EVERY_MS, useRefreshing } from "./documents.js";
import { Overview } from "./overview.js";
import { useConsole } from "./parts.js";

/** @typedef {"out" | "arriving" | "in" | "expired"} Phase */

const OPERATOR = "operator";
const ROLES = [OPERATOR, "viewer"];

/** Each screen that is no part of the first load, by its name in the address. */
const SCREENS = {
  "dead-letters": [() => import("../console_screens/dead_letters.js"), "../console_screens/dead_letters.js"],
  staleness: [() => import("../console_screens/staleness.js"), "../console_screens/staleness.js"],
  "sync-mode": [() => import("../console_screens/sync_mode.js"), "../console_screens/sync_mode.js"],
  verify: [() => import("../console_screens/verify.js"), "../console_screens/verify.js"],
  alarms: [() => import("../console_screens/alarms.js"), "../console_screens/alarms.js"],
};
const COMPONENT = [() => import("../console_screens/component.js"), "../console_screens/component.js"];
const COMMANDS = [() => import("./commands.js"), "./commands.js"];

/** @param {any[]} screen */
const loaded = ([load, name]) => later(load, new URL(name, import.meta.url).href);

/**
 * @typedef {object} Props
 * @property {string} base
 * @property {Pick<import("../page/sign_in.js").SignIn, "leave" | "arrive" | "forget">} signIn
 * @property {URL | null} returned the address that the issuer sent the person back to
 * @property {import("../page/preferences.js").Preferences} preferences
 * @property {typeof fetch} fetch
 */

/** @param {Props} props */
export function App({ base, signIn, returned, preferences, fetch }) {
  const { words, formats, choices } = useAppearance(preferences);
  const said = consoleWords(words);
  const [phase, setPhase] = useState(/** @type {Phase} */ (returned ? "arriving" : "out"));
  const [hasFailed, setFailed] = useState(false);
  const [session, setSession] = useState(/** @type {import("../page/sign_in.js").Session | null} */ (null));
  useEffect(() => {
    if (!returned) return;
    signIn.arrive(returned).then(
      (arrived) => {
        location.hash = arrived.view;
        setSession(arrived);
        setPhase("in");
      },
      () => {
        setPhase("out");
        setFailed(true);
      },
    );
  }, []);
  const mayLook = Boolean(session?.roles.some((role) => ROLES.includes(role)));
  const mayAct = Boolean(session?.roles.includes(OPERATOR));
  const around = useMemo(() => {
    if (!session) return null;
    const api = new Api(base, session.token, () => setPhase("expired"), fetch);
    return { api, documents: new Documents(api), drafts: new Drafts(session.drafts) };
  }, [session]);
  const leave = () => {
    setFailed(false);
    const typed = session && around && { user: session.user, drafts: around.drafts.kept };
    signIn.leave({ ...(typed && { typed }), view: location.hash }).catch(() => setFailed(true));
  };
  const signOut = () => {
    signIn.forget();
    setSession(null);
    setPhase("out");
    location.hash = "";
  };
  return html`
    <header class="container">
      <h1>${said.title}</h1>
      ${phase === "arriving" && html`<p class="who" aria-busy="true">${words.signingIn}</p>`}
      ${session && html`<p class="who">${words.signedInAs(session.user)} <button type="button" class="inline outline secondary" onClick=${signOut}>${words.signOut}</button></p>`}
      ${choices}
    </header>
    <main class="container console">
      <div role="alert">
        ${phase === "expired" && html`<p class="hint">${words.expired} <button type="button" class="inline" onClick=${leave}>${words.signInAgain}</button></p>`}
        ${hasFailed && html`<p class="hint">${words.signInFailed}</p>`}
      </div>
      ${phase === "out" && html`<p>${said.welcome}</p><button type="button" onClick=${leave}>${words.signIn}</button>`}
      ${session && !mayLook && html`<p>${said.nothingForYou}</p><p><a href=${`${base}/`}>${said.household}</a></p>`}
      ${around && mayLook && html`<${Screens} key=${session?.user} ...${{ ...around, words, formats, mayAct, isOn: phase === "in" }} />`}
    </main>
  `;
}

/**
 * The screen that the address names, so that a browser's way back leads back.
 * @param {string[]} components
 */
function useScreen(components) {
  const [screen, setScreen] = useState(location.hash.slice(1));
  useEffect(() => {
    const follow = () => setScreen(location.hash.slice(1));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return Object.hasOwn(SCREENS, screen) || components.includes(screen) ? screen : "overview";
}

/**
 * @typedef {object} Looked
 * @property {Api} api
 * @property {Documents} documents
 * @property {Drafts} drafts
 * @property {import("../page/words.js").Words} words
 * @property {import("../page/formats.js").Formats} formats
 * @property {boolean} mayAct
 * @property {boolean} isOn whether the token still holds
 */

/** @param {Looked} props */
function Screens({ api, documents, drafts, words, formats, mayAct, isOn }) {
  const said = consoleWords(words);
  /** @type {Record<string, string>} */
  const names = { ...said.screens, ...said.components };
  const components = Object.keys(said.components);
  const screen = useScreen(components);
  const [commands, setCommands] = useState(/** @type {typeof import("./commands.js") | null} */ (null));
  const [asked, ask] = useState(/** @type {import("./commands.js").Asked | null} */ (null));
  useEffect(() => {
    document.title = `${names[screen]} – ${said.title}`;
  }, [screen, words]);
  useEffect(() => {
    if (mayAct && screen !== "overview") loaded(COMMANDS).then(setCommands, () => {}); // who only looks has no buttons, not even their code
  }, [mayAct, screen]);
  const links = (/** @type {string[]} */ screens) =>
    screens.map(
      (name) => html`<li><a href=${`#${name}`} aria-current=${name === screen ? "page" : null}>${names[name]}</a></li>`,
    );
  const Screen = Object.hasOwn(SCREENS, screen) ? SCREENS[/** @type {keyof typeof SCREENS} */ (screen)] : COMPONENT;
  return html`
    <${Surrounded.Provider} value=${{ api, drafts, words, formats, commands, ask }}>
      <${Documented.Provider} value=${documents}>
        <nav class="views" aria-label=${words.views.title}><ul>${links(Object.keys(said.screens))}</ul></nav>
        <nav class="views lesser" aria-label=${said.componentsTitle}><ul>${links(components)}</ul></nav>
        <${Freshness} documents=${documents} isOn=${isOn} />
        <${Alone} key=${screen}>
          ${screen === "overview" ? html`<${Overview} />` : html`<${Later} screen=${Screen} component=${screen} />`}
        <//>
        ${commands && asked && html`<${commands.Asking} of=${asked} end=${() => ask(null)} />`}
      <//>
    <//>
  `;
}

/**
 * A screen that is loaded when somebody opens it; who listens begins at its heading.
 * @param {{screen: any[], component: string}} props
 */
function Later({ screen, component }) {
  const { words } = useConsole();
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [hasFailed, setFailed] = useState(false);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const open = () => {
    setFailed(false);
    loaded(screen).then(setFound, () => setFailed(true));
  };
  useEffect(open, []);
  useEffect(() => place.current?.querySelector("h2")?.focus(), [found]);
  if (hasFailed)
    return html`<p role="alert">${words.failed} <button type="button" class="inline" onClick=${open}>${words.tryAgain}</button></p>`;
  return html`<div ref=${place}>${found ? html`<${found.Screen} component=${component} />` : html`<p role="status">${words.loading}</p>`}</div>`;
}

/**
 * Since when what is shown was so.
 * @param {{documents: Documents, isOn: boolean}} props
 */
function Freshness({ documents, isOn }) {
  const { formats, said } = useConsole();
  const { at, isPaused, hasFailed } = useRefreshing(documents, isOn);
  const time = at && `${formats.dates({ timeStyle: "medium", timeZone: "UTC" }).format(at)} UTC`;
  const next = isPaused ? said.paused : said.every(formats.number(EVERY_MS / 1000));
  return html`
    <div class="freshness">
      <p>
        <span class=${hasFailed ? "trouble" : ""}>${time && (hasFailed ? said.lastAt(time) : said.asOf(time))}</span>
        ${isOn && html` <span>${next}</span>`}
      </p>
      ${isOn && html`<button type="button" class="inline outline secondary" onClick=${() => documents.refresh()}>${said.refresh}</button>`}
    </div>
  `;
}
