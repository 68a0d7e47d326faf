/**
 * Signing in: OpenID Connect, authorization code with PKCE. The token lives in memory only. While the person is away
 * at the issuer, sessionStorage keeps what the answer is checked against and what the person had typed, and no longer.
 */

import * as oauth from "../vendor/oauth4webapi.js";

/**
 * @typedef {object} Session
 * @property {string} token the ID token: page and application are one client, so its audience is both
 * @property {string} user
 * @property {string[]} roles
 * @property {number} expiresAt in milliseconds
 * @property {Record<string, unknown>} drafts what the same person had typed before signing in again
 * @property {string} view where they were
 * @property {import("../device/device.js").Device} [device] where it was begun without network, and without a token
 */

/** @typedef {{user: string, drafts: Record<string, unknown>}} Typed */
/** @typedef {{typed: Typed | null, view: string}} Left what somebody will want to go on with */

/**
 * @typedef {object} Issuer
 * @property {string} issuer its address
 * @property {string} clientId
 * @property {string} redirectUri where it sends people back to: one address for all pages
 * @property {string} [page] who asks, where that is not the household's page: the state begins with it, by which the
 *   application knows whose page to send to who comes back
 */

/**
 * @typedef {object} Around what signing in touches
 * @property {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage
 * @property {(url: string) => void} go leave the page
 * @property {typeof fetch} fetch
 */

const PENDING = "sign-in";

export class SignIn {
  /**
   * @param {Issuer} at
   * @param {Around} around
   */
  constructor(at, around) {
    this.at = at;
    this.around = around;
    /** @type {oauth.Client} */
    this.client = { client_id: at.clientId };
    this.options = {
      [oauth.allowInsecureRequests]: at.issuer.startsWith("http://"), // the application takes such issuers locally only
      [oauth.customFetch]: around.fetch,
    };
  }

  /**
   * Leave for the issuer. Throws where it cannot be reached.
   * @param {Partial<Left>} [left] what is not given is as it was when signing in was begun before, and did not work
   */
  async leave(left = {}) {
    const server = await this.server();
    const { typed = null, view = "" } = { ...this.pending(), ...left };
    const pending = {
      typed,
      view,
      verifier: oauth.generateRandomCodeVerifier(),
      state: this.at.page ? `${this.at.page}.${oauth.generateRandomState()}` : oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
    };
    this.around.storage.setItem(PENDING, JSON.stringify(pending));
    const url = new URL(server.authorization_endpoint ?? "");
    const asked = {
      response_type: "code",
      client_id: this.at.clientId,
      redirect_uri: this.at.redirectUri,
      scope: "openid",
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
    this.around.go(url.href);
  }

  /**
   * Make a session of what the issuer sent back. Throws for every answer that this page has not asked for.
   * @param {URL} url
   * @returns {Promise<Session>}
   */
  async arrive(url) {
    const { typed, view, ...asked } = this.pending();
    this.around.storage.removeItem(PENDING); // each answer is taken once
    if (typed) this.around.storage.setItem(PENDING, JSON.stringify({ typed, view }));
    const session = await this.taken(url, asked);
    this.around.storage.removeItem(PENDING);
    const drafts = typed?.user === session.user ? typed.drafts : {}; // nobody else sees what somebody has typed
    return { ...session, drafts, view: view ?? "" };
  }

  /** Keep nothing of what was typed before a sign-in that never came to its end. */
  async forget() {
    this.around.storage.removeItem(PENDING);
  }

  pending() {
    return JSON.parse(this.around.storage.getItem(PENDING) ?? "{}");
  }

  /**
   * @param {URL} url
   * @param {{verifier: string, state: string, nonce: string}} asked
   */
  async taken(url, { verifier, state, nonce }) {
    if (!state) throw new Error("no sign-in was begun here");
    const server = await this.server();
    const answer = oauth.validateAuthResponse(server, this.client, url, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.client,
      oauth.None(),
      answer,
      this.at.redirectUri,
      verifier,
      this.options,
    );
    const checks = { expectedNonce: nonce, requireIdToken: true };
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.client, response, checks);
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (!claims || !tokens.id_token) throw new Error("the issuer gave no ID token");
    const roles = Array.isArray(claims.roles) ? claims.roles.map(String) : [];
    return { token: tokens.id_token, user: claims.sub, roles, expiresAt: claims.exp * 1000 };
  }

  async server() {
    const issuer = new URL(this.at.issuer);
    const found = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...this.options });
    return oauth.processDiscoveryResponse(issuer, found);
  }
}
