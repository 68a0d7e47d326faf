/**
 * Numbers and dates as the chosen language writes them. A local date is text such as "2024-02-29" and stays one:
 * it is never read in the browser's zone.
 */

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const LATEST_MS = 8.64e15; // no clock goes further, neither ahead nor back
const DIGITS = 15; // what a number keeps without noise, and what the application takes
const WHOLE_DIGITS = 12;

export class Formats {
  /**
   * @param {string} locale the browser's own where it speaks the chosen language, such as de-AT
   */
  constructor(locale) {
    this.locale = locale;
    this.percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
    this.days = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
    /** @type {Map<string, Intl.NumberFormat | Intl.DateTimeFormat>} made once: making one takes long */
    this.made = new Map();
  }

  /**
   * @param {number} value
   * @param {number} [digits] after the decimal sign, at most
   */
  number(value, digits = 0) {
    const make = () => new Intl.NumberFormat(this.locale, { maximumFractionDigits: digits });
    return kept(this.made, `number ${digits}`, make).format(value);
  }

  /**
   * @param {number} value
   * @param {string} unit
   * @param {number} [digits] after the decimal sign, at most
   */
  amount(value, unit, digits = 1) {
    return `${this.number(value, digits)}\u00a0${unit}`;
  }

  /**
   * An amount whose groups are spaces, so that nobody takes the sign of a group for a decimal sign.
   * @param {number} value
   * @param {string} unit
   */
  understood(value, unit) {
    const parts = new Intl.NumberFormat(this.locale, { maximumFractionDigits: DIGITS }).formatToParts(value);
    return `${parts.map(({ type, value: text }) => (type === "group" ? "\u202f" : text)).join("")}\u00a0${unit}`;
  }

  /**
   * A number as somebody types it, to begin a form with.
   * @param {number} value
   */
  typed(value) {
    return new Intl.NumberFormat(this.locale, { maximumFractionDigits: DIGITS, useGrouping: false }).format(value);
  }

  /** @param {number} value 12.5 is 12.5 % */
  percent(value) {
    return this.percents.format(value / 100);
  }

  /**
   * @param {string} day a local date
   * @param {number} [back] how many days before it
   */
  day(day, back = 0) {
    return this.days.format(Date.parse(day) - back * DAY_MS);
  }

  /**
   * @param {string} instant such as "2024-02-29T22:59:59.999Z"
   * @param {string} zone the user's
   */
  date(instant, zone) {
    return this.dates({ dateStyle: "medium", timeZone: zone }).format(Date.parse(instant));
  }

