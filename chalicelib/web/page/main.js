/** Starts the page: reads its settings from the document, and whether somebody comes back from signing in. */

import { html, render } from "../vendor/preact.js";
import { App, isReturn } from "./app.js";
import { later } from "./component.js";
import { Preferences } from "./preferences.js";

/** @typedef {import("./sign_in.js").SignIn} SignIn */

const { base = "", issuer = "", client = "" } = document.documentElement.dataset;
const here = new URL(location.href);
const home = `${base}/`;
const ask = globalThis.fetch.bind(globalThis);
/** Signing in is loaded when somebody does it: most who open the page look at it first. */
async function signingIn() {
  const loaded = await later(() => import("./sign_in.js"), new URL("sign_in.js", import.meta.url).href);
  return /** @type {SignIn} */ (
    new loaded.SignIn(
      { issuer, clientId: client, redirectUri: here.origin + home },
      { storage: sessionStorage, go: (/** @type {string} */ url) => location.assign(url), fetch: ask },
    )
  );
}
/** @type {Pick<SignIn, "leave" | "arrive" | "forget">} */
const signIn = {
  leave: async (left) => (await signingIn()).leave(left),
  arrive: async (url) => (await signingIn()).arrive(url),
  forget: async () => (await signingIn()).forget(),
};
const returned = isReturn(here) ? here : null;
if (returned) history.replaceState(null, "", home); // neither code nor state stays in the address
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
const preferences = new Preferences(localStorage, navigator.languages);
const isAway = "kept" in document.documentElement.dataset || !navigator.onLine;
root.replaceChildren();
render(html`<${App} ...${{ base, signIn, returned, isAway, preferences, fetch: ask }} />`, root);
