/** The page as a whole: its header, signing in and out, and the components of somebody who is signed in. */

import { html, useEffect, useMemo, useState } from "../vendor/preact.js";
import { Api } from "./api.js";
import { Drafts, later } from "./component.js";
import { Household } from "./household.js";
import { useAppearance } from "./preferences.js";

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const LATER_STYLES = new URL("../styles/later.css", import.meta.url).href;
const LONGEST_FORGETTING_MS = 5_000;

/**
 * @typedef {object} Props
 * @property {string} base
 * @property {Pick<import("./sign_in.js").SignIn, "leave" | "arrive" | "forget">} signIn
 * @property {URL | null} returned the address that the issuer sent the person back to
 * @property {boolean} [isAway] whether the page was opened without network
 * @property {import("./preferences.js").Preferences} preferences
 * @property {typeof fetch} fetch
 */

/**
 * "kept": somebody has chosen to stay signed in here, and there is no token.
 * @typedef {"out" | "arriving" | "in" | "kept" | "expired" | "leaving" | "notForgotten"} Phase
 */

/** Readings that wait, and last figures: for who is signed in, and where something is kept. */
const OFFLINE = () =>
  later(() => import("../device/offline.js"), new URL("../device/offline.js", import.meta.url).href);

/**
 * Whether the issuer has sent the person back to this address.
 * @param {URL} url
 */
export function isReturn({ searchParams: sent }) {
  return sent.has("state") && (sent.has("code") || sent.has("error"));
}

/**
 * Have everything removed from this device that is a person's. Code that keeps something of theirs listens to the event
 * and adds a promise to ``waits``. Returns whether all of it is gone.
 * @param {string} user
 * @param {unknown[]} waits
 */
async function forgotten(user, waits) {
  document.dispatchEvent(new CustomEvent("forget-device", { detail: { user, waits } }));
  const tooLong = new Promise((_, reject) => setTimeout(reject, LONGEST_FORGETTING_MS));
  return Promise.race([Promise.all(waits), tooLong]).then(
    () => true,
    () => false,
  );
}

