/** Signing in: what leaves the page, what may come back, and what is kept meanwhile. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeIssuer, MemoryStorage, WEB } from "../surroundings.js";

const { isReturn: cameBack } = await import(new URL("page/app.js", WEB));
const { SignIn } = await import(new URL("page/sign_in.js", WEB));

const REDIRECT = "http://localhost:3100/api/";

function begun() {
  const issuer = new FakeIssuer();
  const storage = new MemoryStorage();
  const at = { issuer: issuer.url, clientId: "energy-monitor", redirectUri: REDIRECT };
  const signIn = new SignIn(at, { storage, go: issuer.visit, fetch: issuer.fetch });
  return { issuer, storage, signIn };
}

test("the page asks for a code with a challenge and goes nowhere else", async () => {
  const { issuer, signIn } = begun();
  await signIn.leave();
  assert.equal(issuer.asked.get("response_type"), "code");
  assert.equal(issuer.asked.get("code_challenge_method"), "S256");
  assert.equal(issuer.asked.get("redirect_uri"), REDIRECT);
  assert.equal(issuer.asked.get("scope"), "openid");
});

test("two sign-ins share no secret", async () => {
  const asked = [];
  for (const { issuer, signIn } of [begun(), begun()]) {
    await signIn.leave();
    asked.push(issuer.asked);
  }
  for (const name of ["state", "nonce", "code_challenge"]) assert.notEqual(asked[0].get(name), asked[1].get(name));
});

test("who comes back is signed in until the token ends, and nothing stays stored", async () => {
  const { issuer, storage, signIn } = begun();
  await signIn.leave();
  assert.equal(storage.kept.size, 1);
  const session = await signIn.arrive(issuer.back());
  assert.equal(session.user, "home");
  assert.ok(session.expiresAt > Date.now() + 3_500_000);
  assert.equal(session.token.split(".").length, 3);
  assert.equal(storage.kept.size, 0);
});

for (const [what, changes] of Object.entries({
  "another state": { state: "guessed" },
  "another code": { code: "stolen" },
  "a refusal": { error: "access_denied" },
  "another issuer": { iss: "https://elsewhere.example" },
})) {
  test(`${what} signs nobody in, and cannot be tried twice`, async () => {
    const { issuer, storage, signIn } = begun();
    await signIn.leave();
    await assert.rejects(signIn.arrive(issuer.back(changes)));
    assert.equal(storage.kept.size, 0);
    await assert.rejects(signIn.arrive(issuer.back()), /no sign-in was begun here/);
  });
}

for (const [what, claims] of Object.entries({
  nonce: { nonce: "another" },
  audience: { aud: "another" },
  issuer: { iss: "https://elsewhere.example" },
  "past end": { exp: 1 },
})) {
  test(`a token with another ${what} is refused`, async () => {
    const { issuer, signIn } = begun();
    issuer.claims = claims;
    await signIn.leave();
    await assert.rejects(signIn.arrive(issuer.back()));
  });
}

test("an answer that nobody asked for is refused", async () => {
  const { signIn } = begun();
  await assert.rejects(signIn.arrive(new URL(`${REDIRECT}?code=a&state=b`)), /no sign-in was begun here/);
});

test("an address is a return only with a state", () => {
  const isReturn = (query) => cameBack(new URL(REDIRECT + query));
  assert.deepEqual(["", "?code=a", "?state=b", "?code=a&state=b", "?error=c&state=b"].map(isReturn), [
    false,
    false,
    false,
    true,
    true,
  ]);
});
