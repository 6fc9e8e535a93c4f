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
  if ((tag === "msqrt" || tag === "mroot") && !drawsRoots()) return tree(rootOfSigns(tag, children), true);
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

let roots = null;

/** Whether a root has its sign here: without a font for mathematics some browsers draw none, and what is left is another formula. */
function drawsRoots() {
  if (roots === null) {
    roots = true; // of the trial itself
    const trial = element("div", { class: "words root-trial", "aria-hidden": "true" });
    trial.append(tree(["math", {}, ["msqrt", {}, ["mi", {}, "x"]]], true));
    document.body.append(trial);
    const [root, radicand] = ["msqrt", "mi"].map((tag) => trial.querySelector(tag).getBoundingClientRect().width);
    trial.remove();
    roots = root > radicand * 1.2;
  }
  return roots;
}

/** A root of signs that every font has: its index raised before it, a line above what it is of. */
function rootOfSigns(tag, children) {
  const [radicand, index] = tag === "mroot" ? [[children[0]], children[1]] : [children, null];
  const before = index === null ? [] : [["msup", {}, ["mrow", {}], index]];
  return ["mrow", { class: "root" }, ...before, ["mo", {}, "√"], ["mrow", { class: "radicand" }, ...radicand]];
}
