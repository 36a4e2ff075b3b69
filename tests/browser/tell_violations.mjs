// Puts every violation of the page's policy on the console, where tests look.
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) =>
  console.error(`Content Security Policy: ${violatedDirective} ${blockedURI} ${sourceFile}`),
);
