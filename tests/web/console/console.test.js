/** The operators' page: what is asked when, what stays, what each role may do, and what is said of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, MemoryStorage, newDocument, until, WEB } from "../surroundings.js";

const { html, render } = await import(new URL("vendor/preact.js", WEB));
const { App } = await import(new URL("console/app.js", WEB));
const { Documents } = await import(new URL("console/documents.js", WEB));
const { ceilingOf, filled, pathOf, pointsOf } = await import(new URL("console_screens/charts.js", WEB));
const { CONSOLE_WORDS } = await import(new URL("console/console_words.js", WEB));
const { SCREEN_WORDS } = await import(new URL("console_screens/screen_words.js", WEB));
const { Preferences } = await import(new URL("page/preferences.js", WEB));

const AWAY = "the database is away; try again";
const verdict = { mayGoOn: false, text: "one difference is open", command: "python -m infra compare show 5f" };
const component = {
  component: "energy_table",
  stage: "partial",
  enabled: true,
  percent: "12.5",
  exact: false,
  testUsers: 3,
  blockedUsers: 0,
  share: { people: 8, new: 1, percent: 12.5, set: "12.5", mismatch: null, command: "python -m infra flags report" },
  backends: { problem: "the rows are away", old: null, new: null, command: "python -m infra latency" },
  comparisons: { open: 1, fingerprints: [], command: "python -m infra compare report" },
  feedback: { open: 0, looked: 0, command: "python -m infra feedback" },
  lastChange: null,
  verdict,
};
const status = {
  at: "2024-03-15T10:00:00Z",
  hours: 24,
  components: [component],
  sync: { mode: "dual_write", since: null, drainSeconds: 0, command: "python -m infra mode show" },
  verify: { problem: "the database is away", command: "python -m infra verify" },
  flags: { globalEnabled: true, overruled: null, command: "python -m infra flags list" },
};
const flag = { name: "t", componentScope: "energy_table", enabled: true, rolloutPercent: 12.5 };
const listing = { version: "v1", blockedBy: null, flags: [{ componentScope: null, enabled: true }, flag] };
const plan = {
  from: { rolloutPercent: 12.5 },
  to: { rolloutPercent: 50, exact: false },
  known: 8,
  inBefore: 1,
  inAfter: 2,
  entering: [{ user: "<b>alice</b>", bucket: 1 }],
  leaving: [],
};
const answers = {
  "/ops/status": status,
  "/ops/alarms": { alarms: [] },
  "/ops/components/energy_table": { hours: [], fingerprints: [], feedback: [] },
  "/ops/flags": listing,
  "/ops/flags/history": { changes: [] },
  "/ops/rollouts": { rollouts: [] },
  "/ops/flags/energy_table/plan": plan,
  "/ops/sync-mode": { mode: "dual_write", changes: [], drainSeconds: 0, command: "python -m infra mode show" },
  "/ops/verify": { at: null, differences: 0, command: "python -m infra verify" },
};

async function opened({ roles = ["operator"], screen = "", changes = {} } = {}) {
  const root = await newDocument();
  const asked = [];
  const fetch = async (url, { method, body, headers }) => {
    const { pathname } = new URL(url, "http://any.example");
    asked.push({ method, path: pathname, url, headers, body: body && JSON.parse(body) });
    const found = { ...answers, ...changes }[pathname];
    const answer = typeof found === "function" ? found(method) : found;
    return typeof answer === "number" ? json({ detail: AWAY }, answer) : json(answer ?? {});
  };
  const session = { token: "t", user: "olga", roles, expiresAt: Date.now() + 60_000, drafts: {}, view: screen };
  const signIn = { arrive: async () => session, forget: async () => {}, leave: async () => {} };
  const preferences = new Preferences(new MemoryStorage(), ["en-GB"]);
  render(html`<${App} base="" ...${{ signIn, returned: new URL("http://a/?state=b"), preferences, fetch }} />`, root);
  return { root, asked };
}

const buttons = (root) => [...root.querySelectorAll("button")].map((button) => button.textContent.trim());
const buttonOf = (root, name) =>
  [...root.querySelectorAll("button")].find((button) => button.textContent.trim() === name);
const plain = (root) => root.textContent.replaceAll(/\s+/g, " ");

/** Press a button, say why, and confirm. */
async function act(root, name, why = "as planned") {
  buttonOf(root, name).click();
  await until(() => root.querySelector("dialog[open]"));
  const dialog = root.querySelector("dialog[open]");
  const input = dialog.querySelector("input[name=reason]");
  input.value = why;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((resolve) => setTimeout(resolve, 20)); // nobody is quicker
  dialog.querySelector("form").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  return dialog;
}

