/** What operators see: which backend has answered a component and why, and a switch that asks the old one. */

import { useSurroundings } from "../page/component.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { markWords } from "./mark_words.js";

/** @typedef {import("../page/api.js").Answer} Answer */

/** @param {{component: string}} props */
export function Mark({ component }) {
  const { words, api } = useSurroundings();
  const [answer, setAnswer] = useState(() => lastOf(api, component));
  useEffect(() => {
    const follow = () => setAnswer((before) => lastOf(api, component) ?? before);
    follow();
    return api.onNoticed(follow);
  }, [api]);
  return answer && html`<small class="mark" title=${answer.reason}>${textOf(answer, markWords(words))}</small>`;
}

/**
 * What came last from a backend, a refusal too.
 * @param {import("../page/api.js").Api} api
 * @param {string} component
 */
function lastOf(api, component) {
  const isOfBackend = (/** @type {import("../page/api.js").Noticed} */ noticed) =>
    noticed.kind === "answer" && noticed.component === component && noticed.backend;
  return /** @type {Answer | undefined} */ (api.noticed.findLast(isOfBackend)) ?? api.last.get(component);
}

/**
 * @param {Answer} answer
 * @param {ReturnType<typeof markWords>} said
 */
function textOf({ backend, reason, status }, said) {
  const known = /** @type {Record<string, string>} */ ({ ...said.backends, ...said.reasons });
  const [who, why] = [backend ?? "", reason ?? ""].map((name) => known[name] ?? name);
  const mark = said.mark(who, why);
  return status === 200 ? mark : said.failed(mark, status);
}

/** @param {{words: import("../page/words.js").Words, api: import("../page/api.js").Api}} props */
export function ForceOld({ words, api }) {
  const [forcesOld, setForcesOld] = useState(api.forcesOld);
  const said = markWords(words);
  const flip = () => {
    api.force(!forcesOld);
    setForcesOld(!forcesOld);
  };
  return html`
    <label><input type="checkbox" role="switch" checked=${forcesOld} onChange=${flip} />${said.force}</label>
    <small role="status">${forcesOld && said.forced}</small>
  `;
}
