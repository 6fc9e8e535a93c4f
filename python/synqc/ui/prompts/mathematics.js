/** Texts of models as the server cut them: words, and mathematics as trees. Everything is made as elements, nothing as markup. */

import { element } from "../../ui/shared/element.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const TAGS = new Set(
  (
    "math mrow mi mn mo ms mtext mspace msup msub msubsup mover munder munderover mmultiscripts mprescripts none " +
    "mfrac msqrt mroot mstyle mpadded mphantom mfenced menclose mtable mtr mtd mlabeledtr"
  ).split(" "),
);

/** An element with a text in it. @param segments - from the server; null: nothing was said */
export function words(segments, tag = "div") {
  const place = element(tag, { class: "words" });
  if (!segments?.length) {
    place.append(element("span", { class: "omitted" }, "nothing"));
    return place;
  }
  for (const one of segments) {
    if (one.omitted) place.append(element("span", { class: "omitted" }, ` … and ${one.omitted} characters more`));
    else if (one.mathematics) place.append(formula(one));
    else place.append(one.text);
  }
  return place;
}

function formula({ source, mathematics }) {
  const made = tree(mathematics, mathematics[0] === "math");
  if (made === null) return document.createTextNode(source);
  made.setAttribute("aria-label", source); // what is read aloud where MathML is not
  made.setAttribute("tabindex", "-1");
  return made;
}

/** Null if it is none of MathML. */
function tree([tag, attributes, ...children], isKnown) {
  if (!isKnown || !TAGS.has(tag)) return null;
  const made = document.createElementNS(MATHML, tag);
  for (const [name, value] of Object.entries(attributes))
    if (!/^on|href|style|src/i.test(name)) made.setAttribute(name, value);
  for (const child of children) {
    const grown = typeof child === "string" ? document.createTextNode(child) : tree(child, true);
    if (grown === null) return null;
    made.append(grown);
  }
  return made;
}
