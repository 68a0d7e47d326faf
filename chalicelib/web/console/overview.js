/** The first screen: each component with what comes next for it, and the system that they share. */

import { html } from "../vendor/preact.js";
import { useDocument } from "./documents.js";
import { Command, Fact, Figure, Moment, Panel, Percent, Seconds, useConsole } from "./parts.js";

export const STATUS = "/ops/status";
export const ALARMS = "/ops/alarms";
export const LIST_ALARMS = "python -m infra alarms";

export function Overview() {
  const status = useDocument(STATUS);
  const alarms = useDocument(ALARMS);
  const { said } = useConsole();
  return html`
    <${Ringing} kept=${alarms} />
    <${Panel} name="components" title=${said.componentsTitle} kept=${status}>
      <div class="migration">${status.body?.components.map((/** @type {any} */ each) => html`<${Card} key=${each.component} of=${each} flags=${status.body.flags?.command} />`)}</div>
    <//>
    <${Panel} name="platform" title=${said.platform} kept=${status}><${Platform} of=${status.body} /><//>
  `;
}

/** Alarms that ring, before everything else. @param {{kept: import("./documents.js").Kept<any>}} props */
function Ringing({ kept }) {
  const { said } = useConsole();
  const ringing = kept.body?.alarms.filter((/** @type {any} */ alarm) => alarm.state === "ALARM") ?? [];
  return html`
    <${Panel} name="ringing" title=${said.ringing(ringing.length)} kept=${kept}>
      <${Alarms} all=${ringing} empty=${said.silent} />
      <p><${Command} text=${LIST_ALARMS} /></p>
    <//>
  `;
}

/** Each alarm with what it means, why it rings, how to look and how to act. @param {{all: any[], empty: string}} props */
export function Alarms({ all, empty }) {
  const { said } = useConsole();
  if (!all.length) return html`<p>${empty}</p>`;
  const named = (/** @type {string} */ name, /** @type {string} */ text) =>
    text && html`<p>${name}: <${Command} text=${text} /></p>`;
  return html`
    <ul class="ringing">${all.map(
      ({ name, severity, since, meaning, reason, command, act }) => html`
      <li key=${name} class=${severity}>
        <p><strong>${said.severities[severity] ?? severity}: ${name}</strong> ${said.since} <${Moment} at=${since} /></p>
        ${meaning && html`<p lang="en">${meaning}</p>`}
        <p lang="en">${reason}</p>
        ${named(said.look, command)}${named(said.act, act)}
      </li>
    `,
    )}</ul>
  `;
}