test("the first screen says how far a component is, what comes first, and by which command", async () => {
  const { root } = await opened();
  await until(() => plain(root).includes("one difference is open"));
  for (const text of ["12.5 %", "some people", "1 of 8 people", verdict.command, "No alarm rings."])
    assert.ok(plain(root).includes(text), text);
});

test("a card says what may go on, what waits, and what must stop", async () => {
  const of = (name, mayGoOn, text, stage = "partial") => ({
    ...component,
    component: name,
    stage,
    verdict: { ...verdict, mayGoOn, text },
    comparisons: { ...component.comparisons, open: 0 },
  });
  const components = [
    of("dashboard", true, "may go on"),
    of("energy_table", false, "stop, because the backends differ in 2 open ways"),
    of("monthly_charts", false, "the backends differ in a way that is open", "off"),
  ];
  const { root } = await opened({ changes: { "/ops/status": { ...status, components } } });
  await until(() => root.querySelectorAll("article").length === 3);
  const cards = [...root.querySelectorAll("article")];
  assert.deepEqual(
    cards.map((card) => [card.className, card.querySelector(".verdict p").textContent]),
    [
      ["may-go-on", "may go on"],
      ["stop", "stop, because the backends differ in 2 open ways"],
      ["waits", "the backends differ in a way that is open"],
    ],
  );
  assert.deepEqual(
    cards.map((card) => card.querySelector("details").open),
    [true, true, false], // what is at rest has its figures folded
  );
});

test("where nobody has asked yet this is said, not that nothing is known", async () => {
  const share = { ...component.share, people: 0, new: 0, percent: null };
  const { root } = await opened({ changes: { "/ops/status": { ...status, components: [{ ...component, share }] } } });
  await until(() => plain(root).includes("nobody has asked since the flags changed last"));
  assert.ok(!plain(root).includes("0 of 0"));
});

test("a percentage that is only remembered is not shown as if it held", async () => {
  const off = { ...status, components: [{ ...component, stage: "off", percent: "10" }] };
  const first = await opened({ changes: { "/ops/status": off } });
  await until(() => first.root.querySelector("article"));
  assert.equal(first.root.querySelector("article .stage strong").textContent, "off");
  const { root } = await opened({ changes: { "/ops/status": off }, screen: "energy_table" });
  await until(() => root.querySelector("#now .fact"));
  assert.equal(root.querySelector("#now .fact strong").textContent, "off");
  assert.match(plain(root.querySelector("#now .fact")), /10 % kept for when it is on/);
});

const DIGEST = "e5624a3746c6083708703508543f14e8";

test("examples that differ only in their instant are one, and who it was fits on a phone", async () => {
  const example = { user: DIGEST, place: "months[0].amount", old: `number:${DIGEST}`, new: 3 };
  const examples = ["08", "09", "10"].map((hour) => ({ ...example, at: `2024-03-15T${hour}:00:00Z` }));
  const found = { fingerprint: "5f", kind: "value", place: "months", answers: 3, users: 1, examples };
  const detail = { hours: [], fingerprints: [found], feedback: [] };
  const { root } = await opened({ changes: { "/ops/components/energy_table": detail }, screen: "energy_table" });
  await until(() => root.querySelector(".example"));
  assert.equal(root.querySelectorAll(".example").length, 1);
  const text = plain(root.querySelector(".example"));
  for (const part of ["3 times", "who e5624a37", "old number:e5624a37, new 3"]) assert.ok(text.includes(part), text);
  assert.ok(!text.includes(DIGEST));
  assert.ok(root.querySelector(`.example [title="${DIGEST}"]`)); // the whole is still there
});

test("a part that could not be looked at says why, and the others show their figures", async () => {
  const { root } = await opened();
  await until(() => plain(root).includes("the rows are away"));
  assert.ok(plain(root).includes("the database is away"));
  assert.ok(plain(root).includes("dual_write"));
});

test("what never was is distinguished from what is not known", async () => {
  const unverified = {
    ...status,
    verify: { at: null, differences: null, meters: null, command: "python -m infra verify" },
  };
  const { root } = await opened({ changes: { "/ops/status": unverified } });
  await until(() => root.querySelector("#platform a[href='#verify']")?.textContent === "never");
  assert.ok(plain(root).includes("dual_write since ever"));
});

