/**
 * Numbers and dates as the chosen language writes them. A local date is text such as "2024-02-29" and stays one:
 * it is never read in the browser's zone.
 */

const DAY_MS = 86_400_000;

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

  /** @param {number} value 12.5 is 12.5 % */
  percent(value) {
    return this.percents.format(value / 100);
  }

  /**
   * @param {string} day a local date
   * @param {number} [back] so many days before it
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
   * @param {string} instant
   * @param {string} zone the user's
   */
  moment(instant, zone) {
    return this.dates({ dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(Date.parse(instant));
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
  return { date, time };
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