/** One component of the migration. @param {{of: any, flags: string | undefined}} props ``flags``: the command for all flags */
function Card({
  of: {
    component,
    stage,
    percent,
    exact,
    testUsers,
    share,
    backends,
    comparisons,
    feedback,
    rollout,
    verdict,
    problem,
  },
  flags,
}) {
  const { said } = useConsole();
  const isKept = isKeptOnly({ stage, percent });
  const isAtRest = stage === "off" && !comparisons?.open && !feedback?.open;
  return html`
    <article data-component=${component} class=${toneOf(verdict)}>
      <h3><a href=${`#${component}`}>${said.components[component] ?? component}</a></h3>
      <p class="stage">${isKept && html`<strong>${said.stages.off}</strong>`}<span class=${isKept ? "kept" : ""}><${Percent} value=${percent} /></span> <span>${isKept ? said.kept : (said.stages[stage] ?? stage)}</span></p>
      ${problem && html`<p class="trouble">${problem}</p>`}
      <${Verdict} of=${verdict} />
      <${Carried} of=${rollout} />
      <details open=${!isAtRest}><summary>${said.figures}</summary><dl>
        <${Fact} name=${said.onNew} problem=${share?.problem} command=${share?.command}>
          <${Share} of=${share} />
          ${share?.mismatch && html`<p class="trouble">${share.mismatch}</p>`}
        <//>
        <${Fact} name=${said.whoIsIn} command=${flags}>
          ${exact ? said.exact : said.byHash}, ${said.testUsers} <${Figure} value=${testUsers} />
        <//>
        <${Fact} name=${said.errors} problem=${backends?.problem} command=${backends?.command}>
          ${said.backends.new} <${Percent} value=${backends?.new?.failurePercent} />, ${said.backends.old} <${Percent} value=${backends?.old?.failurePercent} />
        <//>
        <${Fact} name=${said.openDifferences} problem=${comparisons?.problem} command=${comparisons?.command}><${Figure} value=${comparisons?.open} /><//>
        <${Fact} name=${said.openFeedback} problem=${feedback?.problem} command=${feedback?.command}><${Figure} value=${feedback?.open} /><//>
      </dl></details>
    </article>
  `;
}

/** How far a rollout carries it, or why it does not any more. @param {{of: any}} props */
function Carried({ of: rollout }) {
  const { said } = useConsole();
  if (rollout?.problem) return html`<p class="trouble">${rollout.problem}</p>`;
  const { state, step, next, secondsLeft, reason } = rollout ?? {};
  if (!state) return null;
  const named = (/** @type {string} */ name) => (name === "test users" ? said.testUsers : name);
  return html`
    <p class=${state === "stopped" ? "trouble" : ""}>${said.rolloutStates[state] ?? state}${step && `, ${named(step)}`}${next && ` → ${named(next)}`}${secondsLeft > 0 && html` (<${Seconds} value=${secondsLeft} />)`}${state !== "running" && html`: <span lang="en">${reason}</span>`}</p>
  `;
}

/** Whether a percentage is only remembered: its flag is off. @param {{stage: string, percent: unknown}} status */
export const isKeptOnly = ({ stage, percent }) => stage === "off" && Number(percent) > 0;

/** How urgent a verdict is: only what people see at this moment stops. @param {any} verdict */
function toneOf(verdict) {
  if (verdict?.mayGoOn) return "may-go-on";
  return /^stop\b/i.test(verdict?.text ?? "") ? "stop" : "waits";
}

/** Who really got the new backend. @param {{of: any}} props */
export function Share({ of: share }) {
  const { said } = useConsole();
  if (share?.people === 0) return said.nobodyAsked;
  return html`
    <${Percent} value=${share?.percent} />
    ${typeof share?.people === "number" && html` (<${Figure} value=${share.new} /> ${said.of} <${Figure} value=${share.people} /> ${said.people})`}
  `;
}

/** Whether a component may go on, or what comes first, in the words of the status. @param {{of: any}} props */
export function Verdict({ of: verdict }) {
  const { words } = useConsole();
  if (!verdict) return html`<p class="verdict">${words.unknown}</p>`;
  return html`
    <div class=${`verdict ${toneOf(verdict)}`}>
      <p><strong lang="en">${verdict.text}</strong></p>
      ${verdict.command && html`<${Command} text=${verdict.command} />`}
    </div>
  `;
}

/** The system that all components share. @param {{of: any}} props */
function Platform({
  of: { sync, verify, flags, display, deadLetters, eventsNotPublished, migrations, drill, erasures },
}) {
  const { said, words } = useConsole();
  const number = (/** @type {any} */ value) => html`<${Figure} value=${value} />`;
  return html`
    <dl class="facts">
      <${Fact} name=${said.syncMode} problem=${sync?.problem} command=${sync?.command}>
        <a href="#sync-mode"><${Figure} value=${sync?.mode} /></a> ${said.since} <${Moment} at=${sync?.since} otherwise=${said.ever} />
        ${sync?.catchingUp && html`<p class="trouble">${said.catchingUp(sync.catchingUp)}</p>`}
        ${sync?.stopped && html`<p class="trouble">${said.syncStopped(sync.stopped)}</p>`}
      <//>
      <${Fact} name=${said.drain} problem=${sync?.problem} command=${sync?.command}><${Seconds} value=${sync?.drainSeconds} /><//>
      <${Fact} name=${said.lastVerify} problem=${verify?.problem} command=${verify?.command}>
        <a href="#verify"><${Moment} at=${verify?.at} otherwise=${said.never} /></a>${verify?.at && html`: ${said.differences} ${number(verify.differences)}, ${said.meters} ${number(verify.meters)}`}
      <//>
      <${Fact} name=${said.gate} problem=${flags?.problem} command=${flags?.command}>
        ${flags?.globalEnabled === null ? words.unknown : flags?.globalEnabled ? said.gateOpen : said.gateShut}
        ${flags?.overruled && html`<p class="trouble">${flags.overruled}</p>`}
      <//>
      <${Fact} name=${said.display} problem=${display?.problem} command=${display?.command}>
        <a href="#staleness">${said.lagging} ${number(display?.lagging)}</a>, ${said.failing} ${number(display?.failing)}, ${said.oldest} <${Seconds} value=${display?.oldestSeconds} />
      <//>
      <${Fact} name=${said.deadLetters} problem=${deadLetters?.problem} command=${deadLetters?.command}><a href="#dead-letters">${number(deadLetters?.count)}</a><//>
      <${Fact} name=${said.notPublished} problem=${eventsNotPublished?.problem} command=${eventsNotPublished?.command}>${number(eventsNotPublished?.count)}<//>
      <${Fact} name=${said.migrations} problem=${migrations?.problem} command=${migrations?.command}>
        ${number(migrations?.open?.length)} ${migrations?.open?.length ? migrations.open.join(", ") : ""}
      <//>
      <${Fact} name=${said.drill} problem=${drill?.problem} command=${drill?.command}><${Drill} of=${drill} /><//>
      <${Fact} name=${said.erasures} problem=${erasures?.problem} command=${erasures?.command}>
        ${number(erasures?.waiting)}${erasures?.waiting ? html`, ${said.oldest} <${Seconds} value=${erasures.oldestSeconds} />` : ""}
      <//>
    </dl>
  `;
}

/** The last rehearsal of a rollback. @param {{of: any}} props */
function Drill({ of: drill }) {
  const { said } = useConsole();
  if (!drill?.at) return html`<span class="unknown">${said.neverDrilled}</span>`;
  return html`
    <${Moment} at=${drill.at} />: ${drill.passed ? said.drillPassed : said.drillFailed}, ${said.lostWrites} <${Figure} value=${drill.lostWrites} />, <${Seconds} value=${drill.lastNewAnswerSeconds} />
    ${drill.isThisCode === false && html`<p class="trouble">${said.otherCode}</p>`}
  `;
}