test("what is not known is said to be so", async () => {
  const { root } = await opened();
  await until(() => root.querySelector("#platform .fact"));
  const fact = [...root.querySelectorAll(".fact")].find(
    (each) => each.querySelector("dt").textContent === "Dead letters",
  );
  assert.ok(fact.textContent.includes("not known"));
});

test("who has no role sees that, and nothing is asked", async () => {
  const { root, asked } = await opened({ roles: ["reader"] });
  await until(() => plain(root).includes("Your account has no role here"));
  assert.deepEqual(asked, []);
  assert.equal(root.querySelector("nav"), null);
});

for (const screen of ["energy_table", "sync-mode", "verify"]) {
  test(`on ${screen} an operator has buttons that change something, a viewer has none`, async () => {
    const changing = /Roll back|Stop everything|Change to|Compare all/;
    const operator = await opened({ screen });
    await until(() => buttons(operator.root).some((name) => changing.test(name)), "an operator's buttons");
    const viewer = await opened({ screen, roles: ["viewer"] });
    await until(() => viewer.root.querySelector("section.component .command"), "a viewer's screen");
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(
      buttons(viewer.root).filter((name) => changing.test(name)),
      [],
    );
    assert.equal(viewer.root.querySelector("dialog"), null);
  });
}

test("an answer that fails leaves what was there, and says why", async () => {
  let isAway = false;
  const { root } = await opened({ changes: { "/ops/status": () => (isAway ? 503 : status) } });
  await until(() => plain(root).includes("one difference is open"));
  isAway = true;
  buttonOf(root, "Refresh now").click();
  await until(() => plain(root).includes(AWAY));
  assert.ok(plain(root).includes("This is older"));
  assert.ok(plain(root).includes("12.5 %"));
  isAway = false;
  buttonOf(root, "Refresh now").click();
  await until(() => !plain(root).includes(AWAY));
});

test("a part that was never there says why, alone", async () => {
  const { root } = await opened({ changes: { "/ops/alarms": 503 } });
  await until(() => plain(root).includes(`This cannot be shown at the moment. ${AWAY}`));
  await until(() => plain(root).includes("one difference is open"));
});

test("a percentage is changed after a look at who moves, for the document that was seen", async () => {
  const made = { inEffectMs: 3250, recorded: true, overruled: null };
  const { root, asked } = await opened({
    screen: "energy_table",
    changes: { "/ops/flags/energy_table": made },
  });
  await until(() => buttonOf(root, "Who would move?"));
  const number = root.querySelector("input[type=number]");
  number.value = "50";
  number.dispatchEvent(new Event("input", { bubbles: true }));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 50%"));
  assert.ok(plain(root).includes("<b>alice</b>"));
  const dialog = await act(root, "Set to 50%");
  await until(() => dialog.textContent.includes("In effect after 3.3 s."));
  const { method, body, headers } = asked.find(({ path }) => path === "/ops/flags/energy_table");
  assert.deepEqual([method, body], ["PATCH", { rolloutPercent: 50, exact: false, reason: "as planned" }]);
  assert.equal(headers["If-Match"], '"v1"');
});

test("what was looked at is forgotten once it is done, and the screen shows the flags that are now", async () => {
  let version = "v1";
  const { root } = await opened({
    screen: "energy_table",
    changes: {
      "/ops/flags": () => ({ ...listing, version }),
      "/ops/flags/energy_table": () => {
        version = "v2";
        return { inEffectMs: 3250 };
      },
    },
  });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 50%"));
  const dialog = await act(root, "Set to 50%");
  await until(() => !buttonOf(root.querySelector("#plan"), "Set to 50%")); // before anybody presses Close
  assert.ok(dialog.open);
});

test("a change is confirmed by the figures of its plan, and by what the gate lets through", async () => {
  const kept = { ...flag, enabled: false, rolloutPercent: 10 };
  const from0 = { ...plan, from: { rolloutPercent: 0 } };
  const { root } = await opened({
    screen: "energy_table",
    changes: {
      "/ops/flags": { ...listing, flags: [{ componentScope: null, enabled: false }, kept] },
      "/ops/flags/energy_table/plan": from0,
    },
  });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 50%"));
  buttonOf(root, "Set to 50%").click();
  await until(() => root.querySelector("dialog[open]"));
  const text = plain(root.querySelector("dialog[open]"));
  assert.match(text, /from 0% to 50%/);
  assert.match(text, /The global gate is shut: nobody gets the new backend/);
});

