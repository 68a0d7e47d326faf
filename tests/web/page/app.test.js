/** The page as a whole: signed out, signed in, after the token's end; languages and themes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, dashboard, FakeIssuer, json, MemoryStorage, newDocument, until, WEB } from "../surroundings.js";

const { html, render } = await import(new URL("vendor/preact.js", WEB));
const { App } = await import(new URL("page/app.js", WEB));
const { Preferences } = await import(new URL("page/preferences.js", WEB));
const { SignIn } = await import(new URL("page/sign_in.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));

const EN = WORDS.en;

/** Only the dashboard is there: the page shows whatever part of it can be shown. */
const usual = (url) => (url.includes("/dashboard") ? json(dashboard()) : json({ detail: "away" }, 503));

async function opened({ status = 200, claims = {}, arrive = true, back = {}, answer = usual } = {}) {
  const root = await newDocument();
  const issuer = Object.assign(new FakeIssuer(), { claims });
  const storages = [new MemoryStorage(), new MemoryStorage()];
  const at = { issuer: issuer.url, clientId: "energy-monitor", redirectUri: "http://localhost:3100/api/" };
  const signIn = new SignIn(at, { storage: storages[0], go: issuer.visit, fetch: issuer.fetch });
  const preferences = new Preferences(storages[1], ["en-GB"]);
  const app = { status, answer };
  const fetch = async (url) => (app.status === 200 ? app.answer(url) : json({ detail: "no" }, app.status));
  if (arrive) await signIn.leave();
  const returned = arrive ? issuer.back(back) : null;
  render(html`<${App} base="/api" ...${{ signIn, returned, preferences, fetch }} />`, root);
  return { root, issuer, storages, app };
}

const buttonOf = (root, name) => [...root.querySelectorAll("button")].find((button) => button.textContent === name);
const choose = (select, value) => {
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
};

test("who is signed out may sign in, and the page leaves for the issuer", async () => {
  const { root, issuer } = await opened({ arrive: false });
  assert.equal(root.querySelector("article"), null);
  buttonOf(root, EN.signIn).click();
  await until(() => issuer.asked, "the issuer is visited");
});

test("who comes back sees the figures, and the token is in no storage and no address", async () => {
  const { root, issuer, storages } = await opened();
  await until(() => root.querySelectorAll("article").length === 5 && /1,234\.6/.test(root.textContent));
  assert.match(root.textContent, /Signed in as home/);
  const token = issuer.idToken().split(".")[1];
  assert.ok(storages.every((storage) => ![...storage.kept.values()].join().includes(token.slice(0, 20))));
  assert.ok(!document.location.href.includes("code"));
});

test("a component that breaks takes no other one with it, and may be tried again", async () => {
  const { root, app } = await opened();
  app.answer = (url) => json(url.includes("/dashboard") ? dashboard() : { months: 7, buckets: null, readings: 1 });
  await until(() => /1,234\.6/.test(root.textContent));
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => buttonOf(root, EN.tryAgain) && root.textContent.includes(EN.failed));
  assert.match(root.textContent, /1,234\.6/);
  app.answer = usual;
  buttonOf(root, EN.tryAgain).click();
  await until(() => root.querySelectorAll("h2").length >= 3, "the broken ones are drawn again");
});

test("a name is text, whatever it holds", async () => {
  const { root } = await opened({ claims: { sub: "<img src=x onerror=alert(1)>" } });
  await until(() => /Signed in as <img/.test(root.textContent));
  assert.equal(root.querySelector("img"), null);
});

test("signing out takes the figures away", async () => {
  const { root } = await opened();
  await until(() => buttonOf(root, EN.signOut));
  buttonOf(root, EN.signOut).click();
  await until(() => buttonOf(root, EN.signIn));
  assert.equal(root.querySelector("article"), null);
  assert.doesNotMatch(root.textContent, /home/);
});

