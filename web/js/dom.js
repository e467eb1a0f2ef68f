// The only way this page makes elements: text is always text, never markup.
export const $ = (id) => document.getElementById(id);

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "data") Object.assign(element.dataset, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function chip(word, shown = word) {
  return h("span", { class: "chip", data: { a: word } }, shown);
}

const SVG = "http://www.w3.org/2000/svg";

// A bar from 0 to 1, drawn so that no inline style is needed.
export function meter(value, tone) {
  const share = Math.max(0, Math.min(1, value ?? 0)) * 100;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 5");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  for (const [kind, width] of [["track", 100], ["fill", share]]) {
    const rect = document.createElementNS(SVG, "rect");
    for (const [k, v] of Object.entries({ class: kind, width, height: 5 })) rect.setAttribute(k, v);
    svg.append(rect);
  }
  return h("span", { class: `meter ${tone}` }, svg, h("output", { class: "num" }, `${Math.round(share)}%`));
}

export function replace(id, ...children) {
  $(id).replaceChildren(...children.flat().filter(Boolean));
}
