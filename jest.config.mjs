// Jest runs the TypeScript sources as ES modules; swc compiles them one by one (types are checked by `npm run check`).
// Two dependencies of Nest ship `require`-only-on-new-Node packages (cookie, content-disposition): those are compiled to CommonJS.
const swc = (type) => [
  '@swc/jest',
  {
    jsc: {
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
      target: 'es2022',
      keepClassNames: true,
      experimental: { keepImportAttributes: true },
    },
    module: { type },
    sourceMaps: 'inline',
  },
];

export default {
  roots: ['<rootDir>/src', '<rootDir>/libs', '<rootDir>/simulation', '<rootDir>/test', '<rootDir>/bench'],
  testRegex: '\\.spec\\.ts$',
  testEnvironment: 'node',
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  // On two cores: most end-to-end tests wait for servers half of their time.
  maxWorkers: 3,
  // ES modules of finished files stay in a worker's memory: past a few files, collecting that garbage costs more than the tests.
  workerIdleMemoryLimit: '700MB',
  // A test that hangs is found either way; one that is slow because the machine is busy must not fail.
  testTimeout: 120_000,
  setupFilesAfterEnv: ['<rootDir>/test/support/played-again.mjs'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^#libs/(.*)$': '<rootDir>/libs/$1/src/index.ts',
    // Our sources import each other as `.js` and are `.ts`; packages that wrap JSON in `data.json.js` mean what they say.
    '^(\\.{1,2}/.*(?<!\\.json))\\.js$': '$1',
  },
  transformIgnorePatterns: ['/node_modules/(?!(cookie|content-disposition)/)'],
  transform: {
    '/node_modules/(cookie|content-disposition)/.+\\.js$': swc('commonjs'),
    '^.+\\.ts$': swc('es6'),
  },
};
