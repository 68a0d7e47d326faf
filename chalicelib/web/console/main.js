/** Starts the operators' page, which is also what the application sends to who comes back from signing in here. */

import { Preferences } from "../page/preferences.js";
import { SignIn } from "../page/sign_in.js";
import { html, render } from "../vendor/preact.js";
import { App } from "./app.js";

const CONSOLE = "ops-console";
const { base = "", issuer = "", client = "" } = document.documentElement.dataset;
const here = new URL(location.href);
const fetch = globalThis.fetch.bind(globalThis);
const go = (/** @type {string} */ url) => location.assign(url);
const at = { issuer, clientId: client, redirectUri: `${here.origin}${base}/`, page: CONSOLE };
const signIn = new SignIn(at, { storage: sessionStorage, go, fetch });
const returned = here.searchParams.has("state") ? here : null;
if (returned) history.replaceState(null, "", `${base}/${CONSOLE}`); // its own address, without code and state
const root = /** @type {HTMLElement} */ (document.getElementById("page"));
root.replaceChildren();
render(
  html`<${App} ...${{ base, signIn, returned, preferences: new Preferences(localStorage, navigator.languages), fetch }} />`,
  root,
);
