// Runs before the first paint: the chosen theme, else the system's.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("outcry-theme"); } catch { /* storage may be switched off */ }
  const light = chosen ? chosen === "light" : matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = light ? "light" : "dark";
})();