test("the application's sentences are said to be English, whatever the page speaks", async () => {
  const { root } = await opened();
  await until(() => root.querySelector(".verdict"));
  assert.equal(root.querySelector(".verdict p [lang=en]").textContent, verdict.text);
});

test("stopping everything says that each flag is switched off too", async () => {
  const { root } = await opened({ screen: "energy_table" });
  await until(() => buttonOf(root, "Stop everything"));
  buttonOf(root, "Stop everything").click();
  await until(() => root.querySelector("dialog[open]"));
  const text = plain(root.querySelector("dialog[open]"));
  assert.ok(text.includes("the flag of each component is switched off"), text);
  assert.ok(text.includes("Opening the gate alone brings nobody back"), text);
});

test("what was looked at is forgotten when another percentage is typed", async () => {
  const { root } = await opened({ screen: "energy_table" });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 50%"));
  const number = root.querySelector("input[type=number]");
  number.value = "60";
  number.dispatchEvent(new Event("input", { bubbles: true }));
  await until(() => !buttonOf(root, "Set to 50%"));
});

test("what was looked at is forgotten when the flags have changed since", async () => {
  let version = "v1";
  const { root } = await opened({
    screen: "energy_table",
    changes: { "/ops/flags": () => ({ ...listing, version }) },
  });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 50%"));
  version = "v2";
  buttonOf(root, "Refresh now").click();
  await until(() => !buttonOf(root, "Set to 50%"));
});

test("a lower percentage is a roll back to it", async () => {
  const lower = { ...plan, to: { rolloutPercent: 5, exact: false } };
  const { root, asked } = await opened({
    screen: "energy_table",
    changes: { "/ops/flags/energy_table/plan": lower, "/ops/flags/energy_table/rollback": { inEffectMs: null } },
  });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Set to 5%"));
  const dialog = await act(root, "Set to 5%", "  too many ");
  await until(() => dialog.textContent.includes("the history will say it"));
  const { body } = asked.find(({ path }) => path.endsWith("/rollback"));
  assert.deepEqual(body, { toPercent: 5, reason: "too many" });
});

test("what is refused says why, and the reason stays typed", async () => {
  const { root } = await opened({ screen: "energy_table", changes: { "/ops/flags/kill": 409 } });
  await until(() => buttonOf(root, "Stop everything"));
  const dialog = await act(root, "Stop everything", "it burns");
  await until(() => dialog.textContent.includes(`Not done. ${AWAY}`));
  assert.equal(dialog.querySelector("input").value, "it burns");
});

test("verify is asked again until it is finished, and says how far it is", async () => {
  const steps = [
    { finished: false, meters: 10, of: 16, differences: 0, findings: [] },
    {
      finished: true,
      meters: 16,
      of: 16,
      differences: 1,
      findings: [{ meter: "p-1 power", collection: "energy", document: "7", problem: "differs" }],
    },
  ];
  let said = [];
  const { root } = await opened({
    screen: "verify",
    changes: { "/ops/verify": (method) => (method === "GET" ? { differences: 0 } : steps.shift()) },
  });
  await until(() => buttonOf(root, "Compare all meters"));
  const dialog = await act(root, "Compare all meters");
  await until(() => {
    said = [...new Set([...said, dialog.querySelector(".outcome").textContent])];
    return said.at(-1).startsWith("Finished");
  });
  assert.equal(said.at(-1), "Finished. Meters: 16, differences: 1.");
  await until(() => plain(root).includes("p-1 power, energy 7: differs"));
  location.hash = "#alarms";
  await until(() => root.querySelector("section#alarms"));
  location.hash = "#verify";
  await until(() => plain(root).includes("p-1 power, energy 7: differs"), "what was found, on coming back");
});

test("the mode goes to its neighbours only", async () => {
  const { root, asked } = await opened({
    screen: "sync-mode",
    changes: { "/ops/sync-mode": () => ({ mode: "old_only", changes: [] }) },
  });
  await until(() => buttonOf(root, "Change to dual_write"));
  assert.equal(buttonOf(root, "Change to new_only"), undefined);
  await act(root, "Change to dual_write");
  await until(() => asked.some(({ method }) => method === "PUT"));
  assert.deepEqual(asked.find(({ method }) => method === "PUT").body, { mode: "dual_write", reason: "as planned" });
});

