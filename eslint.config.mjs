/** What `make check` asks of JavaScript beside types, which tsc checks (tsconfig.json). */
import js from "@eslint/js";

export default [
  { ignores: ["build/", "node_modules/", ".venv/", "dist/", "site/"] },
  js.configs.recommended,
  {
    files: ["**/*.mjs", "**/*.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      complexity: ["error", 12],
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", { max: 300, skipComments: true }],
      "no-else-return": "error",
      "no-implicit-coercion": "error",
      "no-promise-executor-return": "off", // a timer's number is nobody's
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-undef": "off", // tsc knows which names there are in a page, a worker and Node.js
      "no-unused-vars": ["error", { args: "after-used", argsIgnorePattern: "^_" }],
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "prefer-template": "error",
      "require-atomic-updates": "off",
      radix: "error",
    },
  },
];
