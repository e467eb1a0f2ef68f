// The API reference, in the page's colours; nothing is loaded from elsewhere.
const light = document.documentElement.dataset.theme === "light";
const reference = document.createElement("rapi-doc");
const look = {
  "spec-url": "/schema/openapi.json",
  "render-style": "focused",
  "load-fonts": "false",
  "regular-font": "ui-sans-serif, system-ui, sans-serif",
  "mono-font": "ui-monospace, Menlo, Consolas, monospace",
  theme: light ? "light" : "dark",
  "bg-color": light ? "#fffdf8" : "#0b0e14",
  "text-color": light ? "#1c2029" : "#e8ebf2",
  "nav-bg-color": light ? "#f5f2eb" : "#11151e",
  "nav-text-color": light ? "#5f6675" : "#b9c1d1",
  "primary-color": light ? "#8a5a00" : "#f2b441",
  "show-header": "false",
  "show-method-in-nav-bar": "as-colored-text",
  "use-path-in-nav-bar": "true",
  "nav-item-spacing": "relaxed",
  "allow-server-selection": "false",
  "schema-style": "table",
  "persist-auth": "false",
};
for (const [name, value] of Object.entries(look)) reference.setAttribute(name, value);
document.body.append(reference);
