/** The rollout that carries a component: how far it is, what comes next and when, and why it waits or has stopped. */

import { Fact, Moment, Seconds, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { List } from "./details.js";
import { screenWords } from "./screen_words.js";

export const ROLLOUTS = "/ops/rollouts";

/**
 * What people call a step.
 * @param {{percent: number, name: string} | null | undefined} step
 * @param {{testUsers: string}} said
 * @param {string} otherwise
 */
export const nameOf = (step, said, otherwise) => (!step ? otherwise : step.percent === 0 ? said.testUsers : step.name);

/** @param {{of: any}} props ``of``: undefined where there never was one */
export function Rollout({ of: rollout }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).rollout;
  if (!rollout) return html`<p>${said.none}</p>`;
  const { state, by, reason, step, next, since, secondsLeft, seen, approval, plan, log, command } = rollout;
  const isRunning = state === "running";
  return html`
    <dl class="facts">
      <${Fact} name=${said.state} command=${command}>
        <strong>${common.rolloutStates[state] ?? state}</strong>${["stopped", "done"].includes(state) ? "" : `, ${by}`}: <span class=${state === "stopped" ? "trouble" : ""}>${reason}</span>
      <//>
      <${Fact} name=${said.at}>${nameOf(step, common, said.nothingYet)}, ${common.since} <${Moment} at=${since} /><//>
      ${
        isRunning &&
        html`
        <${Fact} name=${said.next}>${nameOf(next, common, said.nothingNext)}<//>
        <${Fact} name=${said.timeLeft}>${secondsLeft > 0 ? html`<${Seconds} value=${secondsLeft} />` : said.over}<//>
        <${Fact} name=${said.waits} command=${seen?.command || null}><span lang=${seen ? "en" : null}>${seen?.text ?? said.notYet}</span><//>
      `
      }
      <${Fact} name=${said.plan}>
        ${plan.steps.map((/** @type {any} */ each, /** @type {number} */ index) => html`${index > 0 && ", "}${nameOf(each, common, "")} (<${Seconds} value=${each.holdSeconds} />)`)}
        ${plan.approvals > 0 && html`<p>${said.secondPerson}</p>`}
        ${approval && html`<p>${said.agreed(approval.by, `${approval.percent} %`)}</p>`}
      <//>
    </dl>
    <details><summary>${said.log}</summary><${Log} entries=${log} /></details>
  `;
}

/** What happened, the newest first. @param {{entries: any[]}} props */
function Log({ entries }) {
  const { words } = useConsole();
  const said = screenWords(words);
  const rows = entries
    .map((entry, index) => ({
      key: String(index),
      cells: [html`<${Moment} at=${entry.at} />`, entry.what, entry.by, entry.reason],
    }))
    .reverse();
  const { at, action, by, reason } = said.component;
  return html`<${List} name=${said.rollout.log} heads=${[at, action, by, reason]} rows=${rows} />`;
}
