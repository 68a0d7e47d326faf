/** One component of the migration: how far it is, how it came there, what the backends do, and who would move. */

import { useDocument } from "../console/documents.js";
import { isKeptOnly, Share, STATUS, Verdict } from "../console/overview.js";
import { Command, Fact, Figure, Moment, Panel, Percent, useConsole } from "../console/parts.js";
import { html } from "../vendor/preact.js";
import { Chart, filled } from "./charts.js";
import { List, Milliseconds, Short } from "./details.js";
import { FLAGS, Plan } from "./plan.js";
import { ROLLOUTS, Rollout } from "./rollout.js";
import { screenWords } from "./screen_words.js";

const MOST_CHANGES = 50;

/** @param {{component: string}} props */
export function Screen({ component }) {
  const { words, said: common, commands } = useConsole();
  const said = screenWords(words).component;
  const status = useDocument(STATUS);
  const detail = useDocument(`/ops/components/${component}`);
  const listing = useDocument(FLAGS);
  const history = useDocument(`${FLAGS}/history?flag=${component}&limit=${MOST_CHANGES}`);
  const rollouts = useDocument(ROLLOUTS);
  const carried = rollouts.body?.rollouts.find((/** @type {any} */ each) => each.component === component);
  const own = status.body?.components.find((/** @type {any} */ each) => each.component === component);
  return html`
    <${Panel} name="now" title=${common.components[component]} kept=${status}>
      ${own ? html`<${Now} of=${own} flags=${status.body.flags?.command} />` : words.unknown}
    <//>
    <${Panel} name="rollout" title=${said.rollout} kept=${rollouts}>
      <${Rollout} of=${carried} />
      ${commands && html`<${commands.Carry} component=${component} of=${carried} />`}
    <//>
    ${commands && html`<${commands.WayBack} component=${component} kept=${listing} status=${own} />`}
    <${Panel} name="plan" title=${said.plan} kept=${listing}><${Plan} component=${component} listing=${listing.body} /><//>
    <${Panel} name="share" title=${said.overTime} kept=${detail}><${OverTime} hours=${detail.body?.hours ?? []} until=${detail.at ?? 0} /><//>
    <${Panel} name="backends" title=${said.backends} kept=${status}><${Backends} of=${own?.backends} /><//>
    <${Panel} name="comparisons" title=${said.comparisons} kept=${detail}>
      <${Counts} of=${own?.comparisons} />
      <${Fingerprints} all=${detail.body?.fingerprints ?? []} />
    <//>
    <${Panel} name="feedback" title=${said.feedback} kept=${detail}>
      <${Feedback} all=${detail.body?.feedback ?? []} command=${own?.feedback?.command} />
    <//>
    <${Panel} name="history" title=${said.history} kept=${history}>
      <${History} changes=${history.body?.changes ?? []} component=${component} />
    <//>
  `;
}

/** @param {{of: any, flags: string | undefined}} props */
function Now({ of: own, flags }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).component;
  const number = (/** @type {any} */ value) => html`<${Figure} value=${value} />`;
  const percent = html`<${Percent} value=${own.percent} />`;
  return html`
    <${Verdict} of=${own.verdict} />
    <dl class="facts">
      <${Fact} name=${said.flag} command=${flags}>
        <strong>${isKeptOnly(own) ? common.stages.off : percent}</strong>, ${isKeptOnly(own) ? html`${percent} ${common.kept}` : (common.stages[own.stage] ?? own.stage)}, ${own.exact ? common.exact : common.byHash}
      <//>
      <${Fact} name=${said.lists} command=${flags}>${common.testUsers} ${number(own.testUsers)}, ${said.blockedUsers} ${number(own.blockedUsers)}<//>
      <${Fact} name=${common.onNew} problem=${own.share?.problem} command=${own.share?.command}>
        <${Share} of=${own.share} />${own.share?.mismatch && html`<p class="trouble">${own.share.mismatch}</p>`}
      <//>
      <${Fact} name=${said.lastChange} problem=${own.lastChange?.problem} command=${own.lastChange?.command}>
        <${Moment} at=${own.lastChange?.at} otherwise=${common.never} />${own.lastChange?.at && html` ${own.lastChange.by}: ${own.lastChange.action}, ${own.lastChange.reason}`}
      <//>
    </dl>
  `;
}

/** @param {{hours: any[], until: number}} props */
function OverTime({ hours: known, until }) {
  const { words, formats, said: common } = useConsole();
  const said = screenWords(words).component;
  /** @type {any[]} */
  const hours = filled(known, until);
  const times = hours.map((hour) => hour.at);
  const shares = hours.map(({ people, onNew }) => (people ? (onNew / people) * 100 : null));
  const latency = (/** @type {"old" | "new"} */ backend) => hours.map((hour) => hour[backend]?.p95 ?? null);
  const failures = (/** @type {"old" | "new"} */ backend) =>
    hours.map((hour) => (hour[backend]?.answers ? (hour[backend].failures / hour[backend].answers) * 100 : null));
  const both = (/** @type {(backend: "old" | "new") => (number | null)[]} */ of) =>
    /** @type {const} */ (["old", "new"]).map((kind) => ({ name: common.backends[kind], kind, values: of(kind) }));
  const percent = (/** @type {number} */ value) => formats.percent(value);
  return html`
    <div class="pictures">
      <${Chart} title=${said.share} times=${times} lines=${[{ name: common.backends.new, kind: "new", values: shares }]} format=${percent} highest=${100} />
      <${Chart} title=${said.latency} times=${times} lines=${both(latency)} format=${(/** @type {number} */ value) => formats.amount(value, "ms")} />
      <${Chart} title=${said.failures} times=${times} lines=${both(failures)} format=${percent} />
    </div>
  `;
}