test("when the application takes the token no more, figures stay and the way to sign in again is there", async () => {
  const { root, issuer, app } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  app.status = 401;
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => buttonOf(root, EN.signInAgain), "the end is said");
  assert.match(root.querySelector("[role=alert]").textContent, new RegExp(EN.expired));
  assert.match(root.textContent, /1,234\.6/);
  issuer.asked = null;
  buttonOf(root, EN.signInAgain).click();
  await until(() => issuer.asked, "the issuer is visited");
});

test("the end of the token is said without asking the application", async () => {
  const { root } = await opened({ claims: { exp: Math.floor(Date.now() / 1000) } });
  await until(() => buttonOf(root, EN.signInAgain) ?? buttonOf(root, EN.signIn));
  assert.match(root.querySelector("[role=alert]").textContent, /ended|did not work/);
});

test("what was typed comes back after signing in again, for the same person only", async () => {
  const { issuer, storages } = await opened({ arrive: false });
  const at = { issuer: issuer.url, clientId: "energy-monitor", redirectUri: "http://localhost:3100/api/" };
  const signIn = new SignIn(at, { storage: storages[0], go: issuer.visit, fetch: issuer.fetch });
  const typed = { user: "home", drafts: { reading: { amount: "123,4" } } };
  await signIn.leave({ typed, view: "#files" });
  const { drafts, view } = await signIn.arrive(issuer.back());
  assert.deepEqual([drafts, view], [typed.drafts, "#files"]);
  assert.equal(storages[0].kept.size, 0);
  await signIn.leave({ typed });
  await assert.rejects(signIn.arrive(issuer.back({ error: "access_denied" })));
  await signIn.leave({ view: "" });
  assert.deepEqual((await signIn.arrive(issuer.back())).drafts, typed.drafts, "a sign-in that failed loses nothing");
  await signIn.leave({ typed });
  issuer.claims = { sub: "alice" };
  assert.deepEqual((await signIn.arrive(issuer.back())).drafts, {});
  await signIn.leave();
  assert.deepEqual((await signIn.arrive(issuer.back())).drafts, {});
});

test("a component may ask to sign in again, with what was typed", async () => {
  const { root, issuer, storages } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  issuer.asked = null;
  document.dispatchEvent(new Event("sign-in-again"));
  await until(() => issuer.asked, "the issuer is visited");
  assert.equal(JSON.parse(storages[0].getItem("sign-in")).typed.user, "home");
});

test("a sign-in that failed says so and may be tried again", async () => {
  const { root } = await opened({ back: { error: "access_denied" } });
  await until(() => root.textContent.includes(EN.signInFailed));
  assert.ok(buttonOf(root, EN.signIn));
});

test("an issuer that cannot be reached is said too", async () => {
  const { root, issuer } = await opened({ arrive: false });
  issuer.url = "http://elsewhere.example";
  buttonOf(root, EN.signIn).click();
  await until(() => root.textContent.includes(EN.signInFailed));
});

test("another language changes everything that is said, and its choice is kept", async () => {
  const { root, storages } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  choose(root.querySelectorAll("select")[0], "de");
  await until(() => /1\.234,6/.test(root.textContent));
  await until(() => document.documentElement.lang === "de");
  await until(() => document.title === `${WORDS.de.views.names.overview} – ${WORDS.de.title}`);
  assert.equal(root.querySelectorAll("h2")[0].textContent, WORDS.de.dashboard);
  assert.equal(storages[1].getItem("language"), "de");
});

test("a theme is put on the document, and 'as the device' takes it off", async () => {
  const { root } = await opened({ arrive: false });
  const theme = root.querySelectorAll("select")[1];
  choose(theme, "dark");
  await until(() => document.documentElement.getAttribute("data-theme") === "dark");
  choose(theme, "auto");
  await until(() => !document.documentElement.hasAttribute("data-theme"));
});

test("every control has a name and is a control that the keyboard knows", async () => {
  const { root } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  for (const control of root.querySelectorAll("button, select")) {
    assert.ok((control.closest("label") ?? control).textContent.trim());
    assert.equal(control.getAttribute("tabindex"), null);
  }
  assert.equal(root.querySelectorAll("[onclick], a:not([href])").length, 0);
});

