/** What operators may do here. It is loaded for them alone: viewers have none of these buttons. */

import { FLAGS } from "../console_screens/plan.js";
import { nameOf, ROLLOUTS } from "../console_screens/rollout.js";
import { screenWords } from "../console_screens/screen_words.js";
import { useDraft } from "../page/component.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useDocuments } from "./documents.js";
import { Panel, reasonOf, useConsole } from "./parts.js";

const LONGEST_REASON = 500;
const CHANGE_PATIENCE_MS = 60_000;

/** @typedef {(text: string) => void} Say */

/**
 * @typedef {object} Asked what a pressed button wants to do
 * @property {string} label
 * @property {unknown} [children] what will happen
 * @property {(reason: string, say: Say) => Promise<string>} send returns what came of it, may ``say`` how far it is
 * @property {boolean} [isGrave]
 * @property {Element | null} [place] what holds the button
 */

/**
 * A button. Pressed, it shows what will happen and asks why; confirmed, it does it and says what came of it.
 * @param {Asked} props
 */
export function Action({ label, children, send, isGrave = false }) {
  const { ask } = useConsole();
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const open = () => ask({ label, children, send, isGrave, place: button.current?.closest("section") ?? null });
  return html`<button type="button" ref=${button} class=${isGrave ? "inline grave" : "inline"} onClick=${open}>${label}</button>`;
}

/**
 * The one dialog. It is no part of the screen behind it, which shows at once what has changed: the button may go.
 * @param {{of: Asked, end: () => void}} props
 */
export function Asking({ of: { label, children, send, isGrave, place }, end }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).action;
  const documents = useDocuments();
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const close = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const [reason, setReason] = useDraft(`reason: ${label}`, "");
  const [state, setState] = useState(/** @type {"asking" | "busy" | "done"} */ ("asking"));
  const [text, setText] = useState("");
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (state === "done") close.current?.focus();
  }, [state]);
  const closed = () => {
    if (state === "done") place?.querySelector("h2")?.focus();
    end();
  };
  const confirm = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (state === "busy") return;
    setState("busy");
    setText(said.working);
    try {
      setText(await send(reason.trim(), setText));
      setReason(null);
      setState("done");
    } catch (problem) {
      setText(`${said.notDone} ${reasonOf(/** @type {any} */ (problem), common)}`);
      setState("asking");
    }
    documents.refresh();
  };
  return html`
    <dialog ref=${dialog} aria-label=${label} onClose=${closed} onCancel=${(/** @type {Event} */ event) => state === "busy" && event.preventDefault()}>
      <article>
        <h2>${label}</h2>
        ${state !== "done" && children}
        <form class="asking" onSubmit=${confirm}>
          ${
            state !== "done" &&
            html`<label>${said.reason}
              <input name="reason" required maxlength=${LONGEST_REASON} pattern=".*\\S.*" autocomplete="off" readonly=${state === "busy"} value=${reason}
                onInput=${(/** @type {any} */ { target }) => setReason(target.value)} />
            </label>`
          }
          <p class="outcome" role="status" aria-busy=${state === "busy"}>${text}</p>
          <div class="buttons">
            ${state !== "done" && html`<button type="submit" class=${isGrave ? "grave" : ""} aria-disabled=${state === "busy"}>${label}</button>`}
            <button type="button" ref=${close} class="outline secondary" disabled=${state === "busy"} onClick=${() => dialog.current?.close()}>${state === "done" ? said.close : said.cancel}</button>
          </div>
        </form>
      </article>
    </dialog>
  `;
}

/**
 * How to change a flag, and what to say of the change.
 * @returns {(method: "PATCH" | "POST", path: string, json: object, version?: string | null) => Promise<string>}
 */
function useChange() {
  const { api, words, formats } = useConsole();
  const said = screenWords(words).action;
  return async (method, path, json, version = null) => {
    const headers = version ? { "If-Match": `"${version}"` } : undefined;
    const { body } = await api.send(method, `${FLAGS}/${path}`, { json, headers, patience: CHANGE_PATIENCE_MS });
    const seconds = typeof body.inEffectMs === "number" ? formats.number(body.inEffectMs / 1000, 1) : null;
    const parts = [seconds === null ? said.notYetInEffect : said.inEffect(seconds)];
    if (body.recorded === false) parts.push(said.notRecorded);
    if (body.overruled) parts.push(body.overruled);
    return parts.join(" ");
  };
}

/** @param {any} listing the present flags @returns {boolean | undefined} */
const isGateOpen = (listing) => listing?.flags.find((/** @type {any} */ flag) => flag.componentScope === null)?.enabled;

