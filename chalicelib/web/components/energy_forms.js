/** The button that adds a reading, always at hand. The form itself is loaded once the page is there. */

import { later, useSurroundings } from "../page/component.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";

const SHOWN_MS = 10_000;
/** Each session's drafts that were met: what was typed comes back by itself once. @type {WeakSet<object>} */
const met = new WeakSet();

/** The form, null until it is loaded. */
export function useReadingForm() {
  const [form, setForm] = useState(/** @type {typeof import("./reading_form.js") | null} */ (null));
  const [failed, setFailed] = useState(false);
  const load = () => {
    setFailed(false);
    later(() => import("./reading_form.js"), new URL("reading_form.js", import.meta.url).href).then(
      (module) => setForm(module),
      () => setFailed(true),
    );
  };
  useEffect(load, []);
  return { form, failed, load };
}

export function EnergyForms() {
  const { words, drafts } = useSurroundings();
  const { form, failed, load } = useReadingForm();
  const [opened, setOpened] = useState(/** @type {number | null} */ (null));
  const [said, say] = useState("");
  const button = useRef(/** @type {HTMLElement | null} */ (null));
  const opener = useRef(/** @type {Element | null} */ (null));
  const open = () => {
    opener.current = document.activeElement;
    say("");
    if (failed) load();
    setOpened(Date.now());
  };
  const close = () => setOpened(null);
  const onSaved = (/** @type {string} */ text) => {
    opener.current = button.current;
    say(text);
    close();
  };
  useEffect(() => {
    const kept = /** @type {{resume?: boolean} | undefined} */ (drafts.kept.reading);
    if (kept && (kept.resume || !met.has(drafts))) open();
    met.add(drafts);
    document.addEventListener("add-reading", open);
    return () => document.removeEventListener("add-reading", open);
  }, []);
  useEffect(() => {
    const back = /** @type {HTMLElement | null} */ (opener.current?.isConnected ? opener.current : button.current);
    if (opened === null && opener.current) back?.focus();
  }, [opened]);
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const text = failed && opened !== null ? words.failed : said;
  return html`
    <div class="add-reading" data-component="energy_forms">
      <div role="status">${text && html`<p class="toast">${text}</p>`}</div>
      <button type="button" ref=${button} aria-haspopup="dialog" onClick=${open}>${words.addReading}</button>
    </div>
    ${form && html`<${form.AddReading} ...${{ opened, close, onSaved }} />`}
  `;
}
