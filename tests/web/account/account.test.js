/** My data: everything as one file, and the erasure that asks for a name; nothing is said to be gone that is not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, newDocument, shown, until, WEB } from "../surroundings.js";

const { html, render } = await import(new URL("vendor/preact.js", WEB));
const { Account } = await import(new URL("account/account.js", WEB));
const { ACCOUNT_WORDS } = await import(new URL("account/account_words.js", WEB));
const { Formats } = await import(new URL("page/formats.js", WEB));
const { WORDS } = await import(new URL("page/words.js", WEB));

const EN = ACCOUNT_WORDS.en;
const RECEIPT = {
  receipt: "r-1",
  erasedAt: "2024-03-15T10:00:00.000Z",
  state: "erased",
  opensAt: "2024-03-15T11:00:00.000Z",
  deleted: { energies: 1234, meters: 0, another_place: 1 },
};
const ABOUT = { format: "energy-monitor/account", version: 1, user: "home", exportedAt: "2024-03-15T10:00:00.000Z" };

const button = (root, name) => [...root.querySelectorAll("button")].find((each) => each.textContent === name);
const said = (root, text) => until(() => root.textContent.includes(text), text);

/** The view; ``answers`` are given one after the other. ``app.saved`` are the files, ``app.farewells`` what is left. */
async function opened({ answers = [], user = "home", ...more } = {}) {
  const app = { asked: [], saved: [], farewells: [] };
  const fetch = async (url, { method }) => {
    app.asked.push(`${method} ${url}`);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  URL.createObjectURL = (blob) => {
    app.saved.push(blob);
    return "blob:x";
  };
  const signOut = (farewell) => app.farewells.push(farewell);
  const page = await shown(Account, fetch, { user, signOut, ...more });
  const type = (name) => {
    const field = page.root.querySelector("input");
    field.value = name;
    field.dispatchEvent(new Event("input"));
  };
  const erase = async (name = user, yes = EN.eraseYes) => {
    type(name);
    await until(() => !button(page.root, yes).disabled);
    page.root.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  };
  return { ...page, app, type, erase };
}

const page = (body, next) => {
  const answer = json({ ...ABOUT, ...body });
  answer.headers.set("Content-Disposition", 'attachment; filename="account.json"');
  if (next) answer.headers.set("Link", `</v2/account/export?cursor=${next}>; rel="next"`);
  return answer;
};

test("the pages of the export become one document, whose lists are whole", async () => {
  const { root, app } = await opened({
    answers: [
      page({ settings: { zone: "UTC" }, energies: [{ a: 1 }], imports: [] }, "c%2F1"),
      page({ energies: [{ a: 2 }], display: [{ b: 1 }] }),
    ],
  });
  button(root, EN.saveFile).click();
  await said(root, EN.saved("3", "account.json"));
  assert.deepEqual(JSON.parse(await app.saved[0].text()), {
    ...ABOUT,
    settings: { zone: "UTC" },
    energies: [{ a: 1 }, { a: 2 }],
    imports: [],
    display: [{ b: 1 }],
  });
  assert.deepEqual(app.asked, ["GET /v2/account/export", "GET /v2/account/export?cursor=c%2F1"]);
});

test("a page that does not come leaves no half of a file, and may be tried again", async () => {
  const { root, app } = await opened({
    answers: [page({ energies: [1] }, "c"), json({ detail: "away" }, 503), page({ energies: [1] })],
  });
  button(root, EN.saveFile).click();
  await said(root, EN.saveFailed);
  assert.equal(app.saved.length, 0);
  button(root, WORDS.en.tryAgain).click();
  await said(root, EN.saved("1", "account.json"));
});

test("the export is offered before the erasure", async () => {
  const { root, app } = await opened({ answers: [page({ energies: [] })] });
  button(root, EN.saveFirst).click();
  await said(root, EN.saved("0", "account.json"));
  assert.equal(app.saved.length, 1);
});

test("nothing is erased before the whole name is typed", async () => {
  const { root, app, type } = await opened({ user: "Zoë" });
  for (const name of ["", "Zo", "zoë", "Zoë x", "home"]) {
    type(name);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(button(root, EN.eraseYes).disabled, true, name);
    root.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  }
  assert.deepEqual(app.asked, []);
  for (const name of ["Zoë", " Zoe\u0308 "]) {
    type(name);
    await until(() => !button(root, EN.eraseYes).disabled, name);
    type("");
    await until(() => button(root, EN.eraseYes).disabled);
  }
});

test("who is not signed in erases and saves nothing, and gets no message that something may have gone", async () => {
  const { Api } = await import(new URL("page/api.js", WEB));
  const api = new Api("", "", () => {}, fetch);
  const { root, app, type } = await opened({ api });
  await said(root, EN.needsSignIn);
  type("home");
  root.querySelector("form").dispatchEvent(new Event("submit", { cancelable: true }));
  for (const name of [EN.saveFile, EN.saveFirst]) button(root, name).click();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(button(root, EN.eraseYes).disabled, true);
  for (const text of [EN.notKnown, EN.notErased, EN.saveFailed]) assert.ok(!root.textContent.includes(text), text);
  assert.deepEqual([app.asked, app.saved], [[], []]);
});

/** What is left on the page of somebody who is signed out. */
async function farewellOf(app, language = "en") {
  await until(() => app.farewells.length, "the person is signed out");
  const root = await newDocument();
  const around = { words: WORDS[language], formats: new Formats(language) };
  render(html`<${app.farewells[0]} ...${around} />`, root);
  await until(() => root.querySelector("h2"));
  return root;
}

test("the receipt stays after signing out: its id, when, what went, and when one can start again", async () => {
  const { app, erase } = await opened({ answers: [json(RECEIPT)] });
  await erase();
  const root = await farewellOf(app);
  assert.deepEqual(app.asked, ["DELETE /v2/account?confirm=erase"]);
  assert.equal(root.querySelector("h2").textContent, EN.erased);
  const pairs = Object.fromEntries(
    [...root.querySelectorAll("dl > div")].map((pair) => [...pair.children].map((part) => part.textContent)),
  );
  assert.equal(pairs[EN.receipt], "r-1");
  assert.match(pairs[EN.at], /2024/);
  assert.match(pairs[EN.opensAt], /2024/);
  assert.deepEqual([pairs[EN.names.energies], pairs[EN.names.meters], pairs.another_place], ["1,234", undefined, "1"]);
  await until(() => document.activeElement === root.querySelector("h2"), "it is read out");
});

test("what is still being erased is not said to be erased", async () => {
  const { app, erase } = await opened({ answers: [json({ ...RECEIPT, erasedAt: null, state: "erasing" }, 202)] });
  await erase();
  const root = await farewellOf(app);
  assert.equal(root.querySelector("h2").textContent, EN.beingErased);
  assert.ok(root.textContent.includes(EN.beingErasedHow));
});

for (const [answer, text] of [
  [json({ detail: "away" }, 503), "notErased"],
  [json({ detail: "no" }, 401), "notErased"],
  [json({ detail: "gone" }, 504), "notKnown"],
  [new TypeError("no network"), "notKnown"],
]) {
  test(`after ${answer.status ?? "no answer"} the person stays, and nothing is said to be erased`, async () => {
    const { root, app, erase } = await opened({ answers: [answer, json(RECEIPT)] });
    await erase();
    await said(root, EN[text]);
    assert.deepEqual(app.farewells, []);
    assert.doesNotMatch(root.textContent, new RegExp(EN.erased));
    await erase();
    await until(() => app.farewells.length === 1, "it may be tried again");
  });
}

test("the receipt is copied exactly, and who may not copy gets a message", async (context) => {
  const navigator = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  context.after(() => Object.defineProperty(globalThis, "navigator", navigator));
  const { app, erase } = await opened({ answers: [json(RECEIPT)] });
  await erase();
  const root = await farewellOf(app);
  const copied = [];
  let works = true;
  const clipboard = { writeText: async (text) => (works ? copied.push(text) : Promise.reject(new Error("denied"))) };
  Object.defineProperty(globalThis, "navigator", { value: { clipboard }, configurable: true });
  button(root, EN.copy).click();
  await said(root, EN.copied);
  assert.match(copied[0], /r-1/);
  assert.match(copied[0], /: 1,234/);
  works = false;
  button(root, EN.copy).click();
  await said(root, EN.notCopied);
});

test("it speaks German, and a name is text", async () => {
  const { root, app, erase } = await opened({ language: "de", user: "<b>", answers: [json(RECEIPT)] });
  assert.equal(root.querySelector("b"), null);
  await erase("<b>", ACCOUNT_WORDS.de.eraseYes);
  assert.equal((await farewellOf(app, "de")).querySelector("h2").textContent, ACCOUNT_WORDS.de.erased);
});
