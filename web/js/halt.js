// The kill switch.
import { ask } from "./api.js";
import { $ } from "./dom.js";

export function halting(changed) {
  let halted = false;
  const dialog = $("halt-dialog");

  $("halt").addEventListener("click", () => {
    $("halt-error").textContent = "";
    $("t-halt").textContent = halted ? "Release the halt" : "Halt the floor";
    $("halt-text").textContent = halted ? "Trading goes on from the next round." : "Only orders that reduce risk pass until an admin releases it.";
    $("halt-flatten").hidden = halted;
    $("halt-now").textContent = halted ? "Release" : "Halt now";
    dialog.showModal();
  });

  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    $("halt-now").disabled = true;
    try {
      const answer = halted
        ? await ask("/api/v1/trade/unhalt", { method: "POST", body: { reason: $("reason").value.trim() } })
        : await ask("/api/v1/trade/halt", { method: "POST", body: { reason: $("reason").value.trim(), flatten: $("flatten").checked } });
      show(answer);
      dialog.close();
      changed();
    } catch (error) {
      $("halt-error").textContent = error.message;
    } finally {
      $("halt-now").disabled = false;
    }
  });

  function show(state) {
    halted = state.halted;
    $("halt").textContent = halted ? "Release" : "Halt";
    $("halt").classList.toggle("on", halted);
    $("banner").hidden = !halted;
    $("banner").textContent = halted ? `Halted: ${state.reason ?? "no reason given"}. Only orders that reduce risk pass.` : "";
  }

  return { show };
}