/** @param {{of: any}} props */
function Backends({ of: backends }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).component;
  if (backends?.problem) return html`<p class="trouble">${backends.problem}</p>`;
  const rows = /** @type {const} */ (["old", "new"]).map((name) => {
    const { answers, failures, failurePercent, p50, p95, p99 } = backends?.[name] ?? {};
    const times = [p50, p95, p99].map((value) => html`<${Milliseconds} value=${value} />`);
    const cells = [common.backends[name], html`<${Figure} value=${answers} />`, html`<${Figure} value=${failures} />`];
    return { key: name, cells: [...cells, html`<${Percent} value=${failurePercent} />`, ...times] };
  });
  return html`
    <${List} name=${said.backends} heads=${[said.backend, said.answers, said.failed, common.errors, "p50", "p95", "p99"]} rows=${rows} />
    ${backends?.command && html`<${Command} text=${backends.command} />`}
  `;
}

/** How many comparisons came to what. @param {{of: any}} props */
function Counts({ of: counts }) {
  const { words } = useConsole();
  const said = screenWords(words).component;
  if (counts?.problem) return html`<p class="trouble">${counts.problem}</p>`;
  return html`
    <p>${Object.entries(said.counts).map(([name, text]) => html`<span class="count">${text} <${Figure} value=${counts?.[name]} /></span> `)}
    ${counts?.command && html`<${Command} text=${counts.command} />`}</p>
  `;
}

/** Each difference once, with an example of it. @param {{all: any[]}} props */
function Fingerprints({ all }) {
  const { words } = useConsole();
  const said = screenWords(words).component;
  if (!all.length) return html`<p>${said.noDifference}</p>`;
  return html`<ul class="fingerprints">${all.map((each) => html`<${Fingerprint} key=${each.fingerprint} of=${each} />`)}</ul>`;
}

/** @param {{of: any}} props */
function Fingerprint({
  of: { fingerprint, kind, place, answers, users, first, last, ignoredBy, ignoredUntil, gone, examples },
}) {
  const { words } = useConsole();
  const said = screenWords(words).component;
  const shown = alike(examples ?? []);
  return html`
    <li class=${gone || ignoredBy ? "" : "open"}>
      <p><code>${fingerprint}</code> <strong>${kind}</strong> <code>${place}</code>
        ${gone && html` <span class="tag">${said.gone} <${Moment} at=${gone} /></span>`}
        ${ignoredBy && html` <span class="tag">${said.ignored(ignoredBy)} <${Moment} at=${ignoredUntil} /></span>`}</p>
      <p>${said.answers} <${Figure} value=${answers} />, ${said.users} <${Figure} value=${users} />, <${Moment} at=${first} /> – <${Moment} at=${last} /></p>
      ${shown.map(
        ({
          example,
          times,
        }) => html`<p class="example">${said.example}${times > 1 && html`, ${said.times(times)}`}, <${Moment} at=${example.at} />: <code>${example.place}</code>
          ${" "}${said.old} ${textOf(example.old)}, ${said.new} ${textOf(example.new)}, ${said.user} <${Short} text=${example.user} /></p>`,
      )}
    </li>
  `;
}

/**
 * Examples that differ in nothing but their instant are one, the first of them.
 * @param {any[]} examples
 */
export function alike(examples) {
  /** @type {Map<string, {example: any, times: number}>} */
  const found = new Map();
  for (const example of examples) {
    const key = JSON.stringify([example.user, example.place, example.old, example.new]);
    const known = found.get(key) ?? { example, times: 0 };
    found.set(key, { ...known, times: known.times + 1 });
  }
  return [...found.values()];
}

/** @param {unknown} value whatever a backend has answered: it is text here */
const textOf = (value) => html`<${Short} text=${typeof value === "string" ? value : JSON.stringify(value)} />`;

/** @param {{all: any[], command?: string}} props */
function Feedback({ all, command }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).component;
  const rows = all.map((each, index) => ({
    key: `${each.at} ${index}`,
    cells: [
      html`<${Moment} at=${each.at} />`,
      html`<${Short} text=${each.user} />`,
      common.backends[/** @type {"old" | "new"} */ (each.backend)] ?? each.backend,
      each.state,
      textOf(each.parameters),
    ],
  }));
  return html`
    <${List} name=${said.feedback} heads=${[said.at, said.user, said.backend, said.state, said.parameters]} rows=${rows} empty=${said.noFeedback} />
    ${command && html`<${Command} text=${command} />`}
  `;
}

/** Who changed the flag, when and why, the newest first. @param {{changes: any[], component: string}} props */
function History({ changes, component }) {
  const { words, formats } = useConsole();
  const said = screenWords(words).component;
  const percentOf = (/** @type {Record<string, any>} */ flags) => {
    const flag = Object.values(flags).find((each) => each?.componentScope === component);
    return !flag ? "–" : flag.enabled ? `${formats.number(flag.rolloutPercent, 3)} %` : said.off;
  };
  const rows = changes.map((change, index) => ({
    key: `${change.at} ${index}`,
    cells: [
      html`<${Moment} at=${change.at} />`,
      change.by,
      change.action,
      `${percentOf(change.before)} → ${percentOf(change.after)}`,
      html`${change.reason}${change.problem && html`<p class="trouble">${change.problem}</p>`}`,
      change.inEffectMs === null
        ? "–"
        : html`<data value=${change.inEffectMs}>${formats.amount(change.inEffectMs / 1000, "s")}</data>`,
    ],
  }));
  return html`
    <${List} name=${said.history} heads=${[said.at, said.by, said.action, said.change, said.reason, said.inEffect]} rows=${rows} empty=${said.neverChanged} />
    <${Command} text=${`python -m infra flags history ${component}`} />
  `;
}
