/** A file for the user to keep, made in the page. */

import { element } from "./element.js";

/** @param content - a Blob, or text */
export function downloadFile(name, content, type = "text/plain") {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name.replace(/[^\w.-]+/g, "_").slice(-120) }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