/** @param {Props} props */
export function App({ base, signIn, returned, isAway = false, preferences, fetch }) {
  const { words, formats, choices } = useAppearance(preferences);
  const isKept = preferences.isKept(base);
  const isOpening = returned || (isAway && isKept);
  const [phase, setPhase] = useState(/** @type {Phase} */ (isOpening ? "arriving" : "out"));
  const [hasNetwork, setNetwork] = useState(!isAway);
  const [offline, setOffline] = useState(/** @type {typeof import("../device/offline.js") | null} */ (null));
  const [isLeaving, setLeaving] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const [session, setSession] = useState(/** @type {import("./sign_in.js").Session | null} */ (null));
  const [witness, setWitness] = useState(/** @type {import("../witness/witness.js").Witness | null} */ (null));
  const [Farewell, setFarewell] = useState(/** @type {import("./component.js").Farewell | null} */ (null));

  useEffect(() => {
    if (!session) document.title = words.title;
  }, [words, session]);
  useEffect(() => {
    if (!isOpening) return;
    const begin = (/** @type {import("./sign_in.js").Session} */ arrived) => {
      location.hash = arrived.view;
      setSession(arrived);
      setPhase(arrived.token ? "in" : "kept");
    };
    const open = () => OFFLINE().then((module) => module.keptSession(base));
    const stayOut = () => setPhase("out");
    if (returned)
      signIn.arrive(returned).then(begin, () => {
        setPhase("out");
        setFailed(true);
      });
    else open().then((kept) => (kept ? begin(kept) : stayOut()), stayOut);
  }, []);
  useEffect(() => {
    const follow = (/** @type {Event} */ { type }) => setNetwork(type === "online");
    for (const type of ["online", "offline"]) addEventListener(type, follow);
    return () => {
      for (const type of ["online", "offline"]) removeEventListener(type, follow);
    };
  }, []);
  useEffect(() => {
    if (session || isKept || isAway) OFFLINE().then(setOffline, () => {});
  }, [session]);
  useEffect(() => {
    if (!session) return;
    const left = Math.min(session.expiresAt - Date.now(), LONGEST_TIMER_MS);
    const timer = setTimeout(() => setPhase("expired"), left);
    return () => clearTimeout(timer);
  }, [session]);

  const api = useMemo(
    () => session && new Api(base, session.token, () => setPhase("expired"), fetch, session.device),
    [session],
  );
  const drafts = useMemo(() => new Drafts(session?.drafts), [session]);
  const leave = () => {
    const typed = session && { user: session.user, drafts: drafts.kept };
    setFailed(false);
    signIn.leave({ ...(typed && { typed }), view: location.hash }).catch(() => setFailed(true));
  };
  useEffect(() => {
    document.addEventListener("sign-in-again", leave);
    return () => document.removeEventListener("sign-in-again", leave);
  });
  const signOut = async (/** @type {import("./component.js").Farewell | null} */ farewell = null) => {
    setLeaving(false);
    setFailed(false);
    setSession(null);
    setWitness(null);
    setFarewell(() => farewell);
    setPhase("leaving");
    location.hash = ""; // who signs in next begins at the beginning
    const isDeaf = !offline && preferences.isKept(base); // nobody listens who could remove it
    const isGone = await forgotten(session?.user ?? "", [signIn.forget(), isDeaf && Promise.reject()]);
    setPhase(isGone ? "out" : "notForgotten");
  };
  /** Readings that wait would be lost: who has some is asked first. */
  const askToLeave = () =>
    OFFLINE().then(
      (module) => {
        setOffline(module);
        setLeaving(true);
      },
      () => signOut(),
    );
  const isOperator = Boolean(session?.roles.includes("operator"));
  useEffect(() => {
    if (!api || !session || phase !== "in") return;
    const stop = new AbortController();
    later(() => import("../witness/witness.js"), new URL("../witness/witness.js", import.meta.url).href)
      .then((module) => module.witness(api, session.expiresAt, isOperator, stop.signal))
      .then(setWitness, () => {});
    return () => stop.abort();
  }, [api, phase]);
  const household = { words, formats, api, drafts, signOut, user: session?.user };
  Object.assign(household, witness);
  return html`
    ${(session || Farewell) && html`<link rel="stylesheet" href=${LATER_STYLES} />`}
    <header class="container">
      <h1>${words.title}</h1>
      ${phase === "arriving" && html`<p class="who" aria-busy="true">${returned ? words.signingIn : words.loading}</p>`}
      ${session && html`<p class="who">${words.signedInAs(session.user)} <button type="button" class="inline outline secondary" onClick=${askToLeave}>${words.signOut}</button></p>`}
      ${choices}
    </header>
    <main class="container">
      <div role="alert">
        ${phase === "expired" && html`<p class="hint">${words.expired} <button type="button" class="inline" onClick=${leave}>${words.signInAgain}</button></p>`}
        ${phase === "kept" && html`<p class="hint">${hasNetwork ? words.offline.back : words.offline.kept} <button type="button" class="inline" disabled=${!hasNetwork} onClick=${leave}>${words.signIn}</button></p>`}
        ${phase === "out" && !hasNetwork && html`<p class="hint">${words.offline.away}</p>`}
        ${hasFailed && html`<p class="hint">${words.signInFailed}</p>`}
        ${phase === "notForgotten" && html`<p class="hint">${words.notForgotten}</p>`}
      </div>
      ${Farewell && html`<${Farewell} ...${{ words, formats }} />`}
      ${["out", "notForgotten"].includes(phase) && html`<p>${words.welcome}</p><button type="button" onClick=${leave}>${words.signIn}</button>`}
      ${isOperator && html`<div class="force-old">${witness?.ForceOld && html`<${witness.ForceOld} ...${{ words, api }} />`}</div>`}
      ${api && html`<${Household} key=${session?.user} ...${household} />`}
      ${offline && html`<${offline.Offline} ...${{ base, session, words, formats, api, drafts, isLeaving, isOut: phase === "expired" || (phase === "kept" && hasNetwork) }} onLeft=${() => signOut()} onRemain=${() => setLeaving(false)} onBack=${() => setNetwork(true)} />`}
    </main>
  `;
}
