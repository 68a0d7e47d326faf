/** Sending readings that wait: in order, each until the application has settled it, and never twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { json, newDocument, until, WEB } from "../surroundings.js";

const { Api } = await import(new URL("page/api.js", WEB));
const { persist, Queue } = await import(new URL("device/queue.js", WEB));

const FORM = "/components/energy_forms";
const EXISTING = { id: "r/1", type: "power", date: "2024-03-14T17:00:00.000Z", amount: 99, revision: "b" };

/** A device that keeps readings in memory. */
class MemoryDevice {
  base = "/api";

  constructor(...amounts) {
    this.readings = amounts.map((amount, id) => ({
      id,
      type: "power",
      date: `2024-03-${10 + id}T17:00:00.000Z`,
      amount,
      confirm: false,
      onto: null,
      refusal: null,
      zone: "Europe/Berlin",
    }));
  }

  waiting = async () => this.readings;

  async change(id, changes) {
    this.readings = this.readings.map((each) => (each.id === id ? { ...each, ...changes } : each));
  }

  async settle(id) {
    this.readings = this.readings.filter((each) => each.id !== id);
  }
}

const created = (body) => json({ id: "new", revision: "a", sourceVersion: 3, ...body }, 201);
const refused =
  (status, more = {}) =>
  () =>
    json({ detail: "no", ...more }, status);
const portal = () => new Response("<h1>Welcome to our hotel</h1>", { headers: { "Content-Type": "text/html" } });
const lost = () => {
  throw new TypeError("network");
};

/** A queue whose application answers each write with the next of ``answers``, and finds ``existing`` at any instant. */
function queueOf(device, answers, { existing = null, token = "t" } = {}) {
  const sent = [];
  const fetch = async (url, { method, body, headers }) => {
    if (method === "GET") return json({ readings: existing ? [existing] : [] });
    sent.push({ method, path: url, ...JSON.parse(body), ...(headers["If-Match"] && { match: headers["If-Match"] }) });
    return answers.shift()(JSON.parse(body));
  };
  const told = [];
  const queue = new Queue(new Api("", token, () => {}, fetch), device, (count) => told.push(count));
  return { queue, sent, told };
}

test("readings are sent in order, and wait no more", async () => {
  const device = new MemoryDevice(10, 20, 30);
  const { queue, sent, told } = queueOf(device, [created, created, created]);
  assert.equal(await queue.send(), true);
  assert.deepEqual(
    sent.map(({ amount, date }) => [amount, date]),
    [10, 20, 30].map((amount, id) => [amount, `2024-03-${10 + id}T17:00:00.000Z`]),
  );
  assert.deepEqual([device.readings, told], [[], [3]]);
});

test("who asks twice sends once", async () => {
  const { queue, sent } = queueOf(new MemoryDevice(10), [created]);
  await Promise.all([queue.send(), queue.send()]);
  assert.equal(sent.length, 1);
});

test("a reading whose answer was lost counts as sent where it is stored", async () => {
  const device = new MemoryDevice(99);
  const { queue, sent } = queueOf(device, [lost, refused(409)], { existing: EXISTING });
  assert.equal(await queue.send(), false);
  assert.equal(device.readings.length, 1);
  assert.equal(await queue.send(), true);
  assert.deepEqual([device.readings, sent.length], [[], 2]);
});

for (const [what, answer] of [
  ["no answer", lost],
  ["429", refused(429)],
  ["the page of a portal", portal],
  ["a success without a reading", () => json({}, 201)],
]) {
  test(`after ${what} everything stays and is tried again`, async () => {
    const device = new MemoryDevice(10, 20);
    const { queue, sent } = queueOf(device, [answer, created, created]);
    assert.equal(await queue.send(), false);
    assert.deepEqual([device.readings.length, sent.length], [2, 1]);
    await queue.send();
    assert.deepEqual([device.readings.length, sent.length], [0, 3]);
  });
}

for (const [what, answer] of [
  ["a failure", refused(500)],
  ["the application being away", refused(503)],
  ["what a gateway forbids", () => json({ message: "Forbidden" }, 403)],
  ["what a gateway does not find", () => json({ message: "Not Found" }, 404)],
]) {
  test(`after ${what} the reading stays, and is in the way of no other`, async () => {
    const device = new MemoryDevice(10, 20);
    const { queue, sent, told } = queueOf(device, [answer, created, created]);
    assert.equal(await queue.send(), false);
    assert.deepEqual(
      device.readings.map(({ amount, refusal }) => [amount, refusal]),
      [[10, null]],
    );
    assert.deepEqual([sent.length, told], [2, [1]]);
    assert.equal(await queue.send(), true);
    assert.deepEqual([device.readings, told], [[], [1, 1]]);
  });
}

test("what is answered while others are being sent is sent too", async () => {
  const device = new MemoryDevice(10, 20);
  const held = Promise.withResolvers();
  const question = refused(422, { code: "LOWER_THAN_PREVIOUS", details: {} });
  const { queue, sent } = queueOf(device, [question, (body) => held.promise.then(() => created(body)), created]);
  const sending = queue.send();
  await until(() => sent.length === 2);
  const answered = queue.answer(device.readings[0], { confirm: true });
  held.resolve();
  assert.equal(await sending, true);
  await answered;
  assert.deepEqual([sent.map(({ confirm = false }) => confirm), device.readings], [[false, false, true], []]);
});