function documented(answers) {
  const clock = { now: 1_000 };
  const waiting = [];
  const api = {
    send: (_, path) => new Promise((resolve, reject) => waiting.push({ path, resolve, reject })),
  };
  const documents = new Documents(api, () => clock.now);
  return { documents, clock, waiting, answers };
}

test("only what is looked at is asked for again", async () => {
  const { documents, waiting } = documented();
  const stop = documents.watch("/a", () => {});
  documents.watch("/b", () => {});
  stop();
  documents.refresh();
  assert.deepEqual(
    waiting.map(({ path }) => path),
    ["/a", "/b", "/b"],
  );
});

test("what a look changes is asked for again by people alone", async () => {
  const { documents, waiting } = documented();
  documents.watch("/a", () => {});
  documents.watch("/letters", () => {}, true);
  documents.refresh(false);
  documents.refresh();
  assert.deepEqual(
    waiting.map(({ path }) => path),
    ["/a", "/letters", "/a", "/a", "/letters"],
  );
});

test("an answer that a later one has overtaken is dropped", async () => {
  const { documents, waiting } = documented();
  documents.watch("/a", () => {});
  const again = documents.ask("/a");
  waiting[1].resolve({ body: "new" });
  await again;
  waiting[0].resolve({ body: "old" });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(documents.get("/a").body, "new");
});

test("the age of the oldest document is said, and a failure changes neither body nor age", async () => {
  const { documents, clock, waiting } = documented();
  documents.watch("/a", () => {});
  waiting[0].resolve({ body: 1 });
  await until(() => documents.get("/a").body);
  clock.now = 2_000;
  documents.watch("/b", () => {});
  waiting[1].resolve({ body: 2 });
  await until(() => documents.get("/b").body);
  assert.deepEqual(documents.state(), { at: 1_000, problem: null });
  const again = documents.ask("/b");
  waiting[2].reject({ status: 503 });
  await again;
  assert.deepEqual(documents.get("/b"), { body: 2, at: 2_000, problem: { status: 503 } });
  assert.equal(documents.state().problem.status, 503);
});

test("hours in which nobody asked are gaps, not a shorter time", () => {
  const [first, last] = [
    { at: "2024-03-15T08:00:00Z", people: 1 },
    { at: "2024-03-15T10:00:00.000Z", people: 2 },
  ];
  assert.deepEqual(filled([first, last]), [first, { at: "2024-03-15T09:00:00.000Z" }, last]);
  assert.deepEqual(filled([]), []);
  assert.deepEqual(filled([], Date.parse(last.at)), []);
  assert.deepEqual(filled([first], Date.parse("2024-03-15T09:59:00Z")), [first, { at: "2024-03-15T09:00:00.000Z" }]);
});

test("a line breaks where nothing is known, and its scale ends at a round figure", () => {
  assert.equal(pathOf([0, 10, null, 5], 10), "M0 140L200 0M600 70");
  assert.equal(pointsOf([0, 10, null, 5], 10), "M0 140h0.1M200 0h0.1M600 70h0.1");
  assert.deepEqual([ceilingOf([null, 0]), ceilingOf([3.2]), ceilingOf([48]), ceilingOf([100])], [1, 5, 50, 100]);
});

function paths(words, prefix = "") {
  return Object.entries(words).flatMap(([name, value]) =>
    typeof value === "object" ? paths(value, `${prefix}${name}.`) : [`${prefix}${name}`],
  );
}

for (const [name, words] of Object.entries({ CONSOLE_WORDS, SCREEN_WORDS })) {
  test(`both languages of ${name} say the same things`, () => assert.deepEqual(paths(words.de), paths(words.en)));
}

const carriedRollout = {
  component: "energy_table",
  state: "running",
  by: "olga",
  reason: "it is time",
  since: "2024-03-15T10:00:00Z",
  step: { name: "10 %", percent: 10, holdSeconds: 172800 },
  next: { name: "50 %", percent: 50, holdSeconds: 172800 },
  secondsLeft: 93600,
  intent: null,
  approval: null,
  plan: { steps: [{ name: "test users", percent: 0, holdSeconds: 86400 }], approvals: 0, hours: null, exact: false },
  seen: { at: "2024-03-15T11:00:00Z", text: "meters lag", command: "python -m infra sweep --list" },
  log: [{ at: "2024-03-15T10:00:00Z", what: "start", by: "olga", reason: "it is time" }],
  command: "python -m infra rollout status energy_table",
};
const withRollout = (more) => ({ "/ops/rollouts": { rollouts: [{ ...carriedRollout, ...more }] } });

