/** Plotly, fetched from the service when the first chart needs it: the page is usable before it has arrived. */

import { colour, fadedColour } from "./theme.js";

let arriving = null;

/** Resolves to Plotly, or to null where the server has none. */
export function plotly() {
  arriving ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("../static/vendor/plotly.min.js", import.meta.url).href;
    script.addEventListener("load", () => resolve(window.Plotly ?? null));
    script.addEventListener("error", () => {
      arriving = null;
      resolve(null);
    });
    document.head.append(script);
  });
  return arriving;
}

/** What all charts share: colours of the scheme, small margins, no logo. */
export function chartLayout(overrides = {}) {
  const axis = () => ({
    gridcolor: fadedColour("edge", 0.25),
    zerolinecolor: fadedColour("edge", 0.35),
    linecolor: colour("edge"),
    ticks: "outside",
    tickcolor: colour("edge"),
    ticklen: 4,
    automargin: true,
  });
  const { xaxis = {}, yaxis = {}, ...rest } = overrides;
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 52, r: 12, t: 10, b: 40 },
    font: { family: "system-ui, sans-serif", size: 12, color: colour("text") },
    hoverlabel: { bgcolor: colour("surface"), bordercolor: colour("edge"), font: { color: colour("text") } },
    showlegend: false,
    xaxis: { ...axis(), ...xaxis },
    yaxis: { ...axis(), ...yaxis },
    ...rest,
  };
}

export const CHART_OPTIONS = { displayModeBar: false, responsive: true };

/** Words in a chart's place while there is nothing to draw. */
export function chartWords(place, words) {
  if (place.classList.contains("js-plotly-plot")) window.Plotly.purge(place);
  const shown = document.createElement("p");
  shown.className = "empty";
  shown.textContent = words;
  place.replaceChildren(shown);
}
