/** Asking the application: versions never fall, a token that ended is noticed, failures are told apart. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, WEB } from "./surroundings.js";

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

test("a write notes what it reached and tells who shows the meter", async () => {
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
