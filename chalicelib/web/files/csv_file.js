/** A file as somebody brings it: read into memory, so that nobody changes it between looking and importing. */

export const LARGEST_MB = 4;
const WORKBOOKS = ["504b0304", "d0cf11e0"]; // a ZIP archive, and what Excel wrote before
const HEADER_LINES = 20;
const SHOWN_NAMES = 50;
const KEPT_BYTES = 1024 * 1024;
const TURNS_TEXT_ROUND = /[\u202a-\u202e\u2066-\u2069]/g; // controls that let a name read as another one

/** How the file is read, as a person corrects it; "": as the file says. */
export const AS_THE_FILE_SAYS = {
  delimiter: "",
  decimal: "",
  dateOrder: "",
  type: "",
  dateColumn: "",
  typeColumn: "",
  amountColumn: "",
};
/**
 * A text of a file in the form that is shown: nothing in it changes the order of what is around it.
 * @param {string} text
 */
export const inItsOrder = (text) => text.replace(TURNS_TEXT_ROUND, "");

/** Why a file cannot be sent at all: the name of a text. */
export class UnusableFile extends Error {
  /** @param {"cannotOpen" | "isEmpty" | "isWorkbook" | "isTooLarge"} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class SourceFile {
  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {boolean} isJson
   * @param {boolean} [isText] it was pasted
   */
  constructor(name, bytes, isJson, isText = false) {
    this.name = name;
    this.bytes = bytes;
    this.isJson = isJson;
    this.isText = isText;
    /** @type {string[] | null} */
    this.lines = null;
  }

  /**
   * @param {File} file
   * @returns {Promise<SourceFile>} Throws an UnusableFile.
   */
  static async of(file) {
    if (file.size > LARGEST_MB * 1024 * 1024) throw new UnusableFile("isTooLarge");
    const content = await file.arrayBuffer().catch(() => {
      throw new UnusableFile("cannotOpen");
    });
    return usable(new SourceFile(file.name, new Uint8Array(content), /\.json$/i.test(file.name)));
  }

  /**
   * @param {string} text
   * @param {string} name
   */
  static ofText(text, name) {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > LARGEST_MB * 1024 * 1024) throw new UnusableFile("isTooLarge");
    return usable(new SourceFile(name, bytes, /^\s*\{/.test(text), true));
  }

  /**
   * A file that was kept: as it was, or as plain data after signing in again.
   * @param {SourceFile | ReturnType<SourceFile["toJSON"]> | null} kept
   */
  static ofKept(kept) {
    if (!kept || kept instanceof SourceFile) return kept;
    const bytes = Uint8Array.from(atob(kept.base64), (sign) => sign.charCodeAt(0));
    return new SourceFile(kept.name, bytes, kept.isJson);
  }

  /** Whether it is kept over a new sign-in; what was pasted is kept where it was pasted. */
  get isKept() {
    return !this.isText && this.bytes.length < KEPT_BYTES;
  }

  /** Plain data, made when somebody signs in again and not before. */
  toJSON() {
    const signs = Array.from(this.bytes, (byte) => String.fromCharCode(byte));
    return { name: this.name, isJson: this.isJson, base64: btoa(signs.join("")) };
  }

  /** The one file of a form: its type is said, because a browser says whatever its system has been taught. */
  form() {
    const form = new FormData();
    form.append("file", new File([this.bytes], this.name, { type: this.isJson ? "application/json" : "text/csv" }));
    return form;
  }

  /**
   * The text of a line; the first line is 1.
   * @param {number} line
   * @param {string | null} encoding as the application names it
   */
  line(line, encoding) {
    this.lines ??= this.text(encoding).split(/\r\n|\n|\r/);
    return this.lines[line - 1] ?? "";
  }

  /** @param {string | null} encoding */
  text(encoding) {
    const [first, second] = this.bytes;
    const is16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
    const label = is16 ? (first === 0xff ? "utf-16le" : "utf-16be") : (encoding ?? "utf-8");
    return new TextDecoder(label).decode(this.bytes);
  }

  /** What may be names of columns, where the application has found no header: texts of the first lines. */
  namesOfColumns() {
    const beginning = this.text(null).split(/\r\n|\n|\r/, HEADER_LINES);
    const cells = beginning
      .flatMap((line) => line.split(/[;,\t]/))
      .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
    return [...new Set(cells.filter((cell) => /\p{L}/u.test(cell) && cell.length <= 100))].slice(0, SHOWN_NAMES);
  }
}

/** @param {SourceFile} source */
function usable(source) {
  const beginning = [...source.bytes.slice(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (WORKBOOKS.includes(beginning)) throw new UnusableFile("isWorkbook");
  if (source.bytes.every((byte) => byte <= 0x20)) throw new UnusableFile("isEmpty");
  return source;
}

/**
 * The user's zone: rows and imports are shown in it.
 * @param {import("../page/api.js").Api} api
 * @returns {Promise<string>}
 */
export async function zoneOf(api) {
  const { body } = await api.send("GET", "/components/energy_table", { query: { limit: "1" } });
  return body.zone;
}