test("a component's screen says how far its rollout is, what comes next, when, and why it waits", async () => {
  const { root } = await opened({ screen: "energy_table", changes: withRollout({}) });
  await until(() => root.querySelector("#rollout .fact"));
  const text = plain(root.querySelector("#rollout"));
  for (const part of ["it carries itself", "10 %", "50 %", "26 h", "meters lag", "sweep --list", "test users (24 h)"])
    assert.ok(text.includes(part), `${part}: ${text}`);
});

test("a rollout that has stopped says why, and an operator lets it go on", async () => {
  const stopped = withRollout({ state: "stopped", reason: "the backends differ", secondsLeft: null });
  const { root, asked } = await opened({
    screen: "energy_table",
    changes: { ...stopped, "/ops/rollouts/energy_table/resume": carriedRollout },
  });
  await until(() => buttonOf(root, "Go on"));
  assert.equal(root.querySelector("#rollout .trouble").textContent, "the backends differ");
  const dialog = await act(root, "Go on", "mended");
  await until(() => plain(dialog).includes("it carries itself: 10 %."));
  const { method, body } = asked.find(({ path }) => path.endsWith("/resume"));
  assert.deepEqual([method, body], ["POST", { reason: "mended" }]);
});

test("each state of a rollout has its own buttons, and a viewer has none", async () => {
  const STATES = {
    running: ["Pause it", "Next step now", "Next step in a hurry", "Abort it"],
    paused: ["Go on", "Abort it"],
    stopped: ["Start the rollout", "Go on", "Abort it"],
    done: ["Start the rollout"],
  };
  for (const [state, names] of Object.entries(STATES)) {
    const { root } = await opened({ screen: "energy_table", changes: withRollout({ state }) });
    await until(() => buttonOf(root, names[0]));
    const found = buttons(root.querySelector("#rollout")).filter((name) => !name.startsWith("Copy"));
    assert.deepEqual(found, names, state);
  }
  const viewer = await opened({ screen: "energy_table", roles: ["viewer"], changes: withRollout({}) });
  await until(() => viewer.root.querySelector("#rollout .fact"));
  assert.equal(buttonOf(viewer.root, "Pause it"), undefined);
});

test("a hurried step says so to the application, and warns of it first", async () => {
  const { root, asked } = await opened({
    screen: "energy_table",
    changes: { ...withRollout({}), "/ops/rollouts/energy_table/step": carriedRollout },
  });
  await until(() => buttonOf(root, "Next step in a hurry"));
  const dialog = await act(root, "Next step in a hurry");
  assert.match(plain(dialog), /50 %, past the hold time .* but not past a breach/);
  await until(() => asked.some(({ path }) => path.endsWith("/step")));
  assert.deepEqual(asked.find(({ path }) => path.endsWith("/step")).body, { reason: "as planned", hurry: true });
});

test("where the plan asks for a second person there is a button to agree with, and who has agreed is said", async () => {
  const approval = { by: "otto", percent: 50, at: carriedRollout.since, reason: "I have looked" };
  const asks = withRollout({ plan: { ...carriedRollout.plan, approvals: 1 }, approval });
  const { root } = await opened({ screen: "energy_table", changes: asks });
  await until(() => buttonOf(root, "Agree to the next step"));
  assert.ok(plain(root.querySelector("#rollout")).includes("otto agrees to 50 %."));
});

test("without a rollout this is said, and one can be begun", async () => {
  const { root } = await opened({ screen: "energy_table", changes: { "/ops/rollouts": { rollouts: [] } } });
  await until(() => buttonOf(root, "Start the rollout"));
  assert.ok(plain(root.querySelector("#rollout")).includes("No rollout carries this component."));
});

test("a rise by hand past a shut gate says so to the application", async () => {
  const made = { inEffectMs: 3250, recorded: true, overruled: null };
  const { root, asked } = await opened({ screen: "energy_table", changes: { "/ops/flags/energy_table": made } });
  await until(() => buttonOf(root, "Who would move?"));
  root.querySelector(".planning").dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await until(() => buttonOf(root, "Raise to 50% in a hurry"));
  const dialog = await act(root, "Raise to 50% in a hurry");
  assert.match(plain(dialog), /although the gate is shut/);
  await until(() => asked.some(({ path }) => path === "/ops/flags/energy_table"));
  assert.equal(asked.find(({ path }) => path === "/ops/flags/energy_table").body.hurry, true);
});
