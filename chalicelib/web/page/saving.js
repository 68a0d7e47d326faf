/** Files that the browser saves, of answers that come in parts. */

/**
 * What leads to the next part.
 * @param {Headers} headers
 */
export function cursorOf(headers) {
  const address = /<([^>]+)>; rel="next"/.exec(headers.get("Link") ?? "")?.[1];
  return address ? new URL(address, "http://any.example").searchParams.get("cursor") : null;
}

/**
 * The name that the application gives.
 * @param {Headers} headers
 */
export const fileNameOf = (headers) => /filename="([^"]+)"/.exec(headers.get("Content-Disposition") ?? "")?.[1];

/**
 * @param {string} name
 * @param {Blob} file
 */
export function download(name, file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a slow disk may still be reading
}