/** The gate before all flags. @param {{isOpen: boolean | null | undefined}} props */
export function Gate({ isOpen }) {
  const { words } = useConsole();
  const said = screenWords(words).action;
  const change = useChange();
  if (isOpen !== false) return null;
  return html`
    <${Action} label=${said.openGate} send=${(/** @type {string} */ reason) => change("PATCH", "global", { enabled: true, reason })}>
      <p>${said.gateWill}</p>
    <//>
  `;
}

/**
 * To the percentage that somebody has looked at.
 * @param {{component: string, plan: any, listing: any}} props ``plan``: who would enter or leave
 */
export function SetTo({ component, plan, listing }) {
  const { words, formats } = useConsole();
  const said = screenWords(words).action;
  const change = useChange();
  const { rolloutPercent: percent, exact } = plan.to;
  const now = plan.from.rolloutPercent;
  const isDown = percent < now;
  const send = (/** @type {string} */ reason, /** @type {object} */ more = {}) =>
    isDown
      ? change("POST", `${component}/rollback`, { toPercent: percent, reason })
      : change("PATCH", component, { rolloutPercent: percent, exact, reason, ...more }, listing.version);
  const will = html`
    <p>${said.setWill(formats.percent(now), formats.percent(percent))}</p>
    <p>${said.moves(formats.number(plan.entering.length), formats.number(plan.leaving.length))}</p>
    ${isGateOpen(listing) === false && html`<p class="trouble">${said.gateIsShut}</p>`}
    ${!isDown && listing.blockedBy && html`<p class="trouble">${said.blocked} ${listing.blockedBy}</p>`}
  `;
  return html`
    <div class="buttons">
      <${Action} label=${said.setTo(formats.percent(percent))} send=${(/** @type {string} */ reason) => send(reason)} isGrave=${isDown}>${will}<//>
      ${!isDown && html`<${Action} label=${said.hurryTo(formats.percent(percent))} send=${(/** @type {string} */ reason) => send(reason, { hurry: true })} isGrave=${true}>${will}<p>${said.hurryWill}</p><//>`}
    </div>
  `;
}

/**
 * What may be done with the rollout of a component.
 * @param {{component: string, of: any}} props ``of``: the rollout, undefined: there never was one
 */
export function Carry({ component, of: rollout }) {
  const { api, words, said: common } = useConsole();
  const said = screenWords(words).rollout;
  const send = async (/** @type {string} */ action, /** @type {object} */ json) => {
    const { body } = await api.send("POST", `${ROLLOUTS}/${component}/${action}`, {
      json,
      patience: CHANGE_PATIENCE_MS,
    });
    return `${common.rolloutStates[body.state] ?? body.state}: ${nameOf(body.step, common, said.nothingYet)}.`;
  };
  const button = (
    /** @type {keyof typeof said.actions} */ name,
    { action = /** @type {string} */ (name), more = {}, isGrave = false } = {},
  ) => html`
    <${Action} label=${said.actions[name]} isGrave=${isGrave} send=${(/** @type {string} */ reason) => send(action, { reason, ...more })}>
      <p>${said.will[name](common.components[component], nameOf(rollout?.next, common, said.nothingNext))}</p>
    <//>
  `;
  const state = rollout?.state;
  const isRunning = state === "running";
  const isUnderWay = isRunning || state === "paused" || state === "stopped";
  return html`
    <div class="buttons">
      ${!isRunning && state !== "paused" && button("start")}
      ${isRunning && button("pause")}
      ${isUnderWay && !isRunning && button("resume")}
      ${isRunning && rollout.next && button("step")}
      ${isRunning && rollout.next && button("hurry", { action: "step", more: { hurry: true }, isGrave: true })}
      ${isUnderWay && rollout.plan.approvals > 0 && rollout.next && button("approve")}
      ${isUnderWay && button("abort", { isGrave: true })}
    </div>
  `;
}

/** Back to the old backend: this component, or all of them. @param {{component: string, kept: any, status: any}} props */
export function WayBack({ component, kept, status }) {
  const { words, said: common } = useConsole();
  const said = screenWords(words).action;
  const change = useChange();
  const onNew = status?.share?.new;
  return html`
    <${Panel} name="commands" title=${said.title} kept=${kept}>
      <p><${Gate} isOpen=${isGateOpen(kept.body)} /></p>
      <div class="buttons">
        <${Action} label=${said.rollBack} isGrave=${true} send=${(/** @type {string} */ reason) => change("POST", `${component}/rollback`, { reason })}>
          <p>${said.rollBackWill(common.components[component])}</p>
          ${typeof onNew === "number" && html`<p>${said.peopleNow(onNew)}</p>`}
        <//>
        <${Action} label=${said.kill} isGrave=${true} send=${(/** @type {string} */ reason) => change("POST", "kill", { reason })}>
          <p>${said.killWill}</p>
        <//>
      </div>
    <//>
  `;
}
