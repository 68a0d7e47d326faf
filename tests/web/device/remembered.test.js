/** What a component shows where nobody answers: what it showed last, and when that was. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboard, json, shown, until, WEB } from "../surroundings.js";

const { Api } = await import(new URL("page/api.js", WEB));
const { Dashboard } = await import(new URL("components/dashboard.js", WEB));

const metersOf = (body) => body.meters;

/** An application that answers until ``it.isAway``. */
function application(answer) {
  const it = { isAway: false, asked: 0 };
  const fetch = async (url) => {
    it.asked += 1;
    if (it.isAway) throw new TypeError("network");
    return answer(url);
  };
  return { it, fetch };
}

test("each query is answered with what it showed last, and when that was", async () => {
  const { it, fetch } = application((url) => json({ meters: [], url }));
  const api = new Api("", "t", () => {}, fetch);
  const before = Date.now();
  await api.show("dashboard", { a: "1" }, metersOf);
  await api.show("dashboard", { a: "2" }, metersOf);
  it.isAway = true;
  const found = await api.show("dashboard", { a: "1" }, metersOf);
  assert.equal(found.url, "/components/dashboard?a=1");
  assert.ok(found.asOf >= before && found.asOf <= Date.now());
  await assert.rejects(api.show("dashboard", { a: "3" }, metersOf), { status: 0 });
  assert.equal(api.isAway, true);
  it.isAway = false;
  assert.equal((await api.show("dashboard", { a: "1" }, metersOf)).asOf, undefined);
  assert.equal(api.isAway, false);
});

test("a refusal is shown as one, whatever is known", async () => {
  const answers = [json({ meters: [] }), json({ detail: "no" }, 503)];
  const api = new Api(
    "",
    "t",
    () => {},
    async () => answers.shift(),
  );
  await api.show("dashboard", {}, metersOf);
  await assert.rejects(api.show("dashboard", {}, metersOf), { status: 503 });
});

test("without a token nobody is asked, and the device shows what it has kept", async () => {
  const { it, fetch } = application(() => json({}));
  const kept = { "dashboard?": { body: { meters: [] }, at: 7 }, zone: { body: "Asia/Tokyo", at: 3 } };
  const device = { last: async (name) => kept[name] ?? null, onAway() {} };
  const api = new Api("", "", () => {}, fetch, device);
  assert.deepEqual(await api.show("dashboard", {}, metersOf), { meters: [], zone: "Asia/Tokyo", asOf: 7 });
  assert.equal(it.asked, 0);
});

test("what is shown is given to the device, with the person's zone", async () => {
  const kept = [];
  const device = { keep: async (name, { body }) => void kept.push([name, body]) };
  const api = new Api(
    "",
    "t",
    () => {},
    async () => json({ meters: [], zone: "Asia/Tokyo" }),
    device,
  );
  await api.show("energy_table", { type: "gas" }, metersOf, true);
  assert.deepEqual(kept, [
    ["energy_table?type=gas", { meters: [], zone: "Asia/Tokyo" }],
    ["zone", "Asia/Tokyo"],
  ]);
});

test("an older answer is not taken for what was kept", async () => {
  const device = {
    last: async (name) => (name === "dashboard?" ? { body: dashboard(9), at: 7 } : null),
    keep: async () => {},
    onAway() {},
  };
  const answers = [() => Promise.reject(new TypeError("network")), () => json(dashboard(8)), () => json(dashboard(9))];
  const api = new Api(
    "",
    "t",
    () => {},
    async () => answers.shift()(),
    device,
  );
  await api.show("dashboard", {}, metersOf);
  assert.equal((await api.show("dashboard", {}, metersOf)).meters[0].sourceVersion, 9);
});

for (const [language, text] of [
  ["en", "As of 14 Nov 2026, 18:05"],
  ["de", "Stand: 14.11.2026, 18:05"],
]) {
  test(`a component says since when its figures are what they are: ${language}`, async () => {
    const last = { body: { ...dashboard(), zone: "Europe/Berlin" }, at: Date.parse("2026-11-14T17:05:00Z") };
    const device = { last: async () => last, onAway() {} };
    const fetch = () => Promise.reject(new TypeError("network"));
    const api = new Api("", "t", () => {}, fetch, device);
    const { Formats } = await import(new URL("page/formats.js", WEB));
    const formats = new Formats(language === "en" ? "en-GB" : "de");
    const { root } = await shown(Dashboard, fetch, { language, api, formats });
    await until(() => root.textContent.includes(text), text);
    assert.ok(root.textContent.includes(language === "en" ? "1,234.6" : "1.234,6"));
    assert.equal(root.querySelector("button"), null, "nothing failed");
  });
}
