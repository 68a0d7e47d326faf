/**
 * Opens the page without network. It keeps one release as a whole, and gives it up as a whole once no tab shows it any
 * more; nothing of a person comes by here. The application says first which release it is: ``self.release``.
 */

const PATIENCE_MS = 4_000;

const worker = /** @type {any} */ (self);
/** @type {{base: string, digest: string, files: string[]}} */
const { base, digest, files } = worker.release;
const PAGE = `${base}/`;
const ASSETS = `${base}/assets/`;
const CACHES = `energy-monitor ${base} `;
const CACHE = CACHES + digest;
const TRAVEL = ["Content-Encoding", "Content-Length", "ETag"]; // of the page as it came over the network

worker.addEventListener("install", (/** @type {any} */ event) => event.waitUntil(keep()));
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(takeOver()));
worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === PAGE) event.respondWith(page(event.request));
  if (pathname.startsWith(ASSETS)) event.respondWith(asset(event.request));
});

async function keep() {
  const response = await fetch(PAGE, { cache: "no-cache" });
  const text = await response.text();
  if (!text.includes(ASSETS + digest)) throw new Error("the page is of another release: this one is not kept");
  const headers = new Headers(response.headers);
  for (const name of TRAVEL) headers.delete(name);
  const cache = await caches.open(CACHE);
  await cache.addAll(files.map((name) => `${ASSETS}${digest}/${name}`));
  await cache.put(PAGE, new Response(text.replace("<html ", '<html data-kept="true" '), { headers }));
}

async function takeOver() {
  const others = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/**
 * The page of now; the kept one where network or application are away, or take longer than somebody waits.
 * @param {Request} request
 */
async function page(request) {
  const asked = fetch(request);
  const instead = async () => (await kept(PAGE)) ?? asked;
  const answer = async () => ((await asked).status >= 500 ? instead() : asked);
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  return Promise.race([answer().catch(instead), patience.then(instead)]);
}

/** @param {Request} request */
async function asset(request) {
  return (await kept(request)) ?? fetch(request);
}

/**
 * @param {RequestInfo} request
 * @returns {Promise<Response | undefined>} never fails: who has network needs no cache
 */
const kept = (request) => caches.match(request, { cacheName: CACHE, ignoreSearch: true }).catch(() => undefined);
