// Sends the one form of the page on its way. Without JavaScript, its Continue button does.
const form = document.querySelector("form[data-submit]");
if (form) HTMLFormElement.prototype.submit.call(form);
