/** Starts the page: reads its settings from the document, and whether somebody comes back from signing in. */

import { html, render } from "../vendor/preact.js";
import { App } from "./app.js";
import { Preferences } from "./preferences.js";
import { SignIn } from "./sign_in.js";

const { base = "", issuer = "", client = "" } = document.documentElement.dataset;
const here = new URL(location.href);
const home = `${base}/`;
const ask = globalThis.fetch.bind(globalThis);
const signIn = new SignIn(
  { issuer, clientId: client, redirectUri: here.origin + home },
  { storage: sessionStorage, go: (url) => location.assign(url), fetch: ask },
);
const returned = SignIn.isReturn(here) ? here : null;
if (returned) history.replaceState(null, "", home); // neither code nor state stays in the address
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
const preferences = new Preferences(localStorage, navigator.languages);
root.replaceChildren();
render(html`<${App} ...${{ base, signIn, returned, preferences, fetch: ask }} />`, root);