test("who has readings of gas alone sees gas first", async () => {
  const { root } = await opened({
    answer: (url) => {
      const body = dashboard();
      [body.meters[0].summary, body.meters[1].summary] = [body.meters[1].summary, body.meters[0].summary];
      return url.includes("/dashboard") ? json(body) : json({ detail: "away" }, 503);
    },
  });
  await until(() => root.querySelector("input[value=gas]")?.checked, "gas is chosen");
});

const OLD = (url) => (url.includes("/dashboard") ? answerOf("old", "blocked", dashboard()) : json({}, 503));

test("an operator sees who answered, and may ask the old backend for everything", async () => {
  const asked = [];
  const answer = (url) => {
    asked.push(url);
    return OLD(url);
  };
  const { root } = await opened({ claims: { roles: ["operator"] }, answer });
  await until(() => /Old: this person is excluded/.test(root.querySelector("#dashboard")?.textContent));
  root.querySelector("[role=switch]").click();
  await until(() => asked.some((url) => url.includes("/dashboard") && url.includes("forceOld=true")));
});

test("nobody else has a mark or a switch in the page", async () => {
  for (const claims of [{}, { roles: ["another"] }, { roles: "operator" }]) {
    const { root } = await opened({ claims, answer: OLD });
    await until(() => buttonOf(root, "This looks wrong"), "what everybody sees is there");
    assert.equal(root.querySelector("[role=switch], .mark, .force-old"), null);
    assert.doesNotMatch(root.innerHTML, /excluded|blocked/);
  }
});

test("signing out has everything of the person removed from the device before somebody else may sign in", async () => {
  const { root, storages } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  storages[0].setItem("sign-in", JSON.stringify({ typed: { user: "home", drafts: { reading: "1" } } }));
  const told = [];
  let removed;
  document.addEventListener("forget-device", ({ detail }) => {
    told.push(detail.user);
    detail.waits.push(new Promise((resolve) => (removed = resolve)));
  });
  buttonOf(root, EN.signOut).click();
  await until(() => removed && !root.querySelector("article"), "the figures are gone at once");
  assert.equal(buttonOf(root, EN.signIn), undefined);
  removed();
  await until(() => buttonOf(root, EN.signIn));
  assert.deepEqual(told, ["home"]);
  assert.equal(storages[0].kept.size, 0);
  assert.doesNotMatch(root.textContent, new RegExp(EN.notForgotten));
});

test("what could not be removed is said", async () => {
  const { root } = await opened();
  await until(() => buttonOf(root, EN.signOut));
  document.addEventListener("forget-device", ({ detail }) => detail.waits.push(Promise.reject(new Error("in use"))));
  buttonOf(root, EN.signOut).click();
  await until(() => root.querySelector("[role=alert]").textContent.includes(EN.notForgotten));
  assert.ok(buttonOf(root, EN.signIn));
});

test("without network signing in again fails, and everything else stays as it was", async () => {
  const { root, issuer, app } = await opened();
  await until(() => /1,234\.6/.test(root.textContent));
  app.status = 401;
  document.dispatchEvent(new Event("visibilitychange"));
  await until(() => buttonOf(root, EN.signInAgain));
  issuer.url = "http://elsewhere.example";
  const alert = root.querySelector("[role=alert]");
  buttonOf(root, EN.signInAgain).click();
  await until(() => alert.textContent.includes(EN.signInFailed));
  assert.match(alert.textContent, new RegExp(EN.expired));
  assert.match(root.textContent, /1,234\.6/);
  assert.doesNotMatch(root.textContent, new RegExp(EN.welcome));
  assert.equal(buttonOf(root, EN.signIn), undefined);
});

test("who is signed out sees when the network goes and comes", async () => {
  const { root } = await opened({ arrive: false });
  const after = (type) => () => {
    document.defaultView.dispatchEvent(new Event(type)); // the page begins to listen some time
    return root.textContent.includes(EN.offline.away);
  };
  await until(after("offline"));
  await until(() => !after("online")());
});