  /**
   * The offset is named where the clock shows the time twice.
   * @param {string} instant
   * @param {string} zone the user's
   */
  moment(instant, zone) {
    const text = this.dates({ dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(Date.parse(instant));
    const { date, time } = localParts(instant, zone);
    if (instantsOf(date, time, zone).length === 1) return text;
    const parts = this.dates({ timeZoneName: "shortOffset", timeZone: zone }).formatToParts(Date.parse(instant));
    return `${text}\u00a0${parts.find(({ type }) => type === "timeZoneName")?.value}`;
  }

  /**
   * @param {number} index a month, as ``monthIndex`` counts them
   * @param {Intl.DateTimeFormatOptions} [style]
   */
  month(index, style = { month: "long", year: "numeric" }) {
    return this.dates({ ...style, timeZone: "UTC" }).format(Date.parse(monthStart(index)));
  }

  /** @param {Intl.DateTimeFormatOptions} options */
  dates(options) {
    return kept(this.made, JSON.stringify(options), () => new Intl.DateTimeFormat(this.locale, options));
  }
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const CLOCKS = new Map();

/**
 * Date and time of an instant as a clock on the user's wall shows them.
 * @param {string | number} instant
 * @param {string} zone the user's
 */
export function localParts(instant, zone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { dateStyle: "short", timeStyle: "short", timeZone: zone };
  const clock = kept(CLOCKS, zone, () => new Intl.DateTimeFormat("sv", options)); // Swedes write 2024-02-29 22:59
  const [date, time] = clock.format(new Date(instant)).split(" ");
  return { date: date.padStart(10, "0"), time };
}

/**
 * The instants at which a zone's clock shows a time: two in the hour that exists twice. In the hour that does not
 * exist it is the one that the clock before the change would show, as the application reads it.
 * @param {string} date
 * @param {string} time
 * @param {string} zone
 * @returns {number[]} in their order, in milliseconds; none where no clock can show it
 */
export function instantsOf(date, time, zone) {
  const shown = shownAt(date, time);
  if (!(Math.abs(shown) < LATEST_MS - 2 * DAY_MS)) return [];
  const clock = (/** @type {number} */ instant) => {
    const local = localParts(instant, zone);
    return shownAt(local.date, local.time);
  };
  const [before, after] = [shown - DAY_MS, shown + DAY_MS].map((near) => {
    const minute = Math.floor(near / MINUTE_MS) * MINUTE_MS;
    return shown - (clock(minute) - minute);
  });
  const wanted = Math.floor(shown / MINUTE_MS) * MINUTE_MS;
  const found = [...new Set([before, after])].filter((instant) => clock(instant) === wanted);
  return found.length ? found.sort((a, b) => a - b) : [before];
}

/**
 * A date and a time counted in milliseconds, whatever year a field can hold: 0002 as well as 20266.
 * @param {string} date
 * @param {string} time
 * @returns {number} not a number where one of them is none
 */
function shownAt(date, time) {
  const [year, month, day] = date.split("-").map(Number);
  const [hours, minutes, seconds = 0] = time.split(":").map(Number);
  return new Date(0).setUTCFullYear(year, month - 1, day) + (hours * 60 + minutes) * MINUTE_MS + seconds * 1000;
}

/**
 * The number that somebody typed. Both signs in one: the last is decimal; the same sign twice groups. A single sign
 * that could be either, as in 1.234, is what the locale says.
 * @param {string} text
 * @param {string} locale
 * @returns {number | null} null: no number that a register shows
 */
export function parseNumber(text, locale) {
  const typed = text.trim().replaceAll(/[\s'’]/g, " ");
  const decimal = decimalSignOf(typed, locale);
  const at = decimal ? typed.lastIndexOf(decimal) : typed.length;
  const [whole, fraction] = [typed.slice(0, at), typed.slice(at + 1)];
  const isGrouped = /^\d{1,3}([ .,])\d{3}(\1\d{3})*$/.test(whole) && !(decimal && whole.includes(decimal));
  if (!(isGrouped || /^\d*$/.test(whole)) || !/^\d*$/.test(fraction) || !(whole || fraction)) return null;
  const digits = [whole.replaceAll(/\D/g, "").replace(/^0+/, ""), fraction.replace(/0+$/, "")];
  if (digits[0].length > WHOLE_DIGITS || digits.join("").length > DIGITS) return null;
  return Number(`0${digits.join(".")}`);
}

/**
 * @param {string} typed
 * @param {string} locale
 * @returns {string} empty: there is none
 */
function decimalSignOf(typed, locale) {
  const signs = typed.match(/[.,]/g) ?? [];
  const last = signs.at(-1) ?? "";
  if (signs.length !== 1) return new Set(signs).size > 1 ? last : "";
  if (!/^[1-9]\d{0,2}[.,]\d{3}$/.test(typed)) return last;
  const parts = new Intl.NumberFormat(locale).formatToParts(1.5);
  return parts.some(({ type, value }) => type === "decimal" && value === last) ? last : "";
}

/**
 * Months counted through, so that one can reckon with them.
 * @param {string} day a local date
 */
export const monthIndex = (day) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1;

/**
 * The first day of a month.
 * @param {number} index
 */
export const monthStart = (index) => new Date(Date.UTC(Math.floor(index / 12), index % 12)).toISOString().slice(0, 10);

/** @param {number} index */
export const monthEnd = (index) => dayText(dayNumber(monthStart(index + 1)) - 1);

/**
 * Days counted through.
 * @param {string} day a local date
 */
export const dayNumber = (day) => Date.parse(day) / DAY_MS;

/** @param {number} number */
export const dayText = (number) => new Date(number * DAY_MS).toISOString().slice(0, 10);

/**
 * @template {Intl.NumberFormat | Intl.DateTimeFormat} Made
 * @param {Map<string, any>} made
 * @param {string} name
 * @param {() => Made} make
 * @returns {Made}
 */
function kept(made, name, make) {
  if (!made.has(name)) made.set(name, make());
  return made.get(name);
}

/**
 * @param {string} language
 * @param {readonly string[]} preferred the browser's locales
 */
export function localeOf(language, preferred) {
  return preferred.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}
