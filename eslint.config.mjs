// House rules on top of typescript-eslint's strict, typed set. Each restriction says what to do instead.
// Style belongs to prettier, import directions to `.dependency-cruiser.cjs`, what no linter knows to `test/tidy.spec.ts`.
import tseslint from 'typescript-eslint';

const code = [
  'src/**/*.ts',
  'libs/**/*.ts',
  'migrations/**/*.ts',
  'simulation/**/*.ts',
  'test/**/*.ts',
  'bench/**/*.ts',
];
const tests = ['**/*.spec.ts', 'test/**/*.ts', 'bench/**/*.ts', 'libs/provider-kit/conformance/**/*.ts'];
/** Libraries that ask the operating system themselves: they give it to the others, or share nothing with us. */
const selfReliant = ['libs/primitives/**/*.ts', 'libs/simulators/**/*.ts', 'libs/sdk/**/*.ts'];

const clock = 'Take a Clock (#libs/primitives) as a dependency: tests and the simulation move time by hand.';
const scheduler = 'Take a Scheduler (#libs/primitives), or write a job row if the work must outlive the process.';
const settings = 'Read settings in src/config only, and inject them: there they are validated and documented.';
const randomness = 'Take an IdSource or RandomBytes (#libs/primitives); in a simulator use node:crypto.';
const exactMoney = 'Money is bigint minor units: use Money.parse or Money.ofMinor (#libs/primitives).';
const logging = 'Log through the injected logger: it redacts phones, names and keys.';

const restrictedGlobals = {
  setTimeout: scheduler,
  setInterval: scheduler,
  parseFloat: exactMoney,
  console: logging,
};

const restrictedProperties = {
  'Date.now': clock,
  'process.env': settings,
  'Math.random': randomness,
  'Number.parseFloat': exactMoney,
};

const restrictedImports = [
  { name: 'node:timers/promises', message: scheduler },
  { name: 'node:timers', importNames: ['setTimeout', 'setInterval'], message: scheduler },
  { name: 'node:process', importNames: ['env'], message: settings },
];

const restrictedSyntax = {
  presentDate: { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clock },
  enum: {
    selector: 'TSEnumDeclaration',
    message: 'Use a union of string literals: it needs no import, no runtime and no mapping.',
  },
  transaction: {
    selector:
      "CallExpression[callee.property.name='transaction']:matches([callee.object.name=/^(dataSource|manager|entityManager)$/i], [callee.object.property.name=/^(dataSource|manager|entityManager)$/i])",
    message:
      'Write through the writer of src/database: on SQLite TypeORM shares one connection, and a concurrent rollback would swallow this work.',
  },
  clientAddress: {
    selector: "MemberExpression[object.name='request'][property.name=/^ips?$/]",
    message: 'Ask ClientAddresses (src/http): behind a reverse proxy `request.ip` is the proxy.',
  },
  save: {
    selector:
      "CallExpression[callee.property.name='save']:matches([callee.object.name=/(repository|manager)$/i], [callee.object.property.name=/(repository|manager)$/i])",
    message:
      'Use insert(), or an UPDATE whose WHERE names the version and whose affected rows are checked: save() overwrites what others wrote.',
  },
};

const globalsExcept = (...allowed) => [
  'error',
  {
    checkGlobalObject: true,
    globals: Object.entries(restrictedGlobals)
      .filter(([name]) => !allowed.includes(name))
      .map(([name, message]) => ({ name, message })),
  },
];

const propertiesExcept = (...allowed) => [
  'error',
  ...Object.entries(restrictedProperties)
    .filter(([name]) => !allowed.includes(name))
    .map(([name, message]) => ({ object: name.split('.')[0], property: name.split('.')[1], message })),
];

const syntaxExcept = (...allowed) => [
  'error',
  ...Object.entries(restrictedSyntax)
    .filter(([name]) => !allowed.includes(name))
    .map(([, rule]) => rule),
];

export default tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/', '**/node_modules/', '**/dist/', 'docs/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },

  // ————— TypeScript —————
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-constructor-return': 'error',
      'no-template-curly-in-string': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': ['error', { fixMixedExportsWithInlineTypeSpecifier: true }],
      // A new member of a union must be looked at wherever the union is told apart, a `default` or not.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: false, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Nest: a module is an empty class with a decorator, a DTO has nothing but decorated fields.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Entities and DTOs are rows: classes that say what is in them, made as plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // An interface may be asynchronous where one implementation has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `return callback(error);` ends a function early, and says so.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    files: code,
    rules: {
      'no-restricted-globals': globalsExcept(),
      'no-restricted-properties': propertiesExcept(),
      'no-restricted-imports': ['error', { paths: restrictedImports }],
      'no-restricted-syntax': syntaxExcept(),
    },
  },
  // Rows are copied with a spread; elsewhere that loses a prototype that matters.
  { files: ['src/**/*.ts'], rules: { '@typescript-eslint/no-misused-spread': 'off' } },
  { files: ['src/config/**/*.ts'], rules: { 'no-restricted-properties': propertiesExcept('process.env') } },
  { files: ['src/database/**/*.ts'], rules: { 'no-restricted-syntax': syntaxExcept('transaction') } },
  {
    files: selfReliant,
    rules: {
      'no-restricted-globals': globalsExcept('setTimeout', 'setInterval', 'parseFloat', 'console'),
      'no-restricted-properties': propertiesExcept('Date.now', 'process.env', 'Number.parseFloat'),
      'no-restricted-imports': 'off',
      'no-restricted-syntax': syntaxExcept('presentDate'),
    },
  },

  // ————— Tests: outside data is asserted on, not parsed; time and settings of the machine are theirs to use —————
  {
    files: tests,
    rules: {
      'no-restricted-globals': 'off',
      'no-restricted-properties': propertiesExcept('Date.now', 'process.env'),
      'no-restricted-imports': 'off',
      'no-restricted-syntax': syntaxExcept('presentDate', 'transaction', 'save'),
      'no-template-curly-in-string': 'off',
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },

  // ————— Scripts and configuration: plain JavaScript on Node, no types —————
  {
    files: ['**/*.{js,mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: Object.fromEntries(
        (
          'AbortController AbortSignal Buffer TextDecoder TextEncoder URL URLSearchParams clearInterval clearTimeout console fetch ' +
          'globalThis performance process setImmediate setInterval setTimeout structuredClone'
        )
          .split(' ')
          .map((name) => [name, 'readonly']),
      ),
    },
    rules: {
      eqeqeq: 'error',
      'no-const-assign': 'error',
      'no-dupe-keys': 'error',
      'no-empty': 'error',
      'no-undef': 'error',
      'no-unreachable': 'error',
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
  },
);