test("what begins to wait just before the end is sent too", async () => {
  const device = new MemoryDevice(10, 20);
  const late = device.readings.pop();
  const { queue, sent } = queueOf(device, [created, created]);
  const waiting = device.waiting;
  device.waiting = async () => {
    const found = await waiting();
    if (!found.length && !sent[1]) {
      device.readings = [late];
      queue.send();
    }
    return found;
  };
  await queue.send();
  assert.deepEqual([sent.length, device.readings], [2, []]);
});

test("after 401 everything stays until the person has signed in", async () => {
  const device = new MemoryDevice(10, 20);
  const { queue, sent } = queueOf(device, [refused(401)]);
  assert.equal(await queue.send(), true);
  assert.deepEqual([device.readings.length, sent.length], [2, 1]);
});

test("without a token nothing is sent", async () => {
  const device = new MemoryDevice(10);
  const { queue, sent } = queueOf(device, [], { token: "" });
  await queue.send();
  assert.deepEqual([device.readings.length, sent], [1, []]);
});

test("a conflict waits for the person, and the others go on", async () => {
  const device = new MemoryDevice(10, 20);
  const { queue, sent } = queueOf(device, [refused(409), created, created], { existing: EXISTING });
  assert.equal(await queue.send(), true);
  assert.deepEqual(device.readings[0].refusal.details.existing, EXISTING);
  await queue.answer(device.readings[0], { onto: EXISTING });
  assert.deepEqual(sent.at(-1), { method: "PUT", path: `${FORM}/r%2F1`, amount: 10, match: '"b"' });
  assert.deepEqual(device.readings, []);
});

test("what it was to replace is gone: it is stored as new", async () => {
  const device = new MemoryDevice(10);
  const { queue, sent } = queueOf(device, [refused(404), created]);
  await queue.answer(device.readings[0], { onto: EXISTING });
  assert.deepEqual(
    sent.map(({ method }) => method),
    ["PUT", "POST"],
  );
  assert.deepEqual(device.readings, []);
});

test("a conflict whose other side cannot be read is tried again", async () => {
  const device = new MemoryDevice(10);
  const { queue } = queueOf(device, [refused(409)]);
  assert.equal(await queue.send(), false);
  assert.equal(device.readings[0].refusal, null);
});

test("a question is kept with what it is about, and sent again with the answer", async () => {
  const device = new MemoryDevice(10);
  const question = { code: "LOWER_THAN_PREVIOUS", details: { usualPerDay: 3 } };
  const { queue, sent } = queueOf(device, [refused(422, question), created]);
  await queue.send();
  assert.equal(await queue.send(), true);
  assert.deepEqual(device.readings[0].refusal, { status: 422, ...question, errors: [], message: "no" });
  assert.equal(sent.length, 1);
  await queue.answer(device.readings[0], { number: 11, confirm: true });
  assert.deepEqual([sent[1].amount, sent[1].confirm, device.readings], [11, true, []]);
});

test("what is written elsewhere may settle a question; what the queue itself writes asks nothing again", async () => {
  const device = new MemoryDevice(10);
  const { queue, sent } = queueOf(device, [refused(422, { code: "LOWER_THAN_PREVIOUS", details: {} }), created]);
  await queue.send();
  await queue.askAgain(new Set(["gas"]));
  assert.equal(sent.length, 1);
  await queue.askAgain(new Set(["power"]));
  assert.deepEqual([sent.length, device.readings], [2, []]);
});

test("another refusal is kept with its message", async () => {
  const device = new MemoryDevice(10);
  const erased = { code: "ACCOUNT_ERASED", opensAt: "2024-04-01T00:00:00.000Z", detail: "it was erased" };
  const { queue } = queueOf(device, [refused(409, erased)], { existing: EXISTING });
  await queue.send();
  const { message, opensAt, details } = device.readings[0].refusal;
  assert.deepEqual([message, opensAt, details], ["it was erased", erased.opensAt, null]);
});

test("what an erasure refused is sent once the account is open again, and not before", async () => {
  for (const [opensAt, left] of [
    [new Date(Date.now() + 3_600_000).toISOString(), 1],
    [new Date(Date.now() - 1).toISOString(), 0],
  ]) {
    const device = new MemoryDevice(10);
    const { queue } = queueOf(device, [refused(409, { code: "ACCOUNT_ERASED", opensAt }), created]);
    await queue.send();
    await queue.send();
    assert.equal(device.readings.length, left, opensAt);
  }
});

test("what the page itself calls a network is no reason to try again at once", async () => {
  await newDocument();
  let tries = 0;
  const { stop } = persist(async () => {
    tries += 1;
    return false;
  });
  document.defaultView.dispatchEvent(new Event("online"));
  stop();
  assert.equal(tries, 1);
});
