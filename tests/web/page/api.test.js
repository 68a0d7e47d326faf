/** Asking the application: versions never fall, a token that ended is noticed, kinds of failure are distinguished. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOf, json, WEB } from "../surroundings.js";

const { Api, Problem } = await import(new URL("page/api.js", WEB));

const metersOf = (body) => body.meters;
const at = (...versions) => ({
  meters: versions.map((sourceVersion, index) => ({ type: `m${index}`, sourceVersion })),
});

function answering(...answers) {
  const asked = [];
  let expired = 0;
  const fetch = async (url, options) => {
    asked.push([url, options]);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const api = new Api("/api", "a-token", () => (expired += 1), fetch);
  return { api, asked, expired: () => expired };
}

test("the token goes to the application's own paths, in a header only", async () => {
  const { api, asked } = answering(json(at(1)));
  await api.show("dashboard", { year: "2024" }, metersOf);
  assert.equal(asked[0][0], "/api/components/dashboard?year=2024");
  assert.equal(asked[0][1].headers.Authorization, "Bearer a-token");
});

test("an older answer is asked for again, consistently", async () => {
  const { api, asked } = answering(json(at(5, 1)), json(at(4, 9)), json(at(5, 9)));
  await api.show("dashboard", {}, metersOf);
  assert.deepEqual(await api.show("dashboard", {}, metersOf), at(5, 9));
  assert.deepEqual(
    asked.map(([url]) => url),
    ["/api/components/dashboard", "/api/components/dashboard", "/api/components/dashboard?consistent=true"],
  );
});

test("what was written is shown from then on", async () => {
  const { api, asked } = answering(json(at(5)), json(at(6)));
  api.versions.note({ type: "m0", sourceVersion: 6 });
  assert.deepEqual(await api.show("dashboard", {}, metersOf), at(6));
  assert.equal(asked.length, 2);
});

test("an equal or newer answer is asked for once, and meters do not mix", async () => {
  const { api, asked } = answering(json(at(5, 1)), json(at(5, 2)));
  await api.show("dashboard", {}, metersOf);
  await api.show("dashboard", {}, metersOf);
  assert.equal(asked.length, 2);
});

test("an end of the token is noticed", async () => {
  const { api, expired } = answering(json({ detail: "the token has expired" }, 401));
  await assert.rejects(
    api.show("dashboard", {}, metersOf),
    (error) => error instanceof Problem && error.status === 401,
  );
  assert.equal(expired(), 1);
});

test("a failure says why, and a lost connection is one too", async () => {
  const { api, expired } = answering(
    json({ detail: "try again" }, 503),
    new Response("<p>", { status: 502 }),
    new TypeError("offline"),
  );
  const failures = [];
  for (let i = 0; i < 3; i += 1) await api.show("dashboard", {}, metersOf).catch((error) => failures.push(error));
  assert.deepEqual(
    failures.map((error) => error.status),
    [503, 502, 0],
  );
  assert.equal(failures[0].message, "try again");
  assert.equal(expired(), 0);
});

test("a write notes what it reached and notifies who shows the meter", async () => {
  const { api, asked } = answering(json({ type: "m0", sourceVersion: 6 }, 201), json(at(5)), json(at(6)));
  const told = [];
  const stop = api.onWritten((written) => told.push([...written]));
  const answer = await api.write("POST", "/components/energy_forms", { json: { amount: 1 } }, (body) => [body]);
  assert.equal(answer.body.sourceVersion, 6);
  assert.equal(asked[0][1].body, '{"amount":1}');
  assert.equal(asked[0][1].headers["Content-Type"], "application/json");
  assert.deepEqual(await api.show("dashboard", {}, metersOf), at(6));
  stop();
  assert.deepEqual(told, [["m0"]]);
});

test("a refused write changes nothing, and says what is asked back", async () => {
  const refused = {
    detail: "lower",
    code: "LOWER_THAN_PREVIOUS",
    details: { next: null },
    errors: [{ where: "amount" }],
  };
  const { api } = answering(json(refused, 422));
  api.onWritten(() => assert.fail("nothing was written"));
  const error = await api.write("POST", "/x", { json: {} }, () => assert.fail("no answer")).catch((found) => found);
  assert.deepEqual([error.status, error.code, error.details], [422, refused.code, refused.details]);
  assert.equal(api.versions.highest.size, 0);
});

test("an answer that breaks off is a failure, not a success", async () => {
  const broken = new Response("{", { status: 200, headers: { "Content-Type": "application/json" } });
  const { api } = answering(broken);
  await assert.rejects(
    api.write("POST", "/x", {}, metersOf),
    (error) => error instanceof Problem && error.status === 0,
  );
});

test("each answer of a component is noticed: what was asked, who answered and why, what it shows, how long it took", async () => {
  const { api } = answering(answerOf("new", "test_user", at(5, 2)));
  const noticed = [];
  api.onNoticed((each) => noticed.push(each));
  await api.show("monthly_charts", { type: "gas", year: "2024" }, metersOf);
  const [{ elapsedMs, turn, ...answer }] = noticed;
  assert.deepEqual(answer, {
    kind: "answer",
    component: "monthly_charts",
    query: { type: "gas", year: "2024" },
    status: 200,
    backend: "new",
    reason: "test_user",
    meters: at(5, 2).meters,
  });
  assert.ok(elapsedMs >= 0 && elapsedMs < 10_000);
});

test("what fails is noticed too, with who failed where that is said, and stays the caller's problem", async () => {
  const { api } = answering(answerOf("old", "blocked", { detail: "away" }, 503), new TypeError("no network"));
  await assert.rejects(api.show("dashboard", {}, metersOf), { status: 503 });
  await assert.rejects(
    api.write("DELETE", "/components/energy_forms/a", {}, () => []),
    { status: 0 },
  );
  const said = api.noticed.map(({ component, status, backend, meters }) => [component, status, backend, meters]);
  assert.deepEqual(said, [
    ["dashboard", 503, "old", []],
    ["energy_forms", 0, null, []],
  ]);
  assert.equal(api.last.size, 0);
});

test("the last answer of a component is that to what was asked last, and neither a write nor one of its rows", async () => {
  const waiting = [];
  const fetch = () => new Promise((resolve) => waiting.push(resolve));
  const api = new Api("", "t", () => {}, fetch);
  const years = ["2023", "2024"].map((year) => api.show("monthly_charts", { year }, () => []));
  waiting[1](answerOf("old", "blocked", {}));
  await years[1];
  waiting[0](answerOf("old", "blocked", {}));
  await years[0];
  assert.equal(api.last.get("monthly_charts").query.year, "2024");
  const others = [
    api.write("POST", "/components/csv_import", {}, () => []),
    api.send("GET", "/components/energy_forms/a"),
  ];
  for (const resolve of waiting.slice(2)) resolve(answerOf("old", "blocked", {}));
  await Promise.all(others);
  assert.deepEqual([...api.last.keys()], ["monthly_charts"]);
});

test("who stops listening gets nothing more, and what was noticed is kept within bounds", async () => {
  const { api } = answering(...Array.from({ length: 250 }, () => json({})));
  let told = 0;
  const stop = api.onNoticed(() => {
    told += 1;
  });
  await api.show("dashboard", {}, () => []);
  stop();
  for (let turn = 0; turn < 249; turn += 1) await api.show("dashboard", {}, () => []);
  assert.equal(told, 1);
  assert.ok(api.noticed.length <= 100);
});

test("the old backend is forced for reads and writes of components, for nothing else, and everybody loads again", async () => {
  const { api, asked } = answering(...Array.from({ length: 5 }, () => json({ meters: [] })));
  const written = [];
  api.onWritten((meters) => written.push(...meters));
  api.force(true);
  assert.deepEqual(written, ["power", "gas"]);
  await api.show("dashboard", { consistent: "true" }, () => []);
  await api.write("POST", "/components/energy_forms", { json: {} }, () => []);
  await api.send("POST", "/components/feedback", { json: {} });
  await api.send("GET", "/v2/settings");
  api.force(false);
  await api.show("dashboard", {}, () => []);
  assert.deepEqual(
    asked.map(([url]) => url.replace("/api", "")),
    [
      "/components/dashboard?consistent=true&forceOld=true",
      "/components/energy_forms?forceOld=true",
      "/components/feedback",
      "/v2/settings",
      "/components/dashboard",
    ],
  );
});
