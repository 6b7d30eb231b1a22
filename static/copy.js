// Gives a new token a Copy button. Without JavaScript, the token can be selected and copied by hand.
const button = document.querySelector("button[data-copy]");
const input = button && document.getElementById(button.dataset.copy);
const said = button && document.getElementById(button.getAttribute("aria-describedby"));

if (input) {
  button.hidden = false;
  input.addEventListener("focus", () => input.select());
  button.addEventListener("click", async () => {
    input.select();
    try {
      await navigator.clipboard.writeText(input.value);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Your browser did not allow copying. The token is selected: copy it yourself.";
    }
  });
}
