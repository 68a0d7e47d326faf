/** Who would enter or leave at another percentage: looked at before anybody changes it. */

import { Command, Figure, Percent, reasonOf, useConsole } from "../console/parts.js";
import { html, useState } from "../vendor/preact.js";
import { screenWords } from "./screen_words.js";

export const FLAGS = "/ops/flags";
const MOST = 100; // people who are named

/** @param {{component: string, listing: any}} props ``listing``: the present flags */
export function Plan({ component, listing }) {
  const { api, words, said: common, commands } = useConsole();
  const said = screenWords(words).plan;
  const [percent, setPercent] = useState("");
  const [exact, setExact] = useState(false);
  const [seen, setPlan] = useState(/** @type {any} */ (null));
  const plan = seen?.version === listing.version ? seen : null; // of other flags nobody knows who would move
  const [problem, setProblem] = useState("");
  const flag = listing.flags.find((/** @type {any} */ each) => each.componentScope === component);
  const changed = (/** @type {() => void} */ set) => {
    set();
    setPlan(null); // what is confirmed is what is shown
  };
  const look = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setProblem("");
    const query = { to: percent, exact: String(exact) };
    await api.send("GET", `${FLAGS}/${component}/plan`, { query }).then(
      ({ body }) => setPlan({ ...body, version: listing.version }),
      (refused) => {
        setPlan(null);
        setProblem(reasonOf(refused, common));
      },
    );
  };
  if (!flag) return html`<p>${words.unknown}</p>`;
  return html`
    <form class="planning" onSubmit=${look}>
      <label>${said.percent}
        <input type="number" min="0" max="100" step="any" required value=${percent}
          onInput=${(/** @type {any} */ { target }) => changed(() => setPercent(target.value))} />
      </label>
      <label class="exactly"><input type="checkbox" checked=${exact} onChange=${(/** @type {any} */ { target }) => changed(() => setExact(target.checked))} /> ${said.exactly}</label>
      <button type="submit" class="inline outline">${said.look}</button>
    </form>
    <div role="status">
      ${problem && html`<p class="trouble">${problem}</p>`}
      ${plan && html`<${Planned} component=${component} plan=${plan} />`}
    </div>
    ${plan && commands && html`<${commands.SetTo} ...${{ component, plan, listing }} />`}
  `;
}

/** @param {{component: string, plan: any}} props */
function Planned({ component, plan: { from, to, known, inBefore, inAfter, entering, leaving } }) {
  const { words } = useConsole();
  const said = screenWords(words).plan;
  const command = `python -m infra flags plan ${component} --from ${from.rolloutPercent} --to ${to.rolloutPercent}${to.exact ? " --exact" : ""}`;
  const named = (/** @type {any[]} */ steps) =>
    steps.slice(0, MOST).map((step) => html`<li key=${step.user}>${step.user}</li>`);
  const people = (/** @type {string} */ text, /** @type {any[]} */ steps) => html`
    <details open=${steps.length > 0 && steps.length <= 10}>
      <summary>${text} <${Figure} value=${steps.length} /></summary>
      <ul class="people">${named(steps)}</ul>
      ${steps.length > MOST && html`<p>${said.more(steps.length - MOST)}</p>`}
    </details>
  `;
  return html`
    <p>
      <${Percent} value=${from.rolloutPercent} /> → <${Percent} value=${to.rolloutPercent} />:
      ${" "}${said.inBefore} <${Figure} value=${inBefore} />, ${said.inAfter} <${Figure} value=${inAfter} />, ${said.known} <${Figure} value=${known} />
      ${" "}<${Command} text=${command} />
    </p>
    ${people(said.entering, entering)}${people(said.leaving, leaving)}
  `;
}
